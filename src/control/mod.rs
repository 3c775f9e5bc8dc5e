//! One policy at run time: when a tick is due, what it decides, and how another policy takes over. Without ROS: commands
//! leave through a [`crate::safety::CommandSink`], and time is an argument to everything but the loop itself.

mod attribution;
mod command_latency;
mod control_loop;
mod controller;
mod displacement;
mod executor;
mod features;
mod handover;
mod lifecycle;
mod measured;
mod pace;
mod punctuality;
mod reason;
mod report;
mod snapshot;
mod tick_event;
mod tracing;

pub use attribution::{Attribution, AttributionMessages, Explanation};
pub use command_latency::{CommandLatencies, CommandLatency};
pub use control_loop::{ControlLoop, ControlThread, Waker};
pub use controller::{Controller, Decision, Freshness, Seen, Tick};
pub use displacement::Displacement;
pub use executor::{CommandedReader, CommandedWriter, Ends, PolicyExecutor, commanded_slot};
pub use features::Features;
pub use handover::{HandoverReceiver, HandoverSender, Returned, handover};
pub use lifecycle::{Completion, Lifecycle, State, TRANSITIONS, Transition};
pub use measured::{Measured, MeasuredAt};
pub use pace::Pace;
pub use punctuality::{Punctuality, Timekeeping};
pub use reason::StopReason;
pub use report::{TickMeter, TickReport};
pub use snapshot::{Snapshot, SnapshotReader, SnapshotWriter, snapshot_slot};
pub use tick_event::{RestsOn, TickEvent, TickRecorder};
pub use tracing::{Collector, TracedPolicy, Tracing};
