//! Concatenation.

use candle_core::{Result, Tensor};

use super::method::{Fusion, Setting};
use super::parameters::Parameters;
use super::parts::{Absent, Parts};

/// The differentiable counterpart of [`crate::fusion::Concat`].
pub(super) struct Concat {
    absent: Absent,
    width: usize,
}

impl Concat {
    pub(super) fn new(parameters: &mut Parameters, setting: &Setting) -> Result<Self> {
        Ok(Self {
            absent: Absent::new(parameters, &setting.modalities, setting.leaves_out)?,
            width: setting.modalities.iter().map(|(_, width)| width).sum(),
        })
    }
}

impl Fusion for Concat {
    fn width(&self) -> usize {
        self.width
    }

    fn fuse(&self, parts: &Parts) -> Result<Tensor> {
        Tensor::cat(&self.absent.fill(parts)?, 1)
    }
}
