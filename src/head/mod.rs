//! From the fused vector to an action.

mod mlp;

pub use mlp::Mlp;

use nalgebra::DVector;

use crate::number::Number;
use crate::policy::{HeadSpec, Weights};
use crate::problems::Problems;

/// A decision head. All memory is taken when it is built; [`Head::act`] never allocates.
pub trait Head<T: Number>: Send {
    /// The action, one number per entry of `action`, for a fused vector of the width the head was built for.
    fn act(&mut self, fused: &DVector<T>, action: &mut [f64]);
}

/// Builds the head that a policy names.
///
/// # Errors
/// Every tensor that is missing or of another shape than the head needs.
pub fn build<T: Number>(
    spec: &HeadSpec,
    fused_width: usize,
    actions: usize,
    weights: &Weights,
) -> Result<Box<dyn Head<T>>, Problems> {
    match spec {
        HeadSpec::Mlp { hidden, .. } => {
            Ok(Box::new(Mlp::load(fused_width, hidden, actions, weights)?))
        }
    }
}
