//! One fully connected layer: W·h + b.

use nalgebra::{DMatrix, DVector};

use crate::errors::ConfigErrors;
use crate::number::Number;
use crate::spec::Weights;

/// A layer with room for its output, so that it never allocates.
#[derive(Clone)]
pub struct Layer<T: Number> {
    /// W, `[out, in]`.
    pub weight: DMatrix<T>,
    /// b.
    pub bias: DVector<T>,
    /// What came out last.
    pub output: DVector<T>,
}

impl<T: Number> Layer<T> {
    /// Reads `<name>.weight` (`[rows, columns]`) and `<name>.bias`. A tensor that is missing or of another shape is added
    /// to `errors`.
    pub fn load(
        name: &str,
        rows: usize,
        columns: usize,
        weights: &Weights,
        errors: &mut ConfigErrors,
    ) -> Option<Self> {
        let weight = weights.matrix(&format!("{name}.weight"), rows, columns, errors);
        let bias = weights.vector(&format!("{name}.bias"), rows, errors);
        Some(Self {
            weight: weight?,
            bias: bias?,
            output: DVector::zeros(rows),
        })
    }

    /// Computes the output for an input.
    pub fn apply(&mut self, input: &DVector<T>) {
        self.output.copy_from(&self.bias);
        self.output.gemv(T::one(), &self.weight, input, T::one());
    }
}
