//! A whole `policy.yaml`, with its head and its action space.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FusionSpec, ModalitySpec};

/// The format number that this release writes and reads.
pub const FORMAT: u32 = 3;

/// A whole `policy.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// Number of the format, [`FORMAT`].
    pub format: u32,
    /// What the policy is called in logs and tables.
    pub name: String,
    /// What it was trained to do, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The modalities, in the order in which they are fused.
    pub modalities: Vec<ModalitySpec>,
    /// How the projected features become one vector.
    pub fusion: FusionSpec,
    /// How the fused vector becomes an action.
    pub head: HeadSpec,
    /// The action space, one entry per number of the action.
    pub actions: Vec<ActionSpec>,
    /// What the recordings were like that it was learned from.
    #[serde(default, skip_serializing_if = "RecordedSpec::is_empty")]
    pub recorded: RecordedSpec,
}

impl PolicySpec {
    /// The index of the modality since whose message this one counts how far it has moved, if it does.
    pub fn moved_since(&self, modality: &ModalitySpec) -> Option<usize> {
        let name = modality.moved_since.as_ref()?;
        self.modalities.iter().position(|other| other.name == *name)
    }
}

/// What the recordings were like that a policy was learned from, as far as running it depends on that. Nothing of it is
/// needed; what is not said is not compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedSpec {
    /// Labels per second, by their median interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_rate_hz: Option<f64>,
    /// By modality, how many seconds old its messages were at the first label that each was used for, as a median. Only
    /// modalities that must not be older than some age are in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub observation_age_s: BTreeMap<String, f64>,
}

impl RecordedSpec {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same for a policy that has only these modalities.
    pub fn of(&self, modalities: &[ModalitySpec]) -> Self {
        let mut recorded = self.clone();
        let is_kept = |name: &String| modalities.iter().any(|m| m.name == *name);
        recorded.observation_age_s.retain(|name, _| is_kept(name));
        recorded
    }
}

/// How the fused vector becomes an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum HeadSpec {
    /// A multi-layer perceptron with ReLU between its layers.
    Mlp {
        /// Widths of the hidden layers.
        hidden: Vec<usize>,
        /// The chunk of actions that it predicts; without it one action.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chunk: Option<ChunkSpec>,
    },
}

impl HeadSpec {
    /// How many actions are predicted at once.
    pub fn steps(&self) -> usize {
        let Self::Mlp { chunk, .. } = self;
        chunk.map_or(1, |chunk| chunk.steps)
    }
}

/// A chunk: the actions of the next `steps` steps, of which the first is for the time of the label that it was learned
/// from. [`crate::chunk`] says when that is while the policy runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChunkSpec {
    /// How many actions.
    pub steps: usize,
    /// Time from one to the next, in seconds.
    pub step_s: f64,
}

/// One number of the action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionSpec {
    /// Its name, by which it is mapped to a field of the command message.
    pub name: String,
    /// Its unit, for people: `m/s`, `rad`, `1` for a normalized number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// What it commands, where the command message does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<ActionQuantity>,
    /// The smallest value that may leave the node.
    pub min: f64,
    /// The largest value that may leave the node.
    pub max: f64,
    /// The largest change per second; without it any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rate: Option<f64>,
    /// The largest change of that rate per second; without it any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_acceleration: Option<f64>,
    /// Values nearer to the stop value than this become the stop value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadband: Option<f64>,
    /// Time constant, in seconds, of a first-order low-pass over what the policy gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smoothing: Option<f64>,
    /// The value that stops the robot. Without it 0, or for a position that it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<f64>,
}

impl ActionSpec {
    /// The value that stops the robot, where a number does.
    pub fn stop_value(&self) -> f64 {
        self.stop.unwrap_or(0.0)
    }
}

/// What a number of the action commands, which decides what a stop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionQuantity {
    /// Where something is to be.
    Position,
    /// How fast something is to move.
    Velocity,
    /// Which force or torque is to act.
    Effort,
    /// Anything else.
    Other,
}

impl ActionQuantity {
    /// The words for them in files.
    pub const WORDS: [&str; 4] = ["position", "velocity", "effort", "other"];

    /// The one that a word means.
    pub fn parse(word: &str) -> Option<Self> {
        const ALL: [ActionQuantity; 4] = [
            ActionQuantity::Position,
            ActionQuantity::Velocity,
            ActionQuantity::Effort,
            ActionQuantity::Other,
        ];
        let at = Self::WORDS.iter().position(|known| *known == word)?;
        Some(ALL[at])
    }
}

impl std::fmt::Display for ActionQuantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::WORDS[*self as usize])
    }
}
