//! What is fused, for a batch: projected features, and which of them are there.

use candle_core::{Result, Tensor};

use super::parameters::Parameters;

/// The projected features of a batch.
pub struct Parts {
    /// One `[batch, width of the modality]` per modality.
    pub projected: Vec<Tensor>,
    /// One `[batch, 1]` per modality, 1 where it is there and 0 where it is left out; none where nothing is left out.
    pub presence: Option<Vec<Tensor>>,
}

/// The differentiable counterpart of `fusion::absent`: what stands in for a modality that is left out. Learned where modalities are left out
/// while learning; otherwise there is nothing to learn it from.
pub(super) struct Absent(Option<Vec<Tensor>>);

impl Absent {
    pub(super) fn new(
        parameters: &mut Parameters,
        modalities: &[(&str, usize)],
        learned: bool,
    ) -> Result<Self> {
        let mut vector =
            |(name, width): &(&str, usize)| parameters.zeros(format!("missing.{name}"), &[*width]);
        match learned {
            true => Ok(Self(Some(
                modalities.iter().map(&mut vector).collect::<Result<_>>()?,
            ))),
            false => Ok(Self(None)),
        }
    }

    /// The projected features, with what stands in where a modality is left out.
    pub(super) fn fill(&self, parts: &Parts) -> Result<Vec<Tensor>> {
        let each = parts.projected.iter().enumerate();
        each.map(|(i, projected)| self.stand_in(i, projected, parts))
            .collect()
    }

    /// What is fused of modality `i`, with what stands in where it is left out.
    pub(super) fn stand_in(&self, i: usize, there: &Tensor, parts: &Parts) -> Result<Tensor> {
        let Some(presence) = &parts.presence else {
            return Ok(there.clone());
        };
        let there = there.broadcast_mul(&presence[i])?;
        match &self.0 {
            Some(absent) => {
                let lack = presence[i].affine(-1.0, 1.0)?;
                there + absent[i].unsqueeze(0)?.broadcast_mul(&lack)?
            }
            None => Ok(there),
        }
    }
}
