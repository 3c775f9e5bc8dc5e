//! Alignment: a = A·(f − mean)/std + b, the learned projection of one modality to the width it is fused at.

use nalgebra::{DMatrix, DVector};

use crate::number::Number;
use crate::policy::Weights;
use crate::problems::Problems;

/// Standardisation of one modality's feature with the training mean and deviation, followed by its
/// learned projection where the policy has one.
pub struct Alignment<T: Number> {
    mean: DVector<T>,
    inverse_std: DVector<T>,
    projection: Option<(DMatrix<T>, DVector<T>)>,
    squash: bool,
    standardised: DVector<T>,
    aligned: DVector<T>,
}

impl<T: Number> Alignment<T> {
    /// Reads `standardise.<modality>.mean`, `.std` and, for an aligned modality, `align.<modality>.weight`
    /// (`[align, width]`) and `.bias`.
    ///
    /// # Errors
    /// Every tensor that is missing, of another shape, or a deviation that is not positive.
    pub fn load(
        modality: &str,
        width: usize,
        align: Option<usize>,
        weights: &Weights,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mean = weights.vector(
            &format!("standardise.{modality}.mean"),
            width,
            &mut problems,
        );
        let std: Option<DVector<T>> =
            weights.vector(&format!("standardise.{modality}.std"), width, &mut problems);
        if let Some(at) = std
            .as_ref()
            .and_then(|s| s.iter().position(|v| *v <= T::zero()))
        {
            problems.add(format!(
                "tensor standardise.{modality}.std: number {at} is not positive; a deviation must be"
            ));
        }
        let projection = align.map(|rows| {
            let weight = format!("align.{modality}.weight");
            let bias = format!("align.{modality}.bias");
            (
                weights.matrix(&weight, rows, width, &mut problems),
                weights.vector(&bias, rows, &mut problems),
            )
        });
        match (mean, std, projection, problems.is_empty()) {
            (Some(mean), Some(std), None, true) => Ok(Self::new(mean, std, None)),
            (Some(mean), Some(std), Some((Some(weight), Some(bias))), true) => {
                Ok(Self::new(mean, std, Some((weight, bias))))
            }
            _ => Err(problems),
        }
    }

    fn new(
        mean: DVector<T>,
        std: DVector<T>,
        projection: Option<(DMatrix<T>, DVector<T>)>,
    ) -> Self {
        let aligned = projection.as_ref().map_or(mean.len(), |(w, _)| w.nrows());
        Self {
            standardised: DVector::zeros(mean.len()),
            aligned: DVector::zeros(aligned),
            squash: false,
            inverse_std: std.map(|v| T::one() / v),
            mean,
            projection,
        }
    }

    /// The same, with a projection that is squashed where asked: a = tanh(A·(f − mean)/std + b).
    pub fn squashed(mut self, squash: bool) -> Self {
        self.squash = squash;
        self
    }

    /// Width of the aligned vector.
    pub fn width(&self) -> usize {
        self.aligned.len()
    }

    /// Aligns one feature of the modality's width. Never allocates.
    pub fn align(&mut self, feature: &[T]) {
        for (i, out) in self.standardised.iter_mut().enumerate() {
            *out = (feature[i] - self.mean[i]) * self.inverse_std[i];
        }
        match &self.projection {
            Some((weight, bias)) => {
                self.aligned.copy_from(bias);
                self.aligned
                    .gemv(T::one(), weight, &self.standardised, T::one());
                if self.squash {
                    self.aligned.apply(|number| *number = number.tanh());
                }
            }
            None => self.aligned.copy_from(&self.standardised),
        }
    }

    /// The feature aligned last.
    pub fn aligned(&self) -> &DVector<T> {
        &self.aligned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standardised() -> Weights {
        let mut weights = Weights::default();
        weights.insert("standardise.m.mean", vec![2], vec![1.0, 2.0]);
        weights.insert("standardise.m.std", vec![2], vec![2.0, 4.0]);
        weights
    }

    #[test]
    fn without_a_projection_the_feature_is_standardised() {
        let mut alignment = Alignment::<f32>::load("m", 2, None, &standardised()).unwrap();
        alignment.align(&[3.0, -2.0]);
        assert_eq!(alignment.aligned().as_slice(), [1.0, -1.0]);
    }

    #[test]
    fn the_projection_comes_after_the_standardisation() {
        let mut weights = standardised();
        weights.insert(
            "align.m.weight",
            vec![3, 2],
            vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0],
        );
        weights.insert("align.m.bias", vec![3], vec![0.5, 0.0, 0.0]);
        let mut alignment = Alignment::<f32>::load("m", 2, Some(3), &weights).unwrap();
        alignment.align(&[3.0, -2.0]);
        assert_eq!(alignment.aligned().as_slice(), [1.5, -1.0, 0.0]);
    }

    #[test]
    fn every_bad_tensor_is_named_at_once() {
        let mut weights = Weights::default();
        weights.insert("standardise.m.mean", vec![3], vec![0.0; 3]);
        weights.insert("standardise.m.std", vec![2], vec![1.0, 0.0]);
        let problems = Alignment::<f32>::load("m", 2, Some(3), &weights)
            .err()
            .unwrap();
        assert_eq!(problems.iter().count(), 4, "{problems}");
    }
}
