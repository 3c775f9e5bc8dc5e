//! Low-rank bilinear interaction.

use candle_core::{Result, Tensor};

use super::method::{Fusion, Setting};
use super::parameters::Parameters;
use super::parts::{Absent, Parts};
use crate::spec::BilinearSpec;

/// The differentiable counterpart of [`crate::fusion::Bilinear`].
pub(super) struct Bilinear {
    absent: Absent,
    pairs: Vec<([usize; 2], [Tensor; 2])>,
    width: usize,
}

impl Bilinear {
    pub(super) fn new(
        parameters: &mut Parameters,
        spec: &BilinearSpec,
        setting: &Setting,
    ) -> Result<Self> {
        let modalities = &setting.modalities;
        let absent = Absent::new(parameters, modalities, setting.leaves_out)?;
        let mut factor = |[i, j]: [usize; 2], modality: usize, side: &str| {
            let name = format!("fusion.{}.{}.{side}", modalities[i].0, modalities[j].0);
            let width = modalities[modality].1;
            let bound = 1.0 / (width as f32).sqrt();
            parameters.evenly(name, &[spec.rank, width], bound)
        };
        let pairs = spec
            .pairs_of(modalities.iter().map(|(name, _)| *name))
            .into_iter()
            .map(|pair| {
                let factors = [
                    factor(pair, pair[0], "left")?,
                    factor(pair, pair[1], "right")?,
                ];
                Ok((pair, factors))
            })
            .collect::<Result<Vec<_>>>()?;
        let projected: usize = modalities.iter().map(|(_, width)| width).sum();
        Ok(Self {
            width: projected + pairs.len() * spec.rank,
            absent,
            pairs,
        })
    }
}

impl Fusion for Bilinear {
    fn width(&self) -> usize {
        self.width
    }

    fn fuse(&self, parts: &Parts) -> Result<Tensor> {
        let mut fused = self.absent.fill(parts)?;
        for ([i, j], [left, right]) in &self.pairs {
            let left = fused[*i].matmul(&left.t()?)?;
            let right = fused[*j].matmul(&right.t()?)?;
            fused.push((left * right)?);
        }
        Tensor::cat(&fused, 1)
    }
}
