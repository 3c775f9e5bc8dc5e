//! What a head does.

use nalgebra::DVector;

use crate::number::Number;

/// A decision head. All memory is taken when it is built; [`Head::act`] never allocates.
pub trait Head<T: Number>: Send {
    /// The action, or the actions of all steps one after the other, for a fused vector of the width that the head was
    /// built for.
    fn act(&mut self, fused: &DVector<T>, action: &mut [f64]);
}
