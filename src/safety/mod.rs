//! What stands between a decision and the robot: limits on every command, and a stop when no command comes.

mod guard;
mod heartbeat;
mod interval;
mod limit;
mod motion;
mod sink;
mod stop_action;
mod supervisor;

pub use guard::{Guard, Outcome};
pub use heartbeat::Heartbeat;
pub use limit::{Limit, Stop};
pub use sink::CommandSink;
pub use stop_action::{StopActionReader, StopActionWriter, stop_action_slot};
pub use supervisor::{Patience, StopCommand, Supervisor};
