//! The pooling `spatial_softmax`: learned keypoints of a map.
//!
//! Keypoint j is where its combine of channels is strong: a softmax over the positions p of Σ_c W[j,c]·map[c,p] + b[j],
//! and the expected place under it (Finn et al. 2016, "Deep spatial autoencoders for visuomotor learning").

use nalgebra::{DMatrix, DMatrixView, DVector};

use crate::errors::ConfigErrors;
use crate::map::{MapShape, spatial_soft_argmax};
use crate::spec::Weights;

/// The learned mixtures with room for one map. Never allocates after it is built.
#[derive(Clone, Debug)]
pub struct Keypoints {
    /// `[channels, keypoints]`
    mixtures: DMatrix<f32>,
    bias: DVector<f32>,
    /// `[positions, 2]`
    places: DMatrix<f32>,
    /// `[positions, keypoints]`
    attention: DMatrix<f32>,
    shape: MapShape,
}

impl Keypoints {
    /// Reads `pool.<modality>.weight` (`[keypoints, channels]`) and `pool.<modality>.bias` (`[keypoints]`).
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(
        modality: &str,
        count: usize,
        shape: MapShape,
        weights: &Weights,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let name = format!("pool.{modality}.weight");
        let weight: Option<DMatrix<f32>> =
            weights.matrix(&name, count, shape.channels, &mut errors);
        let bias = weights.vector(&format!("pool.{modality}.bias"), count, &mut errors);
        let places: Vec<f32> = shape.places().flatten().collect();
        match (weight, bias) {
            (Some(weight), Some(bias)) => Ok(Self {
                mixtures: weight.transpose(),
                bias,
                places: DMatrix::from_row_slice(shape.positions(), 2, &places),
                attention: DMatrix::zeros(shape.positions(), count),
                shape,
            }),
            _ => Err(errors),
        }
    }

    /// How many keypoints there are.
    pub fn count(&self) -> usize {
        self.bias.len()
    }

    /// How many numbers its maps have.
    pub fn numbers(&self) -> usize {
        self.shape.channels * self.shape.positions()
    }

    /// Pools a map of the shape that this was loaded for into x of every keypoint, then y of every keypoint.
    pub fn pool(&mut self, map: &[f32], vector: &mut [f32]) {
        let map = DMatrixView::from_slice(map, self.shape.positions(), self.shape.channels);
        self.attention.gemm(1.0, &map, &self.mixtures, 0.0);
        // The bias moves all positions of a keypoint alike, so the softmax does not see it.
        spatial_soft_argmax(&mut self.attention, &self.places, vector);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keypoint_lies_where_its_mixture_is_strong() {
        let shape = MapShape {
            channels: 2,
            rows: 2,
            columns: 3,
        };
        let mut weights = Weights::default();
        weights.insert("pool.eye.weight", vec![2, 2], vec![1.0, 0.0, 0.0, -1.0]);
        weights.insert("pool.eye.bias", vec![2], vec![3.0, -3.0]);
        let mut keypoints = Keypoints::load("eye", 2, shape, &weights).unwrap();
        let mut map = [0.0; 12];
        map[5] = 60.0; // channel 0, bottom right
        map[6..12].fill(60.0);
        map[6] = 0.0; // channel 1 is weakest at the top left
        let mut vector = [0.0; 4];
        keypoints.pool(&map, &mut vector);
        for (found, expected) in vector.iter().zip([1.0, -1.0, 1.0, -1.0]) {
            assert!((found - expected).abs() < 1e-6, "{vector:?}");
        }
        keypoints.pool(&[0.0; 12], &mut vector);
        assert!(
            vector.iter().all(|v| v.abs() < 1e-6),
            "the middle: {vector:?}"
        );
    }

    #[test]
    fn tensors_that_do_not_fit_the_map_are_named() {
        let shape = MapShape {
            channels: 3,
            rows: 1,
            columns: 1,
        };
        let mut weights = Weights::default();
        weights.insert("pool.eye.weight", vec![2, 2], vec![0.0; 4]);
        let errors = Keypoints::load("eye", 2, shape, &weights).unwrap_err();
        let text = errors.to_string();
        assert!(
            text.contains("pool.eye.weight") && text.contains("pool.eye.bias"),
            "{text}"
        );
    }
}
