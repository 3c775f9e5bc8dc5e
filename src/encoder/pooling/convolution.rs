//! The pooling `convolution`: what learned mixtures of a map's channels say at every position.

use nalgebra::{DMatrix, DMatrixView, DVector};

use crate::layers::rectified;
use crate::map::MapShape;

/// A 1×1 convolution with ReLU, with room for one map. Never allocates after it is built.
#[derive(Clone, Debug)]
pub(super) struct Convolution {
    /// `[channels, filters]`
    mixtures: DMatrix<f32>,
    bias: DVector<f32>,
    /// `[positions, filters]`
    said: DMatrix<f32>,
}

impl Convolution {
    /// Of `[filters, channels]` and `[filters]`, for maps of this shape.
    pub fn new(weight: &DMatrix<f32>, bias: DVector<f32>, shape: MapShape) -> Self {
        Self {
            mixtures: weight.transpose(),
            said: DMatrix::zeros(shape.positions(), bias.len()),
            bias,
        }
    }

    /// How many numbers it gives.
    pub fn width(&self) -> usize {
        self.said.len()
    }

    /// max(0, Σ_c W[j,c]·map[c,p] + b[j]) for every filter j and position p, filter after filter; NaN where a sum is not
    /// finite.
    pub fn pool(&mut self, map: &[f32], vector: &mut [f32]) {
        let (positions, channels) = (self.said.nrows(), self.mixtures.nrows());
        let map = DMatrixView::from_slice(map, positions, channels);
        self.said.gemm(1.0, &map, &self.mixtures, 0.0);
        let said = self.said.as_slice().chunks_exact(positions);
        for ((said, bias), into) in said
            .zip(self.bias.iter())
            .zip(vector.chunks_exact_mut(positions))
        {
            for (into, said) in into.iter_mut().zip(said) {
                *into = rectified(said + bias);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_says_something_of_every_position() {
        let shape = MapShape {
            channels: 2,
            rows: 1,
            columns: 3,
        };
        let weight = DMatrix::from_row_slice(2, 2, &[1.0, 2.0, -1.0, 0.0]);
        let mut convolution = Convolution::new(&weight, DVector::from_vec(vec![0.5, 1.5]), shape);
        let mut vector = [0.0; 6];
        convolution.pool(&[1.0, 2.0, 3.0, 10.0, 0.0, -10.0], &mut vector);
        assert_eq!(vector, [21.5, 2.5, 0.0, 0.5, 0.0, 0.0]);
    }
}
