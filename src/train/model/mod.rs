//! The trainable twin of [`crate::policy::Policy`]: the same sums in candle, which can differentiate them.
//! Parameters carry the names under which the policy's weights are stored.

mod concat;
mod mlp;
mod parameters;

pub use parameters::Parameters;

use candle_core::{Device, Result, Tensor};

use self::concat::Concat;
use self::mlp::Mlp;
use self::parameters::Linear;
use super::standard::Standard;
use crate::policy::{FusionSpec, HeadSpec, PolicySpec, Weights};

/// A fusion method that can be trained, the twin of [`crate::fusion::Fusion`].
pub trait Fusion {
    /// Width of the fused vector.
    fn width(&self) -> usize;

    /// Fuses aligned features `[batch, width of the modality]`, one per modality, to `[batch, width]`.
    ///
    /// # Errors
    /// What candle says; never for tensors of the right shapes.
    fn fuse(&self, aligned: &[Tensor]) -> Result<Tensor>;
}

/// A head that can be trained, the twin of [`crate::head::Head`].
pub trait Head {
    /// The standardised action `[batch, actions]` for a fused vector `[batch, width]`.
    ///
    /// # Errors
    /// What candle says; never for tensors of the right shapes.
    fn act(&self, fused: &Tensor) -> Result<Tensor>;
}

/// Standardisation, alignment, fusion and head.
pub struct Model {
    modalities: Vec<Modality>,
    fusion: Box<dyn Fusion>,
    head: Box<dyn Head>,
    parameters: Parameters,
}

struct Modality {
    name: String,
    standard: Standard,
    mean: Tensor,
    inverse_std: Tensor,
    projection: Option<Linear>,
}

impl Model {
    /// A model with initial parameters drawn from `seed`, for features that are distributed as `standards` say,
    /// one per modality in the policy's order.
    ///
    /// # Errors
    /// What candle says about its memory.
    pub fn new(spec: &PolicySpec, standards: Vec<Standard>, seed: u64) -> Result<Self> {
        let mut parameters = Parameters::new(seed);
        let mut modalities = Vec::with_capacity(spec.modalities.len());
        for (m, standard) in spec.modalities.iter().zip(standards) {
            let projection = match m.align {
                Some(align) => {
                    Some(parameters.linear(&format!("align.{}", m.name), m.width, align)?)
                }
                None => None,
            };
            let inverse_std: Vec<f32> = standard.std.iter().map(|std| 1.0 / std).collect();
            modalities.push(Modality {
                name: m.name.clone(),
                mean: Tensor::new(standard.mean.as_slice(), &Device::Cpu)?,
                inverse_std: Tensor::new(inverse_std, &Device::Cpu)?,
                standard,
                projection,
            });
        }
        let widths = spec.modalities.iter().map(|m| m.fused_width());
        let fusion: Box<dyn Fusion> = match spec.fusion {
            FusionSpec::Concat => Box::new(Concat::new(widths)),
            _ => candle_core::bail!("this fusion is not there yet"),
        };
        let head: Box<dyn Head> = match &spec.head {
            HeadSpec::Mlp { hidden, .. } => Box::new(Mlp::new(
                &mut parameters,
                fusion.width(),
                hidden,
                spec.actions.len(),
            )?),
        };
        Ok(Self {
            modalities,
            fusion,
            head,
            parameters,
        })
    }

    /// The standardised action `[batch, actions]` for features `[batch, width]`, one per modality.
    ///
    /// # Errors
    /// What candle says; never for tensors of the right shapes.
    pub fn forward(&self, features: &[Tensor]) -> Result<Tensor> {
        self.forward_disturbed(features, Ok)
    }

    /// As [`Model::forward`], with the standardised features changed on the way by `disturb`.
    ///
    /// # Errors
    /// What candle says; never for tensors of the right shapes.
    pub fn forward_disturbed(
        &self,
        features: &[Tensor],
        mut disturb: impl FnMut(Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let aligned = self
            .modalities
            .iter()
            .zip(features)
            .map(|(modality, feature)| modality.align(disturb(modality.standardise(feature)?)?))
            .collect::<Result<Vec<_>>>()?;
        self.head.act(&self.fusion.fuse(&aligned)?)
    }

    /// What is learned.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The tensors of a policy whose labels are distributed as `action` says.
    ///
    /// # Errors
    /// What candle says.
    pub fn weights(&self, action: &Standard) -> Result<Weights> {
        let mut weights = Weights::default();
        for modality in &self.modalities {
            modality
                .standard
                .store(&format!("standardise.{}", modality.name), &mut weights);
        }
        action.store("action", &mut weights);
        self.parameters.store(&mut weights)?;
        Ok(weights)
    }
}

impl Modality {
    fn standardise(&self, feature: &Tensor) -> Result<Tensor> {
        feature
            .broadcast_sub(&self.mean)?
            .broadcast_mul(&self.inverse_std)
    }

    fn align(&self, standardised: Tensor) -> Result<Tensor> {
        match &self.projection {
            Some(projection) => projection.apply(&standardised),
            None => Ok(standardised),
        }
    }
}

#[cfg(test)]
mod tests;
