//! Everything that one loaded policy has at work: its encoders, its threads, its status, its successor.

mod cause;
mod configured;
mod explained;
mod explainer;
mod health_log;
mod loader;
mod modality_status;
mod parts;
mod policy_runtime;
mod ports;
mod settings;
pub mod sight;
mod status_source;
mod status_values;

pub use cause::{Cause, TickSource, UNSENT, missing, stalled};
pub use configured::{Configured, Surroundings};
pub use explained::Explained;
pub use explainer::{Explainer, ExplanationSink};
pub use health_log::HealthLog;
pub use loader::{Loader, Work};
pub use modality_status::ModalityStatus;
pub use parts::Parts;
pub use policy_runtime::PolicyRuntime;
pub use ports::{MessageFanouts, Ports};
pub use settings::{log_settings, refused_settings, setting_values};
pub use status_source::StatusSource;
pub use status_values::{pairs, quantiles, timekeeping};
