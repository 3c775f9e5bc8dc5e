//! What is done to a model while it learns, so that it does not learn by heart.

use candle_core::{Result, Tensor};

/// Changes numbers on their way through a model.
pub trait Disturb {
    /// Changes the standardized features of a modality.
    ///
    /// # Errors
    /// What candle says.
    fn feature(&mut self, feature: Tensor) -> Result<Tensor>;

    /// Changes the units of a hidden layer of what decides: of the head, or of a voter.
    ///
    /// # Errors
    /// What candle says.
    fn hidden(&mut self, units: Tensor) -> Result<Tensor>;
}

/// Nothing is changed: as the policy runs.
pub struct Undisturbed;

impl Disturb for Undisturbed {
    fn feature(&mut self, feature: Tensor) -> Result<Tensor> {
        Ok(feature)
    }

    fn hidden(&mut self, units: Tensor) -> Result<Tensor> {
        Ok(units)
    }
}
