//! From the projected features of the modalities that are present to one fused vector.
//!
//! One file per method; none knows of another. Where a formula has Σ or softmax over modalities, they run over those
//! that are present.

mod bilinear;
mod concat;
mod cross_attention;
mod distance;
mod missing;
mod projection;
mod vote;
mod weighted;

pub use bilinear::Bilinear;
pub use concat::Concat;
pub use cross_attention::CrossAttention;
pub use distance::distance;
pub use projection::Projection;
pub use vote::Vote;
pub use weighted::Weighted;

use nalgebra::DVector;

use crate::errors::ConfigErrors;
use crate::number::Number;
use crate::spec::{FusionSpec, PolicySpec, Weights};

/// What is fused at one moment.
#[derive(Clone, Copy)]
pub struct Input<'a, T: Number> {
    /// The projected features, one entry per modality in the policy's order, `None` where a modality is missing.
    pub projected: &'a [Option<&'a DVector<T>>],
    /// Their ages in seconds; not looked at where a modality is missing.
    pub ages_s: &'a [f64],
}

/// A fusion method. All memory is taken when it is built; [`Fusion::fuse`] never allocates.
pub trait Fusion<T: Number>: Send {
    /// Width of the fused vector.
    fn width(&self) -> usize;

    /// Fuses what is present. `fused` has [`Fusion::width`] numbers, each of which is overwritten.
    fn fuse(&mut self, input: Input<'_, T>, fused: &mut DVector<T>);

    /// What counted how much in the last [`Fusion::fuse`].
    fn trace(&self) -> FusionTrace;
}

/// What counted how much. For people and for the topic `~/fusion`; makes its own memory.
#[derive(Clone, Debug, PartialEq)]
pub enum FusionTrace {
    /// The method has no weights: what is present is fused.
    Unweighted,
    /// The weight of every modality, in the policy's order; the mean over dimensions where each has its own. Zero where
    /// a modality is absent.
    Weights(Vec<f64>),
    /// What every voter voted for.
    Votes(Vec<Ballot>),
}

/// The vote of one voter.
#[derive(Clone, Debug, PartialEq)]
pub struct Ballot {
    /// The voter.
    pub voter: String,
    /// What its vote counts; zero where it did not vote.
    pub weight: f64,
    /// The action that it holds for likeliest, one number per entry of the action space, for the first step.
    pub action: Vec<f64>,
}

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

/// The modalities by name and projected width.
fn members(spec: &PolicySpec) -> Vec<(&str, usize)> {
    let modalities = spec.modalities.iter();
    modalities
        .map(|m| (m.name.as_str(), m.fused_width()))
        .collect()
}

#[cfg(test)]
impl<'a, T: Number> Input<'a, T> {
    /// Features that are no second old.
    pub fn fresh(projected: &'a [Option<&'a DVector<T>>]) -> Self {
        Self {
            projected,
            ages_s: &[0.0; 16],
        }
    }
}
