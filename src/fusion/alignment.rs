//! Alignment: a = A·(f − mean)/std + b, the learned projection of one modality to the width it is fused at.

use nalgebra::DVector;

use crate::layer::Layer;
use crate::number::Number;
use crate::policy::{ModalitySpec, Weights};
use crate::problems::Problems;

/// Standardisation of one modality's feature with the training mean and deviation, followed by its
/// learned projection where the policy has one: hidden layers with ReLU, if any, and A, b.
pub struct Alignment<T: Number> {
    mean: DVector<T>,
    inverse_std: DVector<T>,
    standardised: DVector<T>,
    /// The layers of the projection; none without one.
    projection: Vec<Layer<T>>,
    squash: bool,
}

impl<T: Number> Alignment<T> {
    /// Reads `standardise.<modality>.mean`, `.std` and, for an aligned modality, `align.<modality>.weight`
    /// (`[align, width]`) and `.bias`, with `align.<modality>.hidden.<i>.weight` and `.bias` before them.
    ///
    /// # Errors
    /// Every tensor that is missing, of another shape, or a deviation that is not positive.
    pub fn load(modality: &ModalitySpec, weights: &Weights) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let (name, width) = (&modality.name, modality.input_width());
        let mean = weights.vector(&format!("standardise.{name}.mean"), width, &mut problems);
        let std: Option<DVector<T>> =
            weights.vector(&format!("standardise.{name}.std"), width, &mut problems);
        if let Some(at) = std
            .as_ref()
            .and_then(|s| s.iter().position(|v| *v <= T::zero()))
        {
            problems.add(format!(
                "tensor standardise.{name}.std: number {at} is not positive; a deviation must be"
            ));
        }
        let mut projection = Vec::new();
        let mut columns = width;
        for (layer, rows) in modality.projection_layers() {
            projection.extend(Layer::load(&layer, rows, columns, weights, &mut problems));
            columns = rows;
        }
        match (mean, std, problems.is_empty()) {
            (Some(mean), Some(std), true) => Ok(Self {
                standardised: DVector::zeros(width),
                inverse_std: std.map(|v| T::one() / v),
                mean,
                projection,
                squash: modality.squash,
            }),
            _ => Err(problems),
        }
    }

    /// Aligns one feature of the modality's width. Never allocates.
    pub fn align(&mut self, feature: &[T]) {
        for (i, out) in self.standardised.iter_mut().enumerate() {
            *out = (feature[i] - self.mean[i]) * self.inverse_std[i];
        }
        let mut input = &self.standardised;
        let layers = self.projection.len();
        for (i, layer) in self.projection.iter_mut().enumerate() {
            layer.apply(input);
            match (i + 1 < layers, self.squash) {
                (true, _) => layer.rectify(),
                (false, true) => layer.output.apply(|number| *number = number.tanh()),
                (false, false) => {}
            }
            input = &layer.output;
        }
    }

    /// The feature aligned last.
    pub fn aligned(&self) -> &DVector<T> {
        match self.projection.last() {
            Some(layer) => &layer.output,
            None => &self.standardised,
        }
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

    fn modality(keys: &str) -> ModalitySpec {
        let text = format!("{{name: m, kind: vector, names: [a, b], width: 2{keys}}}");
        serde_yaml::from_str(&text).unwrap()
    }

    fn aligned(keys: &str, weights: &Weights) -> Vec<f32> {
        let mut alignment = Alignment::load(&modality(keys), weights).unwrap();
        alignment.align(&[3.0, -2.0]);
        alignment.aligned().as_slice().to_vec()
    }

    #[test]
    fn without_a_projection_the_feature_is_standardised() {
        assert_eq!(aligned("", &standardised()), [1.0, -1.0]);
    }

    #[test]
    fn the_projection_comes_after_the_standardisation() {
        let mut weights = standardised();
        let matrix = vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        weights.insert("align.m.weight", vec![3, 2], matrix);
        weights.insert("align.m.bias", vec![3], vec![0.5, 0.0, 0.0]);
        assert_eq!(aligned(", align: 3", &weights), [1.5, -1.0, 0.0]);
    }

    #[test]
    fn hidden_layers_are_rectified_and_what_comes_out_is_squashed() {
        let mut weights = standardised();
        let identity = vec![1.0, 0.0, 0.0, 1.0];
        weights.insert("align.m.hidden.0.weight", vec![2, 2], identity);
        weights.insert("align.m.hidden.0.bias", vec![2], vec![0.0, 0.0]);
        weights.insert("align.m.weight", vec![1, 2], vec![1.0, 9.0]);
        weights.insert("align.m.bias", vec![1], vec![-2.0]);
        let keys = ", align: 1, align_hidden: [2]";
        assert_eq!(aligned(keys, &weights), [-1.0]);
        let keys = format!("{keys}, squash: true");
        assert_eq!(aligned(&keys, &weights), [f32::tanh(-1.0)]);
    }

    #[test]
    fn every_bad_tensor_is_named_at_once() {
        let mut weights = Weights::default();
        weights.insert("standardise.m.mean", vec![3], vec![0.0; 3]);
        weights.insert("standardise.m.std", vec![2], vec![1.0, 0.0]);
        let modality = modality(", align: 3, align_hidden: [4]");
        let problems = Alignment::<f32>::load(&modality, &weights).err().unwrap();
        assert_eq!(problems.iter().count(), 6, "{problems}");
    }
}
