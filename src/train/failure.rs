//! Why a training comes to nothing.

use std::io;

/// Why gradient descent did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The loss is not finite.
    #[error(
        "training diverged: the loss is not finite; training.learning_rate is {learning_rate}, try a tenth of it"
    )]
    Diverged {
        /// That of the training.
        learning_rate: f64,
    },
    /// What the file system says.
    #[error("features that were kept cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// What candle says.
    #[error("the training framework failed: {0}")]
    Framework(#[from] candle_core::Error),
}
