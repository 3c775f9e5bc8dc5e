//! What every fusion method does, and what it is given.

use nalgebra::DVector;

use crate::number::Number;

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
