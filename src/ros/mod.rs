//! Everything that knows ROS: only serialized messages cross from here into the core, and back.

mod clock;
mod context;
mod control_loop;
mod logger;
mod node;
mod pace;
mod parameters;
mod status;
mod subscription;
mod watcher;

pub use node::run;
