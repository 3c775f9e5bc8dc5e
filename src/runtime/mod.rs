//! Everything that one loaded policy has at work beside its control loop: encoders, threads, a status, a successor.

mod configured;
mod explained;
mod explainer;
mod loader;
mod modality_status;
mod policy_runtime;
mod ports;
mod settings;
mod status_source;
mod status_values;

pub use configured::{Configured, Surroundings};
pub use explained::Explained;
pub use explainer::{Explainer, ExplanationSink};
pub use loader::{Loader, Work};
pub use modality_status::ModalityStatus;
pub use policy_runtime::PolicyRuntime;
pub use ports::{MessageFanouts, Ports};
pub use settings::{log_settings, refused_settings, setting_values};
pub use status_source::StatusSource;
pub use status_values::{pairs, quantiles, stages, timekeeping};
