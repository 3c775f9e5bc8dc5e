//! The multi-layer perceptron, of heads and of voters.

use candle_core::{Result, Tensor};

use super::parameters::{Linear, Parameters};

/// The twin of [`crate::head::Layers`].
pub(super) struct Mlp {
    hidden: Vec<Linear>,
    last: Linear,
}

impl Mlp {
    /// Layers named `<name>.<i>`.
    pub(super) fn new(
        parameters: &mut Parameters,
        name: &str,
        input: usize,
        hidden: &[usize],
        output: usize,
    ) -> Result<Self> {
        let mut width = input;
        let mut layers = Vec::with_capacity(hidden.len());
        for (i, rows) in hidden.iter().enumerate() {
            layers.push(parameters.linear(&format!("{name}.{i}"), width, *rows)?);
            width = *rows;
        }
        let last = parameters.linear(&format!("{name}.{}", hidden.len()), width, output)?;
        Ok(Self {
            hidden: layers,
            last,
        })
    }

    /// `[batch, input]` to `[batch, output]`.
    pub(super) fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let hidden = self
            .hidden
            .iter()
            .try_fold(input.clone(), |x, layer| layer.apply(&x)?.relu())?;
        self.last.apply(&hidden)
    }
}
