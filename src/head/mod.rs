//! From the fused vector to an action.

mod decision;
mod direct;
mod mlp;

pub use decision::Head;
pub use direct::Direct;
pub use mlp::MlpHead;

use crate::errors::ConfigErrors;
use crate::number::Number;
use crate::spec::{FusionSpec, HeadSpec, PolicySpec, Weights};

/// Builds the head that a policy names, for a fused vector of the given width. A vote has decided already.
///
/// # Errors
/// Every tensor that is missing or of another shape than the head needs.
pub fn build<T: Number>(
    spec: &PolicySpec,
    width: usize,
    weights: &Weights,
) -> Result<Box<dyn Head<T>>, ConfigErrors> {
    let (HeadSpec::Mlp { hidden, .. }, actions) = (&spec.head, spec.actions.len());
    match &spec.fusion {
        FusionSpec::Vote(_) => Ok(Box::new(Direct)),
        _ => {
            let steps = spec.head.steps();
            let head = MlpHead::load(width, hidden, steps, actions, weights)?;
            Ok(Box::new(head))
        }
    }
}
