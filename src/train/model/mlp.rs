//! The multi-layer perceptron.

use candle_core::{Result, Tensor};

use super::Head;
use super::parameters::{Linear, Parameters};

/// The twin of [`crate::head::Mlp`].
pub(super) struct Mlp {
    hidden: Vec<Linear>,
    last: Linear,
}

impl Mlp {
    pub(super) fn new(
        parameters: &mut Parameters,
        input: usize,
        hidden: &[usize],
        actions: usize,
    ) -> Result<Self> {
        let mut width = input;
        let mut layers = Vec::with_capacity(hidden.len());
        for (i, output) in hidden.iter().enumerate() {
            layers.push(parameters.linear(&format!("head.{i}"), width, *output)?);
            width = *output;
        }
        let last = parameters.linear(&format!("head.{}", hidden.len()), width, actions)?;
        Ok(Self {
            hidden: layers,
            last,
        })
    }
}

impl Head for Mlp {
    fn act(&self, fused: &Tensor) -> Result<Tensor> {
        let hidden = self
            .hidden
            .iter()
            .try_fold(fused.clone(), |x, layer| layer.apply(&x)?.relu())?;
        self.last.apply(&hidden)
    }
}
