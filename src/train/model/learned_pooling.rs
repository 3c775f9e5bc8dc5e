//! Poolings that are learned together with the policy.

use candle_core::{D, Device, Result, Tensor};

use super::parameters::Parameters;
use crate::map::MapShape;
use crate::spec::{Pooling, Weights};
use crate::train::normalizer::Normalizer;

/// The differentiable counterpart of [`crate::encoder::LearnedPooling`], for maps whose channels are standardized.
pub(super) struct LearnedPooling {
    pooling: Pooling,
    /// `[mixtures, channels]`
    weight: Tensor,
    bias: Tensor,
    /// x and y of every position, `[positions, 2]`, from −1 to 1.
    places: Tensor,
    shape: MapShape,
    mixtures: usize,
}

impl LearnedPooling {
    pub(super) fn new(
        parameters: &mut Parameters,
        modality: &str,
        pooling: Pooling,
        mixtures: usize,
        shape: MapShape,
    ) -> Result<Self> {
        let bound = 1.0 / (shape.channels as f32).sqrt();
        let weight = format!("pool.{modality}.weight");
        let places: Vec<f32> = shape.places().flatten().collect();
        Ok(Self {
            weight: parameters.evenly(weight, &[mixtures, shape.channels], bound)?,
            bias: parameters.zeros(format!("pool.{modality}.bias"), &[mixtures])?,
            places: Tensor::from_vec(places, (shape.positions(), 2), &Device::Cpu)?,
            pooling,
            shape,
            mixtures,
        })
    }

    /// `[batch, channels·positions]` to `[batch, width]`.
    pub(super) fn pool(&self, maps: &Tensor) -> Result<Tensor> {
        let (batch, positions) = (maps.dim(0)?, self.shape.positions());
        let maps = maps.reshape((batch, self.shape.channels, positions))?;
        let said = self
            .weight
            .broadcast_left(batch)?
            .matmul(&maps)?
            .broadcast_add(&self.bias.reshape((1, self.mixtures, 1))?)?;
        match self.pooling {
            Pooling::Convolution => said.relu()?.reshape((batch, ())),
            _ => self.keypoints(&said),
        }
    }

    /// Of logits, `[batch, keypoints, positions]`: every x, then every y.
    fn keypoints(&self, logits: &Tensor) -> Result<Tensor> {
        let batch = logits.dim(0)?;
        let attention = candle_nn::ops::softmax(logits, D::Minus1)?;
        let places = attention
            .reshape(((), self.shape.positions()))?
            .matmul(&self.places)?;
        let places = places.reshape((batch, self.mixtures, 2))?;
        places.transpose(1, 2)?.reshape((batch, 2 * self.mixtures))
    }

    /// How many numbers it gives.
    pub(super) fn width(&self) -> usize {
        self.pooling.learned_width(self.mixtures, self.shape)
    }

    /// Folds the standardization into the tensors, so that the node pools maps as they come.
    pub(super) fn store(
        &self,
        modality: &str,
        standard: &Normalizer,
        weights: &mut Weights,
    ) -> Result<()> {
        let mut weight: Vec<Vec<f32>> = self.weight.to_vec2()?;
        let mut bias: Vec<f32> = self.bias.to_vec1()?;
        let positions = self.shape.positions();
        for (row, bias) in weight.iter_mut().zip(&mut bias) {
            for (channel, number) in row.iter_mut().enumerate() {
                *number /= standard.std[channel * positions];
                *bias -= *number * standard.mean[channel * positions];
            }
        }
        let shape = vec![self.mixtures, self.shape.channels];
        weights.insert(format!("pool.{modality}.weight"), shape, weight.concat());
        weights.insert(format!("pool.{modality}.bias"), vec![self.mixtures], bias);
        Ok(())
    }
}
