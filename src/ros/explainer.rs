//! Why the robot moves, on `~/contributions` and `~/fusion`: computed beside the control thread, from what it saw.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
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

/// A policy to be explained, with a copy of its own.
pub struct Explained {
    policy: Policy,
    contributions: Contributions,
    snapshots: triple_buffer::Output<Snapshot>,
}

impl Explained {
    /// Takes all memory that explaining `policy` needs, `rate_hz` times per second.
    ///
    /// # Errors
    /// A policy with too many modalities to be explained.
    pub fn new(policy: Policy, rate_hz: f64) -> Result<(Self, Witness), Problems> {
        let contributions = Contributions::new(&policy).map_err(|found| {
            Problems::from(format!(
                "parameter contributions_rate_hz is {rate_hz}; 0 is needed:\n{found}"
            ))
        })?;
        let (left, snapshots) = triple_buffer::triple_buffer(&Snapshot::of(&policy));
        let explained = Self {
            policy,
            contributions,
            snapshots,
        };
        let witness = Witness {
            snapshots: left,
            period: Duration::from_secs_f64(1.0 / rate_hz),
            last: None,
        };
        Ok((explained, witness))
    }
}

/// The running thread.
pub struct Explainer {
    successors: Sender<Explained>,
    ending: Arc<AtomicBool>,
    handle: JoinHandle<()>,
}

impl Explainer {
    /// Starts it, with the policy that it explains until it gets another.
    ///
    /// # Errors
    /// A topic that ROS refuses, a thread that the system refuses.
    pub fn start(
        node: &mut r2r::Node,
        explained: Explained,
        rate_hz: f64,
    ) -> Result<Self, Problems> {
        let mut offer = |topic: &str| {
            let qos = QosProfile::default().keep_last(1);
            node.create_publisher_untyped(topic, MessageType::Float64MultiArray.ros_name(), qos)
                .map_err(|e| Problems::from(format!("topic {topic}: cannot publish: {e}")))
        };
        let (successors, coming) = mpsc::channel();
        let work = Work {
            explained,
            successors: coming,
            on_contributions: offer("~/contributions")?,
            on_fusion: offer("~/fusion")?,
        };
        // Looking more often than snapshots come keeps what is said at most half a period late.
        let pause = Duration::from_secs_f64(0.5 / rate_hz);
        let ending = Arc::<AtomicBool>::default();
        let handle = std::thread::Builder::new()
            .name("explainer".into())
            .spawn({
                let ending = ending.clone();
                move || work.run(&ending, pause)
            })
            .map_err(|e| format!("the explainer cannot start: {e}"))?;
        Ok(Self {
            successors,
            ending,
            handle,
        })
    }

    /// Where the policies go that take over.
    pub fn successors(&self) -> Sender<Explained> {
        self.successors.clone()
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
    explained: Explained,
    successors: Receiver<Explained>,
    on_contributions: r2r::PublisherUntyped,
    on_fusion: r2r::PublisherUntyped,
}

impl Work {
    fn run(mut self, ending: &AtomicBool, pause: Duration) {
        while !ending.load(Ordering::Acquire) {
            if let Some(successor) = self.successors.try_iter().last() {
                self.explained = successor;
            }
            if self.explained.snapshots.updated() {
                let (contributions, fusion) = self.explained.explain();
                // Publishing fails only when the node is gone.
                let _ = self.on_contributions.publish_raw(&contributions);
                let _ = self.on_fusion.publish_raw(&fusion);
            }
            std::thread::park_timeout(pause);
        }
    }
}

impl Explained {
    /// The messages on `~/contributions` and `~/fusion` for the newest snapshot.
    fn explain(&mut self) -> (Vec<u8>, Vec<u8>) {
        let snapshot = self.snapshots.read();
        let (count, present) = (snapshot.features.len(), snapshot.seen.present);
        let mut features = [None; MAX_MODALITIES];
        for (i, feature) in snapshot.features.iter().enumerate() {
            features[i] = snapshot.seen.present[i].then_some(feature.as_slice());
        }
        let (features, ages_s) = (&features[..count], &snapshot.seen.ages_s[..count]);
        self.contributions
            .compute(&mut self.policy, features, ages_s);
        (self.encoded(), self.fusion(&present[..count]))
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
