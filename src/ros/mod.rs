//! Everything that knows ROS: only serialized messages cross from here into the core, and back.

mod clock;
mod context;
mod control_loop;
mod driver;
mod encoder_node;
mod encoder_status;
mod ending;
mod episodes;
mod explainer;
mod load_policy;
mod loader;
mod logger;
mod names;
mod node;
mod pace;
mod parameters;
mod pilot;
mod recorded_topic;
mod recorder;
mod requests;
mod status;
mod subscription;
mod watched;
mod watcher;

pub use encoder_node::run as run_encoder;
pub use ending::Ending;
pub use episodes::Episodes;
pub use node::run;
pub use recorder::{Progress, Recorder, Report};
