//! Why the robot moves, on `~/contributions` and `~/fusion`: computed beside the control thread, from what it saw.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use r2r::QosProfile;

use crate::contribution::Contributions;
use crate::control::Seen;
use crate::fusion::Account;
use crate::message::{Dimension, MessageType, encode_multi_array};
use crate::policy::{MAX_MODALITIES, Policy};
use crate::problems::Problems;

/// What one command rests on.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Which features were fused, and how old they were.
    pub seen: Seen,
    /// The feature of every modality, in the policy's order.
    pub features: Vec<Vec<f32>>,
}

impl Snapshot {
    /// Room for the features of a policy.
    pub fn of(policy: &Policy) -> Self {
        let modalities = policy.spec().modalities.iter();
        Self {
            seen: Seen::default(),
            features: modalities.map(|m| vec![0.0; m.input_width()]).collect(),
        }
    }
}

/// The control thread's end: leaves a snapshot now and then, without waiting or allocating.
pub struct Witness {
    snapshots: triple_buffer::Input<Snapshot>,
    period: Duration,
    last: Option<Instant>,
}

impl Witness {
    /// Leaves what a command rests on, when it is time to.
    pub fn see<'a>(
        &mut self,
        now: Instant,
        seen: &Seen,
        features: impl Iterator<Item = &'a [f32]>,
    ) {
        if self.last.is_some_and(|last| now - last < self.period) {
            return;
        }
        self.last = Some(now);
        let snapshot = self.snapshots.input_buffer_mut();
        snapshot.seen = *seen;
        for (own, feature) in snapshot.features.iter_mut().zip(features) {
            own.copy_from_slice(feature);
        }
        self.snapshots.publish();
    }
}

/// The running thread.
pub struct Explainer {
    ending: Arc<AtomicBool>,
    handle: JoinHandle<()>,
}

impl Explainer {
    /// Starts it, with a policy of its own.
    ///
    /// # Errors
    /// A policy with too many modalities to be explained, a topic that ROS refuses, a thread that the system refuses.
    pub fn start(
        node: &mut r2r::Node,
        policy: Policy,
        rate_hz: f64,
    ) -> Result<(Self, Witness), Problems> {
        let period = Duration::from_secs_f64(1.0 / rate_hz);
        let (snapshots, left) = triple_buffer::triple_buffer(&Snapshot::of(&policy));
        let mut offer = |topic: &str| {
            let qos = QosProfile::default().keep_last(1);
            node.create_publisher_untyped(topic, MessageType::Float64MultiArray.ros_name(), qos)
                .map_err(|e| Problems::from(format!("topic {topic}: cannot publish: {e}")))
        };
        let contributions = Contributions::new(&policy).map_err(|found| {
            Problems::from(format!(
                "parameter contributions_rate_hz is {rate_hz}; 0 is needed:\n{found}"
            ))
        })?;
        let work = Work {
            contributions,
            policy,
            snapshots: left,
            on_contributions: offer("~/contributions")?,
            on_fusion: offer("~/fusion")?,
        };
        let ending = Arc::<AtomicBool>::default();
        let handle = std::thread::Builder::new()
            .name("explainer".into())
            .spawn({
                let ending = ending.clone();
                move || work.run(&ending, period)
            })
            .map_err(|e| format!("the explainer cannot start: {e}"))?;
        let witness = Witness {
            snapshots,
            period,
            last: None,
        };
        Ok((Self { ending, handle }, witness))
    }

    /// Ends the thread.
    pub fn stop(self) {
        self.ending.store(true, Ordering::Release);
        self.handle.thread().unpark();
        if self.handle.join().is_err() {
            log::error!("the explainer had ended before its time");
        }
    }
}

struct Work {
    policy: Policy,
    contributions: Contributions,
    snapshots: triple_buffer::Output<Snapshot>,
    on_contributions: r2r::PublisherUntyped,
    on_fusion: r2r::PublisherUntyped,
}

impl Work {
    fn run(mut self, ending: &AtomicBool, period: Duration) {
        // Looking more often than snapshots come keeps what is said at most half a period late.
        let pause = period / 2;
        while !ending.load(Ordering::Acquire) {
            if self.snapshots.updated() {
                self.explain();
            }
            std::thread::park_timeout(pause);
        }
    }

    fn explain(&mut self) {
        let snapshot = self.snapshots.read();
        let (count, present) = (snapshot.features.len(), snapshot.seen.present);
        let mut features = [None; MAX_MODALITIES];
        for (i, feature) in snapshot.features.iter().enumerate() {
            features[i] = snapshot.seen.present[i].then_some(feature.as_slice());
        }
        let (features, ages_s) = (&features[..count], &snapshot.seen.ages_s[..count]);
        self.contributions
            .compute(&mut self.policy, features, ages_s);
        let fusion = self.fusion(&present[..count]);
        let contributions = self.encoded();
        // Publishing fails only when the node is gone.
        let _ = self.on_contributions.publish_raw(&contributions);
        let _ = self.on_fusion.publish_raw(&fusion);
    }

    /// A row per modality, then the actions with everything and with nothing, whose difference the rows add up to.
    fn encoded(&self) -> Vec<u8> {
        let mut rows = self.modalities();
        let mut values: Vec<f64> = (0..rows.len())
            .flat_map(|modality| self.contributions.of(modality).to_vec())
            .collect();
        rows.extend(["(all)".to_owned(), "(nothing)".to_owned()]);
        values.extend_from_slice(self.contributions.of_all());
        values.extend_from_slice(self.contributions.of_nothing());
        let dimensions = [
            dimension("modality", rows),
            dimension("action", self.actions()),
        ];
        encode_multi_array(&dimensions, &values)
    }

    /// The weights of the modalities, or what the voters voted for.
    fn fusion(&self, present: &[bool]) -> Vec<u8> {
        match self.policy.account() {
            Account::Unweighted => {
                let values: Vec<f64> = present.iter().map(|p| f64::from(u8::from(*p))).collect();
                encode_multi_array(&[dimension("modality", self.modalities())], &values)
            }
            Account::Weights(weights) => {
                encode_multi_array(&[dimension("modality", self.modalities())], &weights)
            }
            Account::Votes(ballots) => {
                let mut columns = self.actions();
                columns.push("(weight)".to_owned());
                let values: Vec<f64> = ballots
                    .iter()
                    .flat_map(|ballot| ballot.action.iter().copied().chain([ballot.weight]))
                    .collect();
                let voters = ballots.into_iter().map(|ballot| ballot.voter).collect();
                let dimensions = [dimension("voter", voters), dimension("action", columns)];
                encode_multi_array(&dimensions, &values)
            }
        }
    }

    fn modalities(&self) -> Vec<String> {
        let modalities = self.policy.spec().modalities.iter();
        modalities.map(|m| m.name.clone()).collect()
    }

    fn actions(&self) -> Vec<String> {
        let actions = self.policy.spec().actions.iter();
        actions.map(|a| a.name.clone()).collect()
    }
}

fn dimension(name: &'static str, entries: Vec<String>) -> Dimension {
    Dimension { name, entries }
}
