//! Concatenation: f = [f₁; …; f_M].

use nalgebra::DVector;

use super::method::{Fusion, FusionTrace, Input};
use super::missing;
use crate::errors::ConfigErrors;
use crate::number::Number;
use crate::spec::Weights;

/// Concatenation of the projected features. An absent modality is replaced by its learned missing-modality embedding
/// (tensor `missing.<modality>`), or by zeros, the training mean, where the policy has none.
pub struct Concat<T: Number> {
    absent: Vec<DVector<T>>,
    width: usize,
}

impl<T: Number> Concat<T> {
    /// Reads the missing-modality embeddings of modalities given by name and projected width.
    ///
    /// # Errors
    /// Every missing-modality embedding of another width than its modality's.
    pub fn load(modalities: &[(&str, usize)], weights: &Weights) -> Result<Self, ConfigErrors> {
        Ok(Self {
            absent: missing::embeddings(modalities, weights)?,
            width: modalities.iter().map(|(_, width)| width).sum(),
        })
    }
}

impl<T: Number> Fusion<T> for Concat<T> {
    fn width(&self) -> usize {
        self.width
    }

    fn fuse(&mut self, input: Input<'_, T>, fused: &mut DVector<T>) {
        let mut start = 0;
        for (feature, absent) in input.projected.iter().zip(&self.absent) {
            let part = feature.unwrap_or(absent);
            fused.rows_mut(start, part.len()).copy_from(part);
            start += part.len();
        }
    }

    fn trace(&self) -> FusionTrace {
        FusionTrace::Unweighted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_follow_each_other_in_the_order_of_the_policy() {
        let mut concat = Concat::<f32>::load(&[("a", 2), ("b", 1)], &Weights::default()).unwrap();
        let (a, b) = (
            DVector::from_vec(vec![1.0, 2.0]),
            DVector::from_vec(vec![3.0]),
        );
        let mut fused = DVector::zeros(concat.width());
        concat.fuse(Input::fresh(&[Some(&a), Some(&b)]), &mut fused);
        assert_eq!(fused.as_slice(), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn an_absent_modality_is_replaced_by_its_learned_vector() {
        let mut weights = Weights::default();
        weights.insert("missing.a", vec![2], vec![7.0, 8.0]);
        let mut concat = Concat::<f32>::load(&[("a", 2), ("b", 1)], &weights).unwrap();
        let b = DVector::from_vec(vec![3.0]);
        let mut fused = DVector::zeros(3);
        concat.fuse(Input::fresh(&[None, Some(&b)]), &mut fused);
        assert_eq!(fused.as_slice(), [7.0, 8.0, 3.0]);
        concat.fuse(Input::fresh(&[None, None]), &mut fused);
        assert_eq!(fused.as_slice(), [7.0, 8.0, 0.0]);
    }

    #[test]
    fn a_missing_modality_embedding_of_another_width_is_refused() {
        let mut weights = Weights::default();
        weights.insert("missing.a", vec![3], vec![0.0; 3]);
        let errors = Concat::<f32>::load(&[("a", 2)], &weights).err().unwrap();
        assert!(errors.to_string().contains("missing.a"), "{errors}");
    }
}
