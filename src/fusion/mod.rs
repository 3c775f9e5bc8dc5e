//! From the aligned features of the modalities that are present to one fused vector.

mod alignment;
mod concat;

pub use alignment::Alignment;
pub use concat::Concat;

use nalgebra::DVector;

use crate::number::Number;
use crate::policy::{FusionSpec, Weights};
use crate::problems::Problems;

/// What is fused at one moment.
#[derive(Clone, Copy)]
pub struct Input<'a, T: Number> {
    /// The aligned features, one entry per modality in the policy's order, `None` where a modality is absent.
    pub aligned: &'a [Option<&'a DVector<T>>],
    /// Their ages in seconds; not looked at where a modality is absent.
    pub ages_s: &'a [f64],
}

/// A fusion method. All memory is taken when it is built; [`Fusion::fuse`] never allocates.
pub trait Fusion<T: Number>: Send {
    /// Width of the fused vector.
    fn width(&self) -> usize;

    /// Fuses what is present. `fused` has [`Fusion::width`] numbers, each of which is overwritten.
    fn fuse(&mut self, input: Input<'_, T>, fused: &mut DVector<T>);
}

/// Builds the method that a policy names, for modalities of the given names and aligned widths.
///
/// # Errors
/// Every tensor that is missing or of another shape than the method needs.
pub fn build<T: Number>(
    spec: &FusionSpec,
    modalities: &[(&str, usize)],
    weights: &Weights,
) -> Result<Box<dyn Fusion<T>>, Problems> {
    match spec {
        FusionSpec::Concat => Ok(Box::new(Concat::load(modalities, weights)?)),
        _ => Err("this method is not there yet".to_owned().into()),
    }
}

#[cfg(test)]
impl<'a, T: Number> Input<'a, T> {
    /// Features that are no second old.
    pub fn fresh(aligned: &'a [Option<&'a DVector<T>>]) -> Self {
        Self {
            aligned,
            ages_s: &[0.0; 16],
        }
    }
}
