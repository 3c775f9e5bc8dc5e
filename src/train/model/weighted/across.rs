//! Attention across modalities.

use candle_core::{Result, Tensor};

use super::source::{Source, softmax_over_modalities};
use crate::train::model::parameters::Parameters;
use crate::train::model::parts::Parts;

/// The differentiable counterpart of `fusion::weighted::across`.
pub(super) struct Across {
    matrix: Tensor,
    vector: Tensor,
}

impl Across {
    pub(super) fn new(parameters: &mut Parameters, hidden: usize, width: usize) -> Result<Self> {
        let bound = |width: usize| 1.0 / (width as f32).sqrt();
        Ok(Self {
            matrix: parameters.evenly("fusion.weight".into(), &[hidden, width], bound(width))?,
            vector: parameters.evenly("fusion.vector".into(), &[hidden], bound(hidden))?,
        })
    }
}

impl Source for Across {
    fn weigh(&self, parts: &Parts) -> Result<Vec<Tensor>> {
        let vector = self.vector.unsqueeze(1)?;
        let score = |aligned: &Tensor| aligned.matmul(&self.matrix.t()?)?.tanh()?.matmul(&vector);
        let scores = parts
            .projected
            .iter()
            .map(score)
            .collect::<Result<Vec<_>>>()?;
        softmax_over_modalities(&scores, parts)
    }
}
