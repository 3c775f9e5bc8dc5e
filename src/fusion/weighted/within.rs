//! Attention within each modality: w_m = softmax(W_m·a_m), over the dimensions of m.
//!
//! Every modality attends over its own dimensions, so the weights of a modality sum to one by themselves and are not
//! brought to a sum of one over modalities. The softmax is that of Vaswani et al. 2017, "Attention is all you need".

use nalgebra::{DMatrix, DVector};

use super::source::Source;
use crate::errors::ConfigErrors;
use crate::fusion::Input;
use crate::number::Number;
use crate::spec::Weights;

/// One matrix per modality.
pub struct Within<T: Number> {
    matrices: Vec<DMatrix<T>>,
}

impl<T: Number> Within<T> {
    /// Reads `fusion.<modality>.weight` (`[width, width]`).
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(names: &[&str], width: usize, weights: &Weights) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let matrices: Vec<DMatrix<T>> = names
            .iter()
            .filter_map(|name| {
                weights.matrix(&format!("fusion.{name}.weight"), width, width, &mut errors)
            })
            .collect();
        errors.or(Self { matrices })
    }
}

impl<T: Number> Source<T> for Within<T> {
    fn weigh(&mut self, input: Input<'_, T>, ageing: &[T], weights: &mut [DVector<T>]) {
        for (i, weights) in weights.iter_mut().enumerate() {
            let Some(projected) = input.projected[i] else {
                continue;
            };
            weights.gemv(T::one(), &self.matrices[i], projected, T::zero());
            let largest = weights.max();
            // A logit of −∞ has overflowed; without this it would be a weight of 0 like any other.
            weights.apply(|logit| {
                *logit = (*logit - largest).exp() + logit.zero_if_finite();
            });
            let factor = ageing[i].exp() / weights.sum();
            weights.scale_mut(factor);
        }
    }
}
