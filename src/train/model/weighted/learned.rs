//! Weights that are learned.

use candle_core::{Result, Tensor};

use super::source::{Source, softmax_over_modalities};
use crate::spec::Per;
use crate::train::model::parameters::Parameters;
use crate::train::model::parts::Parts;

/// The differentiable counterpart of `fusion::weighted::learned`: at first all modalities weigh alike.
pub(super) struct Learned {
    logits: Tensor,
    modalities: usize,
}

impl Learned {
    pub(super) fn new(
        parameters: &mut Parameters,
        per: Per,
        modalities: usize,
        width: usize,
    ) -> Result<Self> {
        let shape = match per {
            Per::Modality => vec![modalities],
            Per::Dimension => vec![modalities, width],
        };
        Ok(Self {
            logits: parameters.zeros("fusion.logits".into(), &shape)?,
            modalities,
        })
    }
}

impl Source for Learned {
    fn weigh(&self, parts: &Parts) -> Result<Vec<Tensor>> {
        let logits = self.logits.reshape((self.modalities, ()))?;
        let rows = (0..self.modalities).map(|i| logits.narrow(0, i, 1));
        softmax_over_modalities(&rows.collect::<Result<Vec<_>>>()?, parts)
    }
}
