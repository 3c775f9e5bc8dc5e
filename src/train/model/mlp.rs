//! The multi-layer perceptron, of heads, of voters and of projections.

use candle_core::{Result, Tensor};

use super::disturb::{Disturb, Undisturbed};
use super::parameters::{Linear, Parameters};

/// The differentiable counterpart of [`crate::head::Layers`], and of the layers of a [`crate::fusion::Projection`].
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
        let widths = hidden.iter().copied().chain([output]).enumerate();
        let layers: Vec<_> = widths
            .map(|(i, width)| (format!("{name}.{i}"), width))
            .collect();
        let (last, hidden) = layers.split_last().expect("there is an output");
        Self::named(parameters, input, hidden, last)
    }

    /// Layers with names of their own, and how many numbers each makes.
    pub(super) fn named(
        parameters: &mut Parameters,
        input: usize,
        hidden: &[(String, usize)],
        last: &(String, usize),
    ) -> Result<Self> {
        let mut columns = input;
        let mut layer = |(name, width): &(String, usize)| {
            let layer = parameters.linear(name, columns, *width);
            columns = *width;
            layer
        };
        Ok(Self {
            hidden: hidden.iter().map(&mut layer).collect::<Result<_>>()?,
            last: layer(last)?,
        })
    }

    /// `[batch, input]` to `[batch, output]`.
    pub(super) fn forward(&self, input: &Tensor) -> Result<Tensor> {
        self.forward_disturbed(input, &mut Undisturbed)
    }

    /// The same, with its hidden layers changed on the way.
    pub(super) fn forward_disturbed(
        &self,
        input: &Tensor,
        disturb: &mut impl Disturb,
    ) -> Result<Tensor> {
        let hidden = self.hidden.iter().try_fold(input.clone(), |x, layer| {
            disturb.hidden(layer.apply(&x)?.relu()?)
        })?;
        self.last.apply(&hidden)
    }
}
