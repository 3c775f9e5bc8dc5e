//! Concatenation; nothing in it is learned.

use candle_core::{Result, Tensor};

use super::Fusion;

/// The twin of [`crate::fusion::Concat`].
pub(super) struct Concat {
    width: usize,
}

impl Concat {
    pub(super) fn new(widths: impl Iterator<Item = usize>) -> Self {
        Self {
            width: widths.sum(),
        }
    }
}

impl Fusion for Concat {
    fn width(&self) -> usize {
        self.width
    }

    fn fuse(&self, aligned: &[Tensor]) -> Result<Tensor> {
        Tensor::cat(aligned, 1)
    }
}
