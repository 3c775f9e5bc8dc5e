//! The weighted sum.

mod across;
mod fixed;
mod learned;
mod within;

use candle_core::{D, Result, Tensor};

use self::across::Across;
use self::fixed::Fixed;
use self::learned::Learned;
use self::within::Within;
use super::parameters::Parameters;
use super::parts::Parts;
use super::{Fusion, Setting};
use crate::spec::{WeightedSpec, WeightsSpec};

/// Where the weights come from.
trait Source {
    /// The weight of every modality, `[batch or 1, width or 1]`, for a batch.
    fn weigh(&self, parts: &Parts) -> Result<Vec<Tensor>>;
}

/// The differentiable counterpart of [`crate::fusion::Weighted`]. While learning, nothing ages: demonstrations are learned from with what was
/// newest, and ageing is for when that fails.
pub(super) struct Weighted {
    source: Box<dyn Source>,
    width: usize,
}

impl Weighted {
    pub(super) fn new(
        parameters: &mut Parameters,
        spec: &WeightedSpec,
        setting: &Setting,
    ) -> Result<Self> {
        let names: Vec<&str> = setting.modalities.iter().map(|(name, _)| *name).collect();
        let width = setting.modalities[0].1;
        let source: Box<dyn Source> = match &spec.weights {
            WeightsSpec::Fixed { values } => Box::new(Fixed::new(values, &names, width)?),
            WeightsSpec::Learned { per } => {
                Box::new(Learned::new(parameters, *per, names.len(), width)?)
            }
            WeightsSpec::AttentionWithin => Box::new(Within::new(parameters, &names, width)?),
            WeightsSpec::AttentionAcross { hidden } => {
                Box::new(Across::new(parameters, *hidden, width)?)
            }
        };
        Ok(Self { source, width })
    }
}

impl Fusion for Weighted {
    fn width(&self) -> usize {
        self.width
    }

    fn fuse(&self, parts: &Parts) -> Result<Tensor> {
        let weights = self.source.weigh(parts)?;
        let mut fused = parts.projected[0].zeros_like()?;
        for (i, (weight, projected)) in weights.iter().zip(&parts.projected).enumerate() {
            let mut term = projected.broadcast_mul(weight)?;
            if let Some(presence) = &parts.presence {
                term = term.broadcast_mul(&presence[i])?;
            }
            fused = (fused + term)?;
        }
        Ok(fused)
    }
}

/// A softmax over the modalities that are there, of logits `[batch or 1, width or 1]`.
fn softmax_over_modalities(logits: &[Tensor], parts: &Parts) -> Result<Vec<Tensor>> {
    /// A logit below all others, also below that of a weight of zero: its exponential is exactly zero.
    const NOTHING: f64 = 1e36;
    let logits = match &parts.presence {
        None => logits.to_vec(),
        Some(presence) => logits
            .iter()
            .zip(presence)
            .map(|(logit, presence)| logit.broadcast_add(&presence.affine(NOTHING, -NOTHING)?))
            .collect::<Result<_>>()?,
    };
    let stacked = Tensor::stack(&logits, D::Minus1)?;
    let weights = candle_nn::ops::softmax(&stacked, D::Minus1)?;
    (0..logits.len())
        .map(|i| weights.narrow(D::Minus1, i, 1)?.squeeze(D::Minus1))
        .collect()
}
