//! What would run, for people.

use std::fmt;
use std::path::{Path, PathBuf};

use super::onnx::Model;
use super::provider::Device;

/// What would run, for a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The encoder's file; `None` for numbers, which need no encoder.
    pub model: Option<PathBuf>,
    /// Where it runs.
    pub device: Option<Device>,
    /// What goes in: name, type and shape of the model's inputs, the names of the numbers, or what made them.
    pub input: String,
    /// The output that is read, with its type and shape.
    pub output: String,
    /// Width of the feature.
    pub width: usize,
}

impl Summary {
    pub(super) fn of_model(path: &Path, model: &Model, input: String) -> Self {
        Self {
            model: Some(path.to_owned()),
            device: Some(model.device()),
            input,
            output: model.output().to_string(),
            width: 0,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.model, self.device) {
            (Some(model), Some(device)) => write!(
                f,
                "{} on {device}: {} -> {}, {} numbers",
                model.display(),
                self.input,
                self.output,
                self.width
            ),
            _ => write!(f, "{} numbers: {}", self.width, self.input),
        }
    }
}
