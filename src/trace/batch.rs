//! What leaves the process: batches of records, as JSON. All times are nanoseconds of the monotonic clock.

use serde::{Deserialize, Serialize};

/// What happened since the batch before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// The full name of the node.
    pub node: String,
    /// Its process: another one counts from the start.
    pub pid: u32,
    /// How many records there were before this batch, those included that were lost.
    pub before: u64,
    /// How many records belong to this batch and were lost in a full ring.
    pub lost: u64,
    /// The policies that the records speak of.
    pub policies: Vec<TracedModalities>,
    /// What happened, per thread in its order.
    pub records: Vec<Record>,
}

impl Batch {
    /// What [`Batch::before`] of the next one is, if none is lost in between.
    pub fn after(&self) -> u64 {
        self.before + self.records.len() as u64 + self.lost
    }
}

/// A policy whose modalities are encoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedModalities {
    /// Which one of its process: after a hot swap it is another.
    pub id: u32,
    /// Its own name.
    pub name: String,
    /// The names of its modalities, in its order.
    pub modalities: Vec<String>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A tick of the control thread.
    Tick(TickRecord),
    /// A message that a worker took.
    Message(MessageRecord),
    /// A stop action of the supervisor.
    StandIn(StandInRecord),
}

impl Record {
    /// When it began.
    pub fn begin_ns(&self) -> u64 {
        match self {
            Self::Tick(tick) => tick.deadline_ns.unwrap_or(tick.woke_ns),
            Self::Message(message) => message.arrived_ns,
            Self::StandIn(stop) => stop.decided_ns,
        }
    }
}

/// A tick of the control thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TickRecord {
    /// Ticks of this control thread before it, and one.
    pub number: u64,
    /// The policy that decided.
    pub policy: u32,
    /// When it was due; `None` where the simulator says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ns: Option<u64>,
    /// Whether the thread slept until then: otherwise it was still at work, and its lateness is no wake-up's.
    pub slept: bool,
    /// Later deadlines that had passed as well, and have no tick.
    pub skipped: u64,
    /// When the thread woke.
    pub woke_ns: u64,
    /// When it had decided.
    pub decided_ns: u64,
    /// When the command was on its way.
    pub done_ns: u64,
    /// What it decided.
    pub decision: Decided,
    /// Why it did not act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Numbers of the action that were brought back to their limits.
    pub limited: usize,
    /// Whether the command could be published.
    pub sent: bool,
    /// By modality, when the feature was made that the command rests on; 0 for none. Empty where it rests on none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rests_on_ns: Vec<u64>,
}

/// What a tick decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// The policy's action.
    Act,
    /// The stop action.
    Stop,
    /// Nothing.
    Silent,
}

impl Decided {
    /// As a timeline calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Stop => "stop",
            Self::Silent => "silent",
        }
    }
}

/// A message that a worker took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// The policy whose worker it is.
    pub policy: u32,
    /// Index in its modalities.
    pub modality: usize,
    /// From its stamp until it was received, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport_ns: Option<u64>,
    /// When it was put into the slot.
    pub arrived_ns: u64,
    /// When the worker took it.
    pub taken_ns: u64,
    /// When the model began to run, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered_ns: Option<u64>,
    /// When the encoder was done.
    pub encoded_ns: u64,
    /// When everything was done.
    pub done_ns: u64,
    /// When its feature was made, by which ticks know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_ns: Option<u64>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A feature.
    Feature,
    /// It says that there is none, such as a blank instruction.
    Absent,
    /// It has nothing to do with the modality.
    Ignored,
    /// It could not be used.
    Dropped,
}

impl Outcome {
    /// As a timeline calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Feature => "feature",
            Self::Absent => "absent",
            Self::Ignored => "ignored",
            Self::Dropped => "dropped",
        }
    }
}

/// A stop action that the supervisor sent in the place of the control thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandInRecord {
    /// When it decided to.
    pub decided_ns: u64,
    /// When the command was on its way.
    pub done_ns: u64,
    /// Why.
    pub cause: StandInCause,
    /// Whether the command could be published.
    pub sent: bool,
}

/// Why the supervisor stands in for the control thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandInCause {
    /// It has ended, or the process is being aborted.
    Ended,
    /// No command has left for too long.
    Silent,
    /// The robot may not be moved, and it has not said so.
    Withheld,
    /// It rests: its last stop is repeated for a moment.
    AtRest,
}

impl StandInCause {
    /// As a timeline calls it.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Ended => "the control thread has ended",
            Self::Silent => "no command has left for too long",
            Self::Withheld => "the robot may not be moved",
            Self::AtRest => "the stop is repeated before the node falls silent",
        }
    }
}
