//! Attention within each modality.

use candle_core::{D, Result, Tensor};

use super::source::Source;
use crate::train::model::parameters::Parameters;
use crate::train::model::parts::Parts;

/// The differentiable counterpart of `fusion::weighted::within`.
pub(super) struct Within(Vec<Tensor>);

impl Within {
    pub(super) fn new(parameters: &mut Parameters, names: &[&str], width: usize) -> Result<Self> {
        let bound = 1.0 / (width as f32).sqrt();
        let matrix = |name: &&str| {
            parameters.evenly(format!("fusion.{name}.weight"), &[width, width], bound)
        };
        Ok(Self(names.iter().map(matrix).collect::<Result<_>>()?))
    }
}

impl Source for Within {
    fn weigh(&self, parts: &Parts) -> Result<Vec<Tensor>> {
        let pairs = self.0.iter().zip(&parts.projected);
        pairs
            .map(|(matrix, projected)| {
                candle_nn::ops::softmax(&projected.matmul(&matrix.t()?)?, D::Minus1)
            })
            .collect()
    }
}
