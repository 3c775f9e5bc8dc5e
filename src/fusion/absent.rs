//! What stands in for a modality that is absent.

use nalgebra::DVector;

use crate::number::Number;
use crate::policy::Weights;
use crate::problems::Problems;

/// Reads the learned *absent* vectors (tensor `absent.<modality>`) of modalities given by name and aligned width; zeros,
/// the training mean, where the policy has none.
///
/// # Errors
/// Every absent vector of another width than its modality's.
pub fn vectors<T: Number>(
    modalities: &[(&str, usize)],
    weights: &Weights,
) -> Result<Vec<DVector<T>>, Problems> {
    let mut problems = Problems::new();
    let mut vectors = Vec::with_capacity(modalities.len());
    for (name, width) in modalities {
        let tensor = format!("absent.{name}");
        if weights.contains(&tensor) {
            vectors.extend(weights.vector(&tensor, *width, &mut problems));
        } else {
            vectors.push(DVector::zeros(*width));
        }
    }
    problems.or(vectors)
}
