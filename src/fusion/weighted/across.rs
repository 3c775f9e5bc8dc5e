//! Attention across modalities: w_m = exp(s_m)/Σ exp(s_k), s_m = v·tanh(U·a_m).
//!
//! A weight per modality that depends on what is seen: the additive attention of Bahdanau et al. 2015, "Neural machine
//! translation by jointly learning to align and translate".

use nalgebra::{DMatrix, DVector};

use super::source::{Source, normalize};
use crate::errors::ConfigErrors;
use crate::fusion::Input;
use crate::layers::tanh;
use crate::number::Number;
use crate::spec::Weights;

/// One scoring network for all modalities.
pub struct Across<T: Number> {
    matrix: DMatrix<T>,
    vector: DVector<T>,
    hidden: DVector<T>,
}

impl<T: Number> Across<T> {
    /// Reads U, `fusion.weight` (`[hidden, width]`), and v, `fusion.vector` (`[hidden]`).
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(hidden: usize, width: usize, weights: &Weights) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let matrix = weights.matrix("fusion.weight", hidden, width, &mut errors);
        let vector = weights.vector("fusion.vector", hidden, &mut errors);
        match (matrix, vector) {
            (Some(matrix), Some(vector)) => Ok(Self {
                matrix,
                vector,
                hidden: DVector::zeros(hidden),
            }),
            _ => Err(errors),
        }
    }
}

impl<T: Number> Source<T> for Across<T> {
    fn weigh(&mut self, input: Input<'_, T>, ageing: &[T], weights: &mut [DVector<T>]) {
        for (i, weights) in weights.iter_mut().enumerate() {
            let Some(aligned) = input.projected[i] else {
                continue;
            };
            self.hidden.gemv(T::one(), &self.matrix, aligned, T::zero());
            tanh(&mut self.hidden);
            weights.fill(self.vector.dot(&self.hidden) + ageing[i]);
        }
        normalize(input.projected, weights);
    }
}
