//! The state of a node at one moment, as people are shown it.

use serde::Serialize;

/// The state of a node at one moment. Whatever is not known is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct View {
    /// The node's name.
    pub node: String,
    /// The policy's name; empty where none is loaded.
    pub policy: String,
    /// The folder that it was loaded from.
    pub folder: String,
    /// What the node does.
    pub activity: Activity,
    /// The same in words: why it does not drive, where it does not.
    pub reason: String,
    /// Whether the robot may be moved: enabled, no emergency stop, the deadman held.
    pub is_permitted: bool,
    /// The sentences in use.
    pub instruction: String,
    /// Ticks per second.
    pub rate_hz: f64,
    /// The 99th percentile of the time from tick to tick, in milliseconds.
    pub interval_p99_ms: f64,
    /// The modalities, in the policy's order.
    pub modalities: Vec<ModalityView>,
    /// The numbers of the action, in the policy's order.
    pub actions: Vec<ActionView>,
    /// What is wrong with topics.
    pub warnings: Vec<String>,
}

/// What the node does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// It is not active, so that nothing is commanded.
    #[default]
    Inactive,
    /// It has commanded nothing yet.
    Waiting,
    /// The policy drives.
    Active,
    /// The robot is stopped.
    Stopped,
}

/// How something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should.
    #[default]
    Ok,
    /// It works, but someone should look.
    Warning,
    /// It does not work.
    Error,
    /// Nothing was heard of it, or it is not used.
    Silent,
}

/// One modality.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ModalityView {
    /// Its name.
    pub name: String,
    /// `image`, `text`, `vector` or `feature`.
    pub kind: &'static str,
    /// How it is.
    pub health: Health,
    /// The same in words.
    pub message: String,
    /// Age of its newest feature in seconds.
    pub age_s: Option<f64>,
    /// The oldest that counts, in seconds; none for any age.
    pub max_age_s: Option<f64>,
    /// Features per second.
    pub rate_hz: f64,
    /// The median time from the arrival of a message to its feature, in milliseconds.
    pub encode_ms: f64,
    /// The median time from a feature to the first command that rests on it, in milliseconds.
    pub command_ms: f64,
    /// Its signed share in the action, from -1 to 1: positive where it pushes the action where it goes.
    pub share: Option<f64>,
    /// Its contribution to each number of the action; empty where it is not known.
    pub contributions: Vec<f64>,
}

/// One number of the action.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ActionView {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// What was commanded last.
    pub value: Option<f64>,
    /// The smallest value that may be commanded.
    pub min: Option<f64>,
    /// The largest value that may be commanded.
    pub max: Option<f64>,
}

impl Activity {
    /// One word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inactive => "INACTIVE",
            Self::Waiting => "WAITING",
            Self::Active => "ACTIVE",
            Self::Stopped => "STOPPED",
        }
    }
}
