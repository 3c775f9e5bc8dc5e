//! The weighted sum.

mod across;
mod fixed;
mod learned;
mod source;
mod within;

use candle_core::{Result, Tensor};

use self::across::Across;
use self::fixed::Fixed;
use self::learned::Learned;
use self::source::Source;
use self::within::Within;
use super::method::{Fusion, Setting};
use super::parameters::Parameters;
use super::parts::Parts;
use crate::spec::{WeightedSpec, WeightsSpec};

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
