//! Poolings that are learned together with the policy, from the encoder's whole map.

use nalgebra::DMatrix;

use super::convolution::Convolution;
use super::keypoints::Keypoints;
use crate::errors::ConfigErrors;
use crate::map::MapShape;
use crate::spec::{Pooling, Weights};

/// Pools maps of one shape. Never allocates after it is built.
#[derive(Clone, Debug)]
pub struct LearnedPooling {
    kind: Kind,
    shape: MapShape,
}

#[derive(Clone, Debug)]
enum Kind {
    Keypoints(Keypoints),
    Convolution(Convolution),
}

impl LearnedPooling {
    /// Reads `pool.<modality>.weight` (`[mixtures, channels]`) and `pool.<modality>.bias` (`[mixtures]`), where the mixtures
    /// are keypoints for `spatial_softmax` and filters for `convolution`.
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(
        pooling: Pooling,
        modality: &str,
        mixtures: usize,
        shape: MapShape,
        weights: &Weights,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let name = format!("pool.{modality}.weight");
        let weight: Option<DMatrix<f32>> =
            weights.matrix(&name, mixtures, shape.channels, &mut errors);
        let bias = weights.vector(&format!("pool.{modality}.bias"), mixtures, &mut errors);
        let (Some(weight), Some(bias)) = (weight, bias) else {
            return Err(errors);
        };
        let kind = match pooling {
            Pooling::Convolution => Kind::Convolution(Convolution::new(&weight, bias, shape)),
            _ => Kind::Keypoints(Keypoints::new(&weight, shape)),
        };
        Ok(Self { kind, shape })
    }

    /// How many numbers it gives.
    pub fn width(&self) -> usize {
        match &self.kind {
            Kind::Keypoints(keypoints) => keypoints.width(),
            Kind::Convolution(convolution) => convolution.width(),
        }
    }

    /// How many numbers its maps have.
    pub fn numbers(&self) -> usize {
        self.shape.channels * self.shape.positions()
    }

    /// Pools a map of the shape that this was loaded for into [`LearnedPooling::width`] numbers.
    pub fn pool(&mut self, map: &[f32], vector: &mut [f32]) {
        match &mut self.kind {
            Kind::Keypoints(keypoints) => keypoints.pool(map, vector),
            Kind::Convolution(convolution) => convolution.pool(map, vector),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_that_do_not_fit_the_map_are_named() {
        let shape = MapShape {
            channels: 3,
            rows: 1,
            columns: 1,
        };
        let mut weights = Weights::default();
        weights.insert("pool.eye.weight", vec![2, 2], vec![0.0; 4]);
        for pooling in [Pooling::SpatialSoftmax, Pooling::Convolution] {
            let errors = LearnedPooling::load(pooling, "eye", 2, shape, &weights).unwrap_err();
            let text = errors.to_string();
            assert!(
                text.contains("pool.eye.weight") && text.contains("pool.eye.bias"),
                "{text}"
            );
        }
    }
}
