//! The pooling `spatial_softmax`: learned keypoints of a map.
//!
//! Keypoint j is where its combine of channels is strong: a softmax over the positions p of Σ_c W[j,c]·map[c,p] + b[j],
//! and the expected place under it (Finn et al. 2016, "Deep spatial autoencoders for visuomotor learning").

use nalgebra::{DMatrix, DMatrixView};

use crate::map::{MapShape, spatial_soft_argmax};

/// The learned mixtures with room for one map. Never allocates after it is built.
#[derive(Clone, Debug)]
pub(super) struct Keypoints {
    /// `[channels, keypoints]`
    mixtures: DMatrix<f32>,
    /// `[positions, 2]`
    places: DMatrix<f32>,
    /// `[positions, keypoints]`
    attention: DMatrix<f32>,
}

impl Keypoints {
    /// Of `[keypoints, channels]`, for maps of this shape. The bias of a keypoint would move all positions alike, so the
    /// softmax does not see it.
    pub fn new(weight: &DMatrix<f32>, shape: MapShape) -> Self {
        let places: Vec<f32> = shape.places().flatten().collect();
        Self {
            mixtures: weight.transpose(),
            places: DMatrix::from_row_slice(shape.positions(), 2, &places),
            attention: DMatrix::zeros(shape.positions(), weight.nrows()),
        }
    }

    /// How many numbers it gives.
    pub fn width(&self) -> usize {
        2 * self.attention.ncols()
    }

    /// Pools a map of the shape that this was loaded for into x of every keypoint, then y of every keypoint.
    pub fn pool(&mut self, map: &[f32], vector: &mut [f32]) {
        let (positions, channels) = (self.attention.nrows(), self.mixtures.nrows());
        let map = DMatrixView::from_slice(map, positions, channels);
        self.attention.gemm(1.0, &map, &self.mixtures, 0.0);
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
        let weight = DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 0.0, -1.0]);
        let mut keypoints = Keypoints::new(&weight, shape);
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
}
