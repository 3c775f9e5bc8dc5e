//! What stands between a decision and the robot: who may move it, limits on every command, and a stop when no command comes.

mod guard;
mod heartbeat;
mod permission;
mod sink;
mod supervisor;

pub use guard::{Guard, Limit, Outcome};
pub use heartbeat::Heartbeat;
pub use permission::{Conditions, Latch, Permission, ResetError, Withheld};
pub use sink::CommandSink;
pub use supervisor::{Patience, StopCommand, Supervisor};
