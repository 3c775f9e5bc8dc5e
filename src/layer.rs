//! One fully connected layer: W·h + b.

use nalgebra::{DMatrix, DVector};

use crate::number::Number;
use crate::policy::Weights;
use crate::problems::Problems;

/// A layer with room for its output, so that it never allocates.
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
    /// to `problems`.
    pub fn load(
        name: &str,
        rows: usize,
        columns: usize,
        weights: &Weights,
        problems: &mut Problems,
    ) -> Option<Self> {
        let weight = weights.matrix(&format!("{name}.weight"), rows, columns, problems);
        let bias = weights.vector(&format!("{name}.bias"), rows, problems);
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

    /// ReLU of the output.
    pub fn rectify(&mut self) {
        self.output.apply(|number| *number = number.max(T::zero()));
    }
}
