//! A multi-layer perceptron: hᵢ₊₁ = ReLU(Wᵢ·hᵢ + bᵢ), the last layer without ReLU.

use nalgebra::DVector;

use super::{Layer, relu};
use crate::errors::ConfigErrors;
use crate::number::Number;
use crate::spec::Weights;

/// The layers of a head, or of a voter.
pub struct Mlp<T: Number>(Vec<Layer<T>>);

impl<T: Number> Mlp<T> {
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
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let mut layers = Vec::with_capacity(hidden.len() + 1);
        let mut columns = input;
        for (i, rows) in hidden.iter().copied().chain([output]).enumerate() {
            let name = format!("{name}.{i}");
            layers.extend(Layer::load(&name, rows, columns, weights, &mut errors));
            columns = rows;
        }
        errors.or(Self(layers))
    }

    /// The output for an input of the width that the layers were loaded for. Never allocates.
    pub fn forward(&mut self, input: &DVector<T>) -> &DVector<T> {
        let last = self.0.len() - 1;
        for i in 0..=last {
            let (before, rest) = self.0.split_at_mut(i);
            let layer = &mut rest[0];
            layer.apply(before.last().map_or(input, |before| &before.output));
            if i < last {
                relu(&mut layer.output);
            }
        }
        &self.0[last].output
    }
}
