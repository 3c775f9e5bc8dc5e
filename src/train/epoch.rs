//! One epoch of gradient descent.

use serde::Serialize;

/// The loss after one epoch: the mean squared difference of standardized actions, or the mean cross-entropy of voters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Epoch {
    /// Over the samples learned from, while they were learned from.
    pub training_loss: f64,
    /// Over the validation split; none without one.
    pub validation_loss: Option<f64>,
    /// The learning rate at its end.
    pub learning_rate: f64,
}

impl Epoch {
    /// Whether the losses are numbers that can be learned from.
    pub fn is_finite(&self) -> bool {
        self.training_loss.is_finite() && self.validation_loss.is_none_or(f64::is_finite)
    }
}
