//! From the aligned features of the modalities that are present to one fused vector.

mod alignment;
mod concat;

pub use alignment::Alignment;
pub use concat::Concat;

use nalgebra::DVector;

use crate::policy::{FusionSpec, Weights};
use crate::problems::Problems;

/// A fusion method. All memory is taken when it is built; [`Fusion::fuse`] never allocates.
pub trait Fusion: Send {
    /// Width of the fused vector.
    fn width(&self) -> usize;

    /// Fuses the aligned features, one entry per modality in the policy's order, `None` where a modality is absent.
    /// `fused` has [`Fusion::width`] numbers, each of which is overwritten.
    fn fuse(&mut self, aligned: &[Option<&DVector<f32>>], fused: &mut DVector<f32>);
}

/// Builds the method that a policy names, for modalities of the given names and aligned widths.
///
/// # Errors
/// Every tensor that is missing or of another shape than the method needs.
pub fn build(
    spec: &FusionSpec,
    modalities: &[(&str, usize)],
    weights: &Weights,
) -> Result<Box<dyn Fusion>, Problems> {
    match spec {
        FusionSpec::Concat => Ok(Box::new(Concat::load(modalities, weights)?)),
    }
}
