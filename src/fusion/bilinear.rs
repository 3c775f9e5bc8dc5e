//! Low-rank bilinear interaction: f = [a₁; …; a_M; zᵢⱼ for every pair], zᵢⱼ = (Uᵢⱼ·aᵢ) ∘ (Vᵢⱼ·aⱼ).
//!
//! What plain late fusion loses is that one modality decides what another one means. The product brings it back; its
//! low rank keeps it small (Kim et al. 2017, "Hadamard product for low-rank bilinear pooling").

use nalgebra::{DMatrix, DVector};

use super::{Account, Fusion, Input, absent, blocks_of_each};
use crate::head::Block;
use crate::number::Number;
use crate::policy::{BilinearSpec, Weights};
use crate::problems::Problems;

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
    /// modalities, given by name and aligned width, and the absent vectors.
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(
        spec: &BilinearSpec,
        modalities: &[(&str, usize)],
        weights: &Weights,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let absent = absent::vectors(modalities, weights).map_err(|found| problems.extend(found));
        let mut pairs = Vec::new();
        for [i, j] in spec.pairs_of(modalities.iter().map(|(name, _)| *name)) {
            let mut factor = |modality: usize, side: &str| {
                let name = format!("fusion.{}.{}.{side}", modalities[i].0, modalities[j].0);
                let width = modalities[modality].1;
                let weight = weights.matrix(&name, spec.rank, width, &mut problems)?;
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
        let aligned: usize = modalities.iter().map(|(_, width)| width).sum();
        match absent {
            Ok(absent) => problems.or(Self {
                width: aligned + pairs.len() * spec.rank,
                absent,
                pairs,
            }),
            Err(()) => Err(problems),
        }
    }
}

impl<T: Number> Fusion<T> for Bilinear<T> {
    fn width(&self) -> usize {
        self.width
    }

    fn blocks(&self) -> Vec<Block> {
        let mut blocks = blocks_of_each(self.absent.iter().map(DVector::len));
        blocks.extend(self.pairs.iter().map(|Pair { left, right }| Block {
            width: left.output.len(),
            modalities: vec![left.modality, right.modality],
        }));
        blocks
    }

    fn fuse(&mut self, input: Input<'_, T>, fused: &mut DVector<T>) {
        let Self { absent, pairs, .. } = self;
        let part = |modality: usize| input.aligned[modality].unwrap_or(&absent[modality]);
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

    fn account(&self) -> Account {
        Account::Unweighted
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
        let problems = Bilinear::<f32>::load(&spec, &MODALITIES, &weights())
            .err()
            .unwrap();
        assert_eq!(problems.iter().count(), 2, "{problems}");
    }
}
