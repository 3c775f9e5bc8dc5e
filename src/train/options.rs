//! What a training is asked for.

use std::path::PathBuf;
use std::time::Duration;

/// What to train from and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// The training file.
    pub file: PathBuf,
    /// Recordings: files, or folders that are searched for them.
    pub bags: Vec<PathBuf>,
    /// The policy's folder.
    pub out: PathBuf,
    /// Where features are kept.
    pub cache: PathBuf,
    /// The ONNX Runtime library, where it is not to be looked for.
    pub onnxruntime: Option<PathBuf>,
    /// The seed to use instead of the training file's.
    pub seed: Option<u64>,
    /// Whether a policy in `out` may be replaced.
    pub force: bool,
    /// How often gradient descent is written down, at most, so that an interrupted training goes on.
    pub checkpoint_every: Duration,
}
