//! Everything that knows ROS: only serialized messages cross from here into the core, and back.

mod command_topic;
mod context;
mod encoder_node;
mod encoder_status;
mod environment;
mod explainer;
mod graph;
mod graph_watch;
mod health_log;
mod load_policy;
mod loader;
mod logger;
mod modality_topic;
mod names;
mod node;
mod parameter_events;
mod parameters;
mod parts;
mod policy_runtime;
mod publisher;
mod recorded_topic;
mod recorder;
mod recorder_status;
mod requests;
mod signals;
mod status;
mod status_listener;
mod status_publisher;
mod status_source;
mod subscription;
mod watcher;

pub use encoder_node::run as run_encoder;
pub use node::run;
pub use recorder::{Progress, Recorder, Report};
pub use signals::watch_signals;
pub use status_listener::{HeardStatus, StatusListener};
