//! Weights that were learned by back-propagation: w = softmax(logits) over what is present.

use nalgebra::DVector;

use super::source::{Source, normalize};
use crate::errors::ConfigErrors;
use crate::fusion::Input;
use crate::number::Number;
use crate::spec::{Per, Weights};

/// A softmax of learned logits, positive and with a sum of one.
pub struct Learned<T: Number> {
    logits: Vec<DVector<T>>,
}

impl<T: Number> Learned<T> {
    /// Reads `fusion.logits`: `[modalities]`, or `[modalities, width]` for a weight per dimension.
    ///
    /// # Errors
    /// The tensor, when it is missing or of another shape.
    pub fn load(
        per: Per,
        modalities: usize,
        width: usize,
        weights: &Weights,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        const TENSOR: &str = "fusion.logits";
        let logits: Option<Vec<DVector<T>>> = match per {
            Per::Modality => weights
                .vector::<T>(TENSOR, modalities, &mut errors)
                .map(|logits| {
                    logits
                        .iter()
                        .map(|logit| DVector::repeat(width, *logit))
                        .collect()
                }),
            Per::Dimension => weights
                .matrix::<T>(TENSOR, modalities, width, &mut errors)
                .map(|logits| logits.row_iter().map(|row| row.transpose()).collect()),
        };
        match logits {
            Some(logits) => Ok(Self { logits }),
            None => Err(errors),
        }
    }
}

impl<T: Number> Source<T> for Learned<T> {
    fn weigh(&mut self, input: Input<'_, T>, ageing: &[T], weights: &mut [DVector<T>]) {
        for ((weights, logits), ageing) in weights.iter_mut().zip(&self.logits).zip(ageing) {
            weights.copy_from(logits);
            weights.add_scalar_mut(*ageing);
        }
        normalize(input.projected, weights);
    }
}
