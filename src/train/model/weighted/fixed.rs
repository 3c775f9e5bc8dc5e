//! Weights that the user wrote.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor};

use super::source::{Source, softmax_over_modalities};
use crate::spec::FixedWeight;
use crate::train::model::parts::Parts;

/// The differentiable counterpart of `fusion::weighted::fixed`.
pub(super) struct Fixed(Vec<Tensor>);

/// The logarithm of a weight of zero: finite, so that weights which are zero together weigh alike.
const NOTHING: f64 = -1e30;

impl Fixed {
    pub(super) fn new(
        values: &BTreeMap<String, FixedWeight>,
        names: &[&str],
        width: usize,
    ) -> Result<Self> {
        let logarithm = |value: f64| value.ln().max(NOTHING) as f32;
        let one = |name: &&str| {
            let row: Vec<f32> = match &values[*name] {
                FixedWeight::Scalar(value) => vec![logarithm(*value); width],
                FixedWeight::Vector(values) => values.iter().map(|v| logarithm(*v)).collect(),
            };
            Tensor::from_vec(row, (1, width), &Device::Cpu)
        };
        Ok(Self(names.iter().map(one).collect::<Result<_>>()?))
    }
}

impl Source for Fixed {
    fn weigh(&self, parts: &Parts) -> Result<Vec<Tensor>> {
        softmax_over_modalities(&self.0, parts)
    }
}
