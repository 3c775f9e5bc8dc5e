//! Where the weights come from.

use candle_core::{D, Result, Tensor};

use crate::train::model::parts::Parts;

/// A source of weights.
pub(super) trait Source {
    /// The weight of every modality, `[batch or 1, width or 1]`, for a batch.
    fn weigh(&self, parts: &Parts) -> Result<Vec<Tensor>>;
}

/// A softmax over the modalities that are there, of logits `[batch or 1, width or 1]`.
pub(super) fn softmax_over_modalities(logits: &[Tensor], parts: &Parts) -> Result<Vec<Tensor>> {
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
