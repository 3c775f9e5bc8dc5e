//! What stands between a decision and the robot: limits on every command, and a stop when no command comes.

mod guard;
mod heartbeat;
mod sink;
mod supervisor;

pub use guard::{Guard, Limit, Outcome};
pub use heartbeat::Heartbeat;
pub use sink::CommandSink;
pub use supervisor::{Patience, StopCommand, Supervisor};
