//! What stands between a decision and the robot: who may move it, limits on every command, and a stop when no command comes.

mod guard;
mod heartbeat;
mod interval;
mod limit;
mod motion;
mod permission;
mod sink;
mod stop_action;
mod supervisor;

pub use guard::{Guard, Outcome};
pub use heartbeat::Heartbeat;
pub use limit::{Limit, Stop};
pub use permission::{Conditions, Latch, Permission, ResetError, Withheld};
pub use sink::CommandSink;
pub use stop_action::{StopActionReader, StopActionWriter, stop_action_slot};
pub use supervisor::{LONGEST_RAMP, Patience, StopCommand, Supervisor, Watched};
