//! Why a policy moves the robot, as messages: computed beside the control thread, from the snapshots that it leaves.

use std::time::Duration;

use super::snapshot::{SnapshotReader, SnapshotWriter, snapshot_slot};
use crate::contribution::Contributions;
use crate::errors::ConfigErrors;
use crate::fusion::FusionTrace;
use crate::message::{Dimension, encode_multi_array};
use crate::policy::Policy;
use crate::spec::MAX_MODALITIES;

/// A policy to be explained, with a copy of its own.
pub struct Attribution {
    policy: Policy,
    contributions: Contributions,
    snapshots: SnapshotReader,
    period: Duration,
}

/// Why the robot moves, for people: by the names that the policy gives to its modalities, in its order.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The modalities.
    pub modalities: Vec<String>,
    /// See [`Contributions::shares`].
    pub shares: Vec<f64>,
    /// For each modality its contribution to each number of the action.
    pub contributions: Vec<Vec<f64>>,
}

/// Two serialized `std_msgs/msg/Float64MultiArray`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributionMessages {
    /// A row per modality with its Shapley values, one per number of the action, then the actions with everything and
    /// with nothing, whose difference the rows add up to.
    pub contributions: Vec<u8>,
    /// The weights of the modalities, or what the voters voted for.
    pub fusion: Vec<u8>,
}

impl Attribution {
    /// Takes all memory that explaining `policy` needs, `rate_hz` times per second, and gives the control thread its end.
    ///
    /// # Errors
    /// A policy with too many modalities to be explained.
    pub fn new(policy: Policy, rate_hz: f64) -> Result<(Self, SnapshotWriter), ConfigErrors> {
        let contributions = Contributions::new(&policy).map_err(|found| {
            ConfigErrors::from(format!(
                "parameter contributions_rate_hz is {rate_hz}; 0 is needed:\n{found}"
            ))
        })?;
        let period = Duration::from_secs_f64(1.0 / rate_hz);
        let (writer, snapshots) = snapshot_slot(&policy, period);
        let attribution = Self {
            policy,
            contributions,
            snapshots,
            period,
        };
        Ok((attribution, writer))
    }

    /// From one snapshot to the next.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Explains the newest snapshot; `None` where it was explained before.
    pub fn explain(&mut self) -> Option<AttributionMessages> {
        if !self.snapshots.updated() {
            return None;
        }
        let snapshot = self.snapshots.read();
        let (count, present) = (snapshot.features.len(), snapshot.seen.present);
        let mut features = [None; MAX_MODALITIES];
        for (i, feature) in snapshot.features.iter().enumerate() {
            features[i] = present[i].then_some(feature);
        }
        let (features, ages_s) = (&features[..count], &snapshot.seen.ages_s[..count]);
        self.contributions
            .compute_on_projected(&mut self.policy, features, ages_s);
        Some(AttributionMessages {
            contributions: self.encoded(),
            fusion: self.fusion(&present[..count]),
        })
    }

    /// What was explained last, for people.
    pub fn explanation(&self) -> Explanation {
        let modalities = self.modalities();
        let of = |modality| self.contributions.of(modality).to_vec();
        Explanation {
            shares: self.contributions.shares(),
            contributions: (0..modalities.len()).map(of).collect(),
            modalities,
        }
    }

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

    fn fusion(&self, present: &[bool]) -> Vec<u8> {
        match self.policy.trace() {
            FusionTrace::Unweighted => {
                let values: Vec<f64> = present.iter().map(|p| f64::from(u8::from(*p))).collect();
                encode_multi_array(&[dimension("modality", self.modalities())], &values)
            }
            FusionTrace::Weights(weights) => {
                encode_multi_array(&[dimension("modality", self.modalities())], &weights)
            }
            FusionTrace::Votes(ballots) => {
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
