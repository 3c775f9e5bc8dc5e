//! What stands in for a modality that is missing.

use nalgebra::DVector;

use crate::errors::ConfigErrors;
use crate::number::Number;
use crate::spec::Weights;

/// Reads the learned missing-modality embeddings (tensor `missing.<modality>`) of modalities given by name and projected
/// width; zeros, the training mean, where the policy has none.
///
/// # Errors
/// Every embedding of another width than its modality's.
pub fn embeddings<T: Number>(
    modalities: &[(&str, usize)],
    weights: &Weights,
) -> Result<Vec<DVector<T>>, ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let mut embeddings = Vec::with_capacity(modalities.len());
    for (name, width) in modalities {
        let tensor = format!("missing.{name}");
        if weights.contains(&tensor) {
            embeddings.extend(weights.vector(&tensor, *width, &mut errors));
        } else {
            embeddings.push(DVector::zeros(*width));
        }
    }
    errors.or(embeddings)
}
