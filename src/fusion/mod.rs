//! From the projected features of the modalities that are present to one fused vector.
//!
//! One file per method; none knows of another. Where a formula has Σ or softmax over modalities, they run over those
//! that are present.

mod bilinear;
mod concat;
mod cross_attention;
mod distance;
mod members;
mod method;
mod missing;
mod projection;
mod vote;
mod weighted;

pub use bilinear::Bilinear;
pub use concat::Concat;
pub use cross_attention::CrossAttention;
pub use distance::distance;
pub use method::{Ballot, Fusion, FusionTrace, Input};
pub use projection::Projection;
pub use vote::Vote;
pub use weighted::Weighted;

use members::members;

use crate::errors::ConfigErrors;
use crate::number::Number;
use crate::spec::{FusionSpec, PolicySpec, Weights};

/// Builds the method that a policy names.
///
/// # Errors
/// Every tensor that is missing or of another shape than the method needs.
pub fn build<T: Number>(
    spec: &PolicySpec,
    weights: &Weights,
) -> Result<Box<dyn Fusion<T>>, ConfigErrors> {
    Ok(match &spec.fusion {
        FusionSpec::Concat => Box::new(Concat::load(&members(spec), weights)?),
        FusionSpec::Weighted(weighted) => {
            Box::new(Weighted::load(weighted, &members(spec), weights)?)
        }
        FusionSpec::Bilinear(bilinear) => {
            Box::new(Bilinear::load(bilinear, &members(spec), weights)?)
        }
        FusionSpec::CrossAttention(attention) => {
            Box::new(CrossAttention::load(attention, &members(spec), weights)?)
        }
        FusionSpec::Vote(vote) => Box::new(Vote::load(vote, spec, weights)?),
    })
}
