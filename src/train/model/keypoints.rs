//! Learned keypoints of a map.

use candle_core::{D, Device, Result, Tensor};

use super::parameters::Parameters;
use crate::map::MapShape;
use crate::spec::Weights;
use crate::train::normalizer::Normalizer;

/// The differentiable counterpart of the pooling `spatial_softmax`, for maps whose channels are standardized.
pub(super) struct Keypoints {
    weight: Tensor,
    bias: Tensor,
    /// x and y of every position, `[positions, 2]`, from −1 to 1.
    places: Tensor,
    shape: MapShape,
    count: usize,
}

impl Keypoints {
    pub(super) fn new(
        parameters: &mut Parameters,
        modality: &str,
        count: usize,
        shape: MapShape,
    ) -> Result<Self> {
        let bound = 1.0 / (shape.channels as f32).sqrt();
        let weight = format!("pool.{modality}.weight");
        let places: Vec<f32> = shape.places().flatten().collect();
        Ok(Self {
            weight: parameters.evenly(weight, &[count, shape.channels], bound)?,
            bias: parameters.zeros(format!("pool.{modality}.bias"), &[count])?,
            places: Tensor::from_vec(places, (shape.positions(), 2), &Device::Cpu)?,
            shape,
            count,
        })
    }

    /// `[batch, channels·positions]` to `[batch, 2·keypoints]`: every x, then every y.
    pub(super) fn pool(&self, maps: &Tensor) -> Result<Tensor> {
        let (batch, positions) = (maps.dim(0)?, self.shape.positions());
        let maps = maps.reshape((batch, self.shape.channels, positions))?;
        let logits = self
            .weight
            .broadcast_left(batch)?
            .matmul(&maps)?
            .broadcast_add(&self.bias.reshape((1, self.count, 1))?)?;
        let attention = candle_nn::ops::softmax(&logits, D::Minus1)?;
        let places = attention.reshape(((), positions))?.matmul(&self.places)?;
        let places = places.reshape((batch, self.count, 2))?;
        places.transpose(1, 2)?.reshape((batch, 2 * self.count))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
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
        let shape = vec![self.count, self.shape.channels];
        weights.insert(format!("pool.{modality}.weight"), shape, weight.concat());
        weights.insert(format!("pool.{modality}.bias"), vec![self.count], bias);
        Ok(())
    }
}
