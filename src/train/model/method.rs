//! What every trainable fusion method does, and what it is built for.

use candle_core::{Result, Tensor};

use super::parts::Parts;

/// A fusion method that can be trained: the differentiable counterpart of [`crate::fusion::Fusion`].
pub(super) trait Fusion {
    /// Width of the fused vector.
    fn width(&self) -> usize;

    /// Fuses to `[batch, width]`.
    fn fuse(&self, parts: &Parts) -> Result<Tensor>;
}

/// What every method is built for.
pub(super) struct Setting<'a> {
    /// The modalities by name and projected width.
    pub modalities: Vec<(&'a str, usize)>,
    /// Whether modalities will be left out while learning.
    pub leaves_out: bool,
    /// Steps of the chunk.
    pub steps: usize,
}
