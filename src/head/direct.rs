//! No head: the fused vector is the action.

use nalgebra::DVector;

use super::decision::Head;
use crate::number::Number;

/// After a fusion that decides, such as a vote.
pub struct Direct;

impl<T: Number> Head<T> for Direct {
    fn act(&mut self, fused: &DVector<T>, action: &mut [f64]) {
        for (number, fused) in action.iter_mut().zip(fused.iter()) {
            *number = fused.to_f64();
        }
    }
}
