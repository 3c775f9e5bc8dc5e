//! Low-rank bilinear interaction: f = [a₁; …; a_M; zᵢⱼ for every pair], zᵢⱼ = (Uᵢⱼ·aᵢ) ∘ (Vᵢⱼ·aⱼ).
//!
//! What plain late fusion loses is that one modality decides what another one means. The product brings it back; its
//! low rank keeps it small (Kim et al. 2017, "Hadamard product for low-rank bilinear pooling").

use nalgebra::{DMatrix, DVector};

use super::method::{Fusion, FusionTrace, Input};
use super::missing;
use crate::errors::ConfigErrors;
use crate::number::Number;
use crate::spec::{BilinearSpec, Weights};

/// Concatenation with products of pairs. An absent modality is replaced as in [`super::Concat`].
pub struct Bilinear<T: Number> {
    absent: Vec<DVector<T>>,
    pairs: Vec<Pair<T>>,
    width: usize,
}

struct Pair<T: Number> {
    left: Factor<T>,
    right: Factor<T>,
}

struct Factor<T: Number> {
    modality: usize,
    weight: DMatrix<T>,
    output: DVector<T>,
}

impl<T: Number> Bilinear<T> {
    /// Reads `fusion.<i>.<j>.left` (`[rank, width of i]`) and `.right` (`[rank, width of j]`) for every pair of
    /// modalities, given by name and projected width, and the missing-modality embeddings.
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(
        spec: &BilinearSpec,
        modalities: &[(&str, usize)],
        weights: &Weights,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let absent = missing::embeddings(modalities, weights).map_err(|found| errors.extend(found));
        let mut pairs = Vec::new();
        for [i, j] in spec.pairs_of(modalities.iter().map(|(name, _)| *name)) {
            let mut factor = |modality: usize, side: &str| {
                let name = format!("fusion.{}.{}.{side}", modalities[i].0, modalities[j].0);
                let width = modalities[modality].1;
                let weight = weights.matrix(&name, spec.rank, width, &mut errors)?;
                Some(Factor {
                    modality,
                    weight,
                    output: DVector::zeros(spec.rank),
                })
            };
            if let (Some(left), Some(right)) = (factor(i, "left"), factor(j, "right")) {
                pairs.push(Pair { left, right });
            }
        }
        let projected: usize = modalities.iter().map(|(_, width)| width).sum();
        match absent {
            Ok(absent) => errors.or(Self {
                width: projected + pairs.len() * spec.rank,
                absent,
                pairs,
            }),
            Err(()) => Err(errors),
        }
    }
}

impl<T: Number> Fusion<T> for Bilinear<T> {
    fn width(&self) -> usize {
        self.width
    }

    fn fuse(&mut self, input: Input<'_, T>, fused: &mut DVector<T>) {
        let Self { absent, pairs, .. } = self;
        let part = |modality: usize| input.projected[modality].unwrap_or(&absent[modality]);
        let mut start = 0;
        for modality in 0..absent.len() {
            let part = part(modality);
            fused.rows_mut(start, part.len()).copy_from(part);
            start += part.len();
        }
        for Pair { left, right } in pairs {
            for factor in [&mut *left, &mut *right] {
                factor
                    .output
                    .gemv(T::one(), &factor.weight, part(factor.modality), T::zero());
            }
            left.output.component_mul_assign(&right.output);
            fused
                .rows_mut(start, left.output.len())
                .copy_from(&left.output);
            start += left.output.len();
        }
    }

    fn trace(&self) -> FusionTrace {
        FusionTrace::Unweighted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights() -> Weights {
        let mut weights = Weights::default();
        weights.insert("fusion.a.b.left", vec![1, 2], vec![1.0, 2.0]);
        weights.insert("fusion.a.b.right", vec![1, 1], vec![3.0]);
        weights
    }

    const MODALITIES: [(&str, usize); 2] = [("a", 2), ("b", 1)];

    fn spec() -> BilinearSpec {
        BilinearSpec {
            rank: 1,
            pairs: vec![],
        }
    }

    #[test]
    fn the_products_follow_the_features() {
        let mut fusion = Bilinear::<f64>::load(&spec(), &MODALITIES, &weights()).unwrap();
        let (a, b) = (
            DVector::from_vec(vec![1.0, 0.5]),
            DVector::from_vec(vec![-2.0]),
        );
        let mut fused = DVector::zeros(fusion.width());
        fusion.fuse(Input::fresh(&[Some(&a), Some(&b)]), &mut fused);
        assert_eq!(fused.as_slice(), [1.0, 0.5, -2.0, 2.0 * -6.0]);
        fusion.fuse(Input::fresh(&[Some(&a), None]), &mut fused);
        assert_eq!(fused.as_slice(), [1.0, 0.5, 0.0, 0.0]);
    }

    #[test]
    fn factors_of_another_shape_are_named() {
        let spec = BilinearSpec { rank: 2, ..spec() };
        let errors = Bilinear::<f32>::load(&spec, &MODALITIES, &weights())
            .err()
            .unwrap();
        assert_eq!(errors.iter().count(), 2, "{errors}");
    }
}
