//! How exactly features are kept.

use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};

use super::normalizer::Normalizer;

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// IEEE 754 half precision: 11 bits, 6·10⁻⁸ to 65504.
    Half,
    /// Single precision.
    Single,
}

/// The root mean square of what a number loses by its rounding may be this part of the scale on which it is learned, far
/// below what `input_noise` usually adds.
const MOST_ROUNDING: f32 = 1.0 / 64.0;

impl Precision {
    /// Half precision, unless the rounding would show: where numbers are too large or too small for it, or hardly differ
    /// from message to message beside their size.
    pub fn of(values: &[f32], width: usize) -> Self {
        let rows = || values.chunks_exact(width);
        let scale = Normalizer::of_embeddings(rows(), width).std;
        let mut lost = vec![0.0f64; width];
        let mut rounded = vec![0.0; width];
        for row in rows() {
            halves(row).convert_to_f32_slice(&mut rounded);
            for ((lost, value), rounded) in lost.iter_mut().zip(row).zip(&rounded) {
                *lost += f64::from(value - rounded).powi(2);
            }
        }
        let count = rows().len().max(1) as f64;
        let is_small =
            |(lost, scale): (&f64, &f32)| (lost / count).sqrt() <= f64::from(MOST_ROUNDING * scale);
        // All that is infinite or not a number fails the comparison.
        match lost.iter().zip(&scale).all(is_small) {
            true => Self::Half,
            false => Self::Single,
        }
    }

    /// Bytes of a number.
    pub fn bytes(self) -> usize {
        match self {
            Self::Half => 2,
            Self::Single => 4,
        }
    }

    /// Numbers as bytes.
    pub fn encode(self, values: &[f32]) -> Vec<u8> {
        match self {
            Self::Half => {
                let halves = halves(values);
                halves.iter().flat_map(|v| v.to_le_bytes()).collect()
            }
            Self::Single => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    }

    /// Bytes as numbers.
    pub fn decode(self, bytes: &[u8], into: &mut [f32]) {
        match self {
            Self::Half => {
                let bits = bytes.chunks_exact(2);
                let bits: Vec<u16> = bits.map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
                bits.reinterpret_cast::<f16>().convert_to_f32_slice(into);
            }
            Self::Single => {
                for (value, b) in into.iter_mut().zip(bytes.chunks_exact(4)) {
                    *value = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                }
            }
        }
    }
}

fn halves(values: &[f32]) -> Vec<f16> {
    let mut halves = vec![f16::ZERO; values.len()];
    halves.convert_from_f32_slice(values);
    halves
}
