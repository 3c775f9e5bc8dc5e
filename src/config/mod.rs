//! The nodes' parameters: declared, checked, and joined with what the policy asks for.

mod declaration;
mod encoder;
mod encoding;
mod ensemble;
mod file;
mod loading;
mod node;
mod value;
mod wiring;

pub use declaration::Declared;
pub use encoder::{ENCODER_NAME, EncoderConfig, LoadedEncoder};
pub use file::NODE_NAME;
pub use loading::Loaded;
pub use node::{ActionConfig, LimitConfig, ModalityConfig, NodeConfig, RecordConfig};
pub use value::Value;
pub use wiring::Wiring;

use std::path::Path;

use crate::errors::ConfigErrors;

/// Reads the node's parameters from a file, without ROS.
///
/// # Errors
/// A file that cannot be read, otherwise every problem of its parameters.
pub fn load_file(path: &Path) -> Result<NodeConfig, ConfigErrors> {
    let given = file::read(path, NODE_NAME)?;
    in_file(path, NodeConfig::from_parameters(given))
}

/// Reads the parameters of an encoder node of this name from a file, without ROS.
///
/// # Errors
/// A file that cannot be read, otherwise every problem of its parameters.
pub fn load_encoder_file(path: &Path, node: &str) -> Result<EncoderConfig, ConfigErrors> {
    let given = file::read(path, node)?;
    in_file(path, EncoderConfig::from_parameters(given))
}

fn in_file<T>(
    path: &Path,
    read: Result<(T, Vec<Declared>), ConfigErrors>,
) -> Result<T, ConfigErrors> {
    read.map(|(config, _)| config).map_err(|found| {
        let mut errors = ConfigErrors::new();
        errors.add_all(&format!("parameter file {}", path.display()), found);
        errors
    })
}
