//! The node's parameters: declared, checked, and joined with what the policy asks for.

mod declaration;
mod ensemble;
mod file;
mod loading;
mod node;
mod value;
mod wiring;

pub use declaration::Declared;
pub use file::NODE_NAME;
pub use loading::Loaded;
pub use node::{ActionConfig, LimitConfig, ModalityConfig, NodeConfig, RecordConfig};
pub use value::Value;
pub use wiring::Wiring;

use std::path::Path;

use crate::problems::Problems;

/// Reads a parameter file without ROS.
///
/// # Errors
/// A file that cannot be read, otherwise every problem of its parameters.
pub fn load_file(path: &Path) -> Result<NodeConfig, Problems> {
    let given = file::read(path)?;
    NodeConfig::from_parameters(given)
        .map(|(config, _)| config)
        .map_err(|found| {
            let mut problems = Problems::new();
            problems.add_all(&format!("parameter file {}", path.display()), found);
            problems
        })
}
