//! Cross-attention: where in a map is what another modality speaks of?
//!
//! q = [a_i; …] of the querying modalities, u_h = W_h·q + b_h for every head h, α_hp = softmax_p(u_h·m_p/√channels) over the
//! positions p of a map m, and the expected place (x_h, y_h) = Σ_p α_hp·(x_p, y_p). The fused vector holds x of every
//! head, then y of every head, for a map; the feature of every other modality as it is; and nothing of the queries, so
//! that a sentence cannot be learned by heart: it can only say where to look.
//!
//! The scaled dot product is that of Vaswani et al. 2017, "Attention is all you need"; the expected place that of Finn
//! et al. 2016, "Deep spatial autoencoders for visuomotor learning".

use nalgebra::{DMatrix, DMatrixView, DVector};

use super::method::{Fusion, FusionTrace, Input};
use super::missing;
use crate::errors::ConfigErrors;
use crate::map::{MapShape, spatial_soft_argmax};
use crate::number::Number;
use crate::spec::{CrossAttentionSpec, Weights};

/// Attention of queries over maps. In place of an absent map stands what was learned for its places, in place of an
/// missing query or vector its learned embedding, as in [`super::Concat`].
pub struct CrossAttention<T: Number> {
    roles: Vec<Role<T>>,
    absent: Vec<DVector<T>>,
    query: DVector<T>,
    width: usize,
}

/// What a modality is to the others.
enum Role<T: Number> {
    /// It asks.
    Query,
    /// It is looked at.
    Map(Box<AttentionHead<T>>),
    /// It is fused as it is.
    Vector,
}

/// What looks at one map.
struct AttentionHead<T: Number> {
    /// `[heads·channels, width of the query]`
    weight: DMatrix<T>,
    bias: DVector<T>,
    /// u of every head, one after the other.
    sought: DVector<T>,
    /// `[positions, heads]`
    attention: DMatrix<T>,
    /// `[positions, 2]`
    places: DMatrix<T>,
    channels: usize,
}

impl<T: Number> CrossAttention<T> {
    /// Reads `fusion.<map>.weight` (`[heads·channels, width of all queries]`) and `fusion.<map>.bias` for every map, and
    /// the missing-modality embeddings, that of a map being as wide as its places. Modalities are given by name and projected width.
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(
        spec: &CrossAttentionSpec,
        modalities: &[(&str, usize)],
        weights: &Weights,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let parts = spec.parts(modalities);
        let absent = missing::embeddings(&parts, weights).map_err(|found| errors.extend(found));
        let asks = |name: &str| spec.queries.iter().any(|query| query == name);
        let asked = modalities.iter().filter(|(name, _)| asks(name));
        let query: usize = asked.map(|(_, width)| width).sum();
        let mut roles = Vec::with_capacity(modalities.len());
        for (name, width) in modalities {
            roles.extend(match spec.maps.get(*name) {
                Some(cells) => {
                    AttentionHead::load(name, *width, *cells, spec.heads, query, weights)
                        .map_err(|found| errors.extend(found))
                        .ok()
                        .map(|attention_head| Role::Map(Box::new(attention_head)))
                }
                None if asks(name) => Some(Role::Query),
                None => Some(Role::Vector),
            });
        }
        let fused = parts.iter().filter(|(name, _)| !asks(name));
        match absent {
            Ok(absent) => errors.or(Self {
                width: fused.map(|(_, width)| width).sum(),
                query: DVector::zeros(query),
                roles,
                absent,
            }),
            Err(()) => Err(errors),
        }
    }
}

impl<T: Number> AttentionHead<T> {
    fn load(
        name: &str,
        width: usize,
        cells: usize,
        heads: usize,
        query: usize,
        weights: &Weights,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let shape = MapShape::square(width, cells);
        let rows = heads * shape.channels;
        let weight = weights.matrix(&format!("fusion.{name}.weight"), rows, query, &mut errors);
        let bias = weights.vector(&format!("fusion.{name}.bias"), rows, &mut errors);
        let places = shape
            .places()
            .flatten()
            .map(|v| Number::from_f64(f64::from(v)));
        match (weight, bias) {
            (Some(weight), Some(bias)) => Ok(Self {
                weight,
                bias,
                sought: DVector::zeros(rows),
                attention: DMatrix::zeros(shape.positions(), heads),
                places: DMatrix::from_row_iterator(shape.positions(), 2, places),
                channels: shape.channels,
            }),
            _ => Err(errors),
        }
    }

    /// Writes x of every head, then y of every head, to `places`.
    fn attend(&mut self, map: &DVector<T>, query: &DVector<T>, places: &mut [T]) {
        let Self {
            sought, attention, ..
        } = self;
        let heads = attention.ncols();
        sought.copy_from(&self.bias);
        sought.gemv(T::one(), &self.weight, query, T::one());
        let map = DMatrixView::from_slice(map.as_slice(), attention.nrows(), self.channels);
        let sought = DMatrixView::from_slice(sought.as_slice(), self.channels, heads);
        let scale = Number::from_f64(1.0 / (self.channels as f64).sqrt());
        attention.gemm(scale, &map, &sought, T::zero());
        spatial_soft_argmax(attention, &self.places, places);
    }
}

impl<T: Number> Fusion<T> for CrossAttention<T> {
    fn width(&self) -> usize {
        self.width
    }

    fn fuse(&mut self, input: Input<'_, T>, fused: &mut DVector<T>) {
        let Self {
            roles,
            absent,
            query,
            ..
        } = self;
        let mut start = 0;
        for (modality, role) in roles.iter().enumerate() {
            if matches!(role, Role::Query) {
                let part = input.projected[modality].unwrap_or(&absent[modality]);
                query.rows_mut(start, part.len()).copy_from(part);
                start += part.len();
            }
        }
        let mut start = 0;
        for (modality, role) in roles.iter_mut().enumerate() {
            let absent = &absent[modality];
            let part = match (role, input.projected[modality]) {
                (Role::Query, _) => continue,
                (Role::Map(attention_head), Some(map)) => {
                    let places = &mut fused.as_mut_slice()[start..start + absent.len()];
                    attention_head.attend(map, query, places);
                    start += absent.len();
                    continue;
                }
                (Role::Vector, Some(part)) => part,
                (_, None) => absent,
            };
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

    const MODALITIES: [(&str, usize); 3] = [("eye", 8), ("word", 1), ("joint", 1)];

    fn spec() -> CrossAttentionSpec {
        CrossAttentionSpec {
            maps: [("eye".to_owned(), 2)].into(),
            queries: vec!["word".into()],
            heads: 1,
        }
    }

    /// The word is the channel that is sought: 1 for the first, −1 for the second.
    fn weights() -> Weights {
        let mut weights = Weights::default();
        weights.insert("fusion.eye.weight", vec![2, 1], vec![1000.0, -1000.0]);
        weights.insert("fusion.eye.bias", vec![2], vec![0.0, 0.0]);
        weights.insert("missing.eye", vec![2], vec![0.25, 0.75]);
        weights
    }

    fn vector(values: &[f64]) -> DVector<f64> {
        DVector::from_column_slice(values)
    }

    #[test]
    fn the_place_is_where_what_is_asked_for_lies() {
        let mut fusion = CrossAttention::<f64>::load(&spec(), &MODALITIES, &weights()).unwrap();
        assert_eq!(fusion.width(), 3);
        // Channel 0 lies at the top right, channel 1 at the bottom left.
        let eye = vector(&[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        let joint = vector(&[7.0]);
        let mut fused = DVector::zeros(3);
        for (word, place) in [(1.0, [1.0, -1.0]), (-1.0, [-1.0, 1.0])] {
            let word = vector(&[word]);
            fusion.fuse(
                Input::fresh(&[Some(&eye), Some(&word), Some(&joint)]),
                &mut fused,
            );
            let expected = [place[0], place[1], 7.0];
            for (found, expected) in fused.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-9, "{fused}");
            }
        }
        fusion.fuse(Input::fresh(&[None, None, Some(&joint)]), &mut fused);
        assert_eq!(fused.as_slice(), [0.25, 0.75, 7.0]);
        // Nobody asks: it looks everywhere alike.
        fusion.fuse(Input::fresh(&[Some(&eye), None, None]), &mut fused);
        assert!(fused.iter().all(|number| number.abs() < 1e-9), "{fused}");
    }

    #[test]
    fn tensors_of_another_shape_are_named() {
        let spec = CrossAttentionSpec { heads: 2, ..spec() };
        let errors = CrossAttention::<f32>::load(&spec, &MODALITIES, &weights()).err();
        let errors = errors.unwrap().to_string();
        for tensor in ["fusion.eye.weight", "fusion.eye.bias", "missing.eye"] {
            assert!(errors.contains(tensor), "{errors}");
        }
    }
}
