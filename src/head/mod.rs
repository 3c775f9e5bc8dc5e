//! From the fused vector to an action.

mod block;
mod direct;
mod layers;
mod mlp;

pub use block::{Block, Presence};
pub use direct::Direct;
pub use layers::Layers;
pub use mlp::Mlp;

use nalgebra::DVector;

use crate::number::Number;
use crate::policy::{FusionSpec, HeadSpec, PolicySpec, Weights};
use crate::problems::Problems;

/// A decision head. All memory is taken when it is built; [`Head::act`] never allocates.
pub trait Head<T: Number>: Send {
    /// The action, or the actions of all steps one after the other, for a fused vector of the blocks that the head was
    /// built for.
    fn act(&mut self, fused: &DVector<T>, presence: Presence, action: &mut [f64]);
}

/// Builds the head that a policy names, for a fused vector made of the given blocks. A vote has decided already.
///
/// # Errors
/// Every tensor that is missing or of another shape than the head needs.
pub fn build<T: Number>(
    spec: &PolicySpec,
    blocks: &[Block],
    weights: &Weights,
) -> Result<Box<dyn Head<T>>, Problems> {
    let (HeadSpec::Mlp { hidden, .. }, actions) = (&spec.head, spec.actions.len());
    match &spec.fusion {
        FusionSpec::Vote(_) => Ok(Box::new(Direct)),
        _ => {
            let steps = spec.head.steps();
            let mlp = Mlp::load(blocks, hidden, steps, actions, weights)?;
            Ok(Box::new(mlp))
        }
    }
}
