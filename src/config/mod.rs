//! The nodes' parameters: read as ROS 2 reads them, declared, checked, and joined with what the policy asks for.
//!
//! Everything that reads parameters takes the same way: [`RosArguments`] (what a command line says), [`Overrides`] (what
//! files and `-p` give, to whatever node), [`Given`] (what they give to one node), and from there a checked configuration.

mod action;
mod arguments;
mod autostart;
mod bounds;
mod declaration;
mod distance;
mod encoder;
mod encoding;
mod ensemble;
mod file;
mod frozen;
mod given;
mod guarding;
pub(crate) mod live;
mod loading;
mod node;
mod node_name;
mod overrides;
mod permission;
mod realtime;
mod record;
mod robot;
mod scalar;
mod sections;
mod stop;
mod topic;
mod value;
mod watching;
mod wiring;

pub use action::{ActionConfig, CommandConfig, LimitConfig};
pub use arguments::{Remapping, RosArguments, words};
pub use declaration::{Checked, Declared};
pub use encoder::{ENCODER_NAME, EncoderConfig, LoadedEncoder};
pub use file::NODE_NAME;
pub use given::Given;
pub use live::LiveParameters;
pub use loading::Loaded;
pub use node::{ModalityConfig, NodeConfig};
pub use node_name::NodeName;
pub use overrides::Overrides;
pub use permission::{DeadmanConfig, EmergencyStopConfig, PermissionConfig};
pub use record::RecordConfig;
pub use robot::{only_robot, robots};
pub use stop::{StopBehaviour, StopConfig};
pub use value::Value;
pub use watching::DashboardConfig;
pub use wiring::Wiring;
