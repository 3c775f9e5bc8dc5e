//! Fully connected layers with ReLU between them: hᵢ₊₁ = ReLU(Wᵢ·hᵢ + bᵢ), the last one without ReLU.

use nalgebra::{DMatrix, DVector};

use crate::number::Number;
use crate::policy::Weights;
use crate::problems::Problems;

/// The layers of a head, or of a voter.
pub struct Layers<T: Number>(Vec<Layer<T>>);

struct Layer<T: Number> {
    weight: DMatrix<T>,
    bias: DVector<T>,
    output: DVector<T>,
}

impl<T: Number> Layers<T> {
    /// Reads `<name>.<i>.weight` (`[out, in]`) and `<name>.<i>.bias` for every layer.
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(
        name: &str,
        input: usize,
        hidden: &[usize],
        output: usize,
        weights: &Weights,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut layers = Vec::with_capacity(hidden.len() + 1);
        let mut columns = input;
        for (i, rows) in hidden.iter().copied().chain([output]).enumerate() {
            let weight =
                weights.matrix(&format!("{name}.{i}.weight"), rows, columns, &mut problems);
            let bias = weights.vector(&format!("{name}.{i}.bias"), rows, &mut problems);
            if let (Some(weight), Some(bias)) = (weight, bias) {
                let output = DVector::zeros(rows);
                layers.push(Layer {
                    weight,
                    bias,
                    output,
                });
            }
            columns = rows;
        }
        problems.or(Self(layers))
    }

    /// The output for an input of the width that the layers were loaded for. Never allocates.
    pub fn forward(&mut self, input: &DVector<T>) -> &DVector<T> {
        let last = self.0.len() - 1;
        for i in 0..=last {
            let (before, rest) = self.0.split_at_mut(i);
            let input = before.last().map_or(input, |layer| &layer.output);
            let layer = &mut rest[0];
            layer.output.copy_from(&layer.bias);
            layer.output.gemv(T::one(), &layer.weight, input, T::one());
            if i < last {
                layer.output.apply(|v| *v = v.max(T::zero()));
            }
        }
        &self.0[last].output
    }
}
