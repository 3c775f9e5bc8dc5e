//! The literature's *feature alignment*: a = A·(f − mean)/std + b, the learned projection of one modality to the width at
//! which it is fused.

use nalgebra::DVector;

use super::distance;
use crate::errors::ConfigErrors;
use crate::layers::{Layer, relu, tanh};
use crate::number::Number;
use crate::spec::{Activation, ModalitySpec, Weights};

/// Standardization of one modality's feature with the training mean and deviation, followed by its
/// learned projection where the policy has one: hidden layers with ReLU, if any, and A, b.
#[derive(Clone)]
pub struct Projection<T: Number> {
    mean: DVector<T>,
    inverse_std: DVector<T>,
    standardized: DVector<T>,
    /// How far from the mean nearly all of the training data are; none where the policy does not say.
    usual_distance: Option<f64>,
    /// None where the standardized feature is fused as it is.
    layers: Vec<Layer<T>>,
    activation: Activation,
}

impl<T: Number> Projection<T> {
    /// Reads `standardize.<modality>.mean`, `.std` and, for an projected modality, `projection.<modality>.weight`
    /// (`[projection, width]`) and `.bias`, with `projection.<modality>.hidden.<i>.weight` and `.bias` before them.
    /// `standardize.<modality>.usual_distance`, one number, may be missing: policies that were trained before it have none.
    ///
    /// # Errors
    /// Every tensor that is missing, of another shape, or a deviation that is not positive.
    pub fn load(modality: &ModalitySpec, weights: &Weights) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let (name, width) = (&modality.name, modality.input_width());
        let mean = weights.vector(&format!("standardize.{name}.mean"), width, &mut errors);
        let std: Option<DVector<T>> =
            weights.vector(&format!("standardize.{name}.std"), width, &mut errors);
        if let Some(at) = std
            .as_ref()
            .and_then(|s| s.iter().position(|v| *v <= T::zero()))
        {
            errors.add(format!(
                "tensor standardize.{name}.std: number {at} is not positive; a deviation must be"
            ));
        }
        let usual = format!("standardize.{name}.usual_distance");
        let mut usual_distance = None;
        if weights.contains(&usual) {
            let vector: Option<DVector<f64>> = weights.vector(&usual, 1, &mut errors);
            usual_distance = vector.map(|vector| vector[0]);
            if let Some(wrong) = usual_distance.filter(|distance| *distance <= 0.0) {
                errors.add(format!(
                    "tensor {usual} is {wrong}; a distance must be positive"
                ));
            }
        }
        let mut layers = Vec::new();
        let mut columns = width;
        for (layer, rows) in modality.projection_layers() {
            layers.extend(Layer::load(&layer, rows, columns, weights, &mut errors));
            columns = rows;
        }
        match (mean, std, errors.is_empty()) {
            (Some(mean), Some(std), true) => Ok(Self {
                standardized: DVector::zeros(width),
                inverse_std: std.map(|v| T::one() / v),
                mean,
                usual_distance,
                layers,
                activation: modality.projection_activation,
            }),
            _ => Err(errors),
        }
    }

    /// Projects one feature of the modality's input width. Never allocates.
    pub fn project(&mut self, feature: &[T]) -> &DVector<T> {
        for (i, out) in self.standardized.iter_mut().enumerate() {
            *out = (feature[i] - self.mean[i]) * self.inverse_std[i];
        }
        let mut input = &self.standardized;
        let count = self.layers.len();
        for (i, layer) in self.layers.iter_mut().enumerate() {
            layer.apply(input);
            match self.activation {
                _ if i + 1 < count => relu(&mut layer.output),
                Activation::Tanh => tanh(&mut layer.output),
                Activation::None => {}
            }
            input = &layer.output;
        }
        input
    }

    /// How many times as far from the training data's mean the last feature is as nearly all of the training data; `None`
    /// where the policy does not say how far they are.
    pub fn times_usual_distance(&self) -> Option<f64> {
        let usual = self.usual_distance?;
        Some(distance(self.standardized.iter().copied()) / usual)
    }

    /// Whether the policy says how far the training data are from their mean.
    pub fn measures_distance(&self) -> bool {
        self.usual_distance.is_some()
    }

    /// Width of a feature before it is projected.
    pub fn input_width(&self) -> usize {
        self.mean.len()
    }

    /// Width of a projected feature.
    pub fn width(&self) -> usize {
        let last = self.layers.last();
        last.map_or(self.standardized.len(), |layer| layer.output.len())
    }
}

#[cfg(test)]
impl Projection<f32> {
    /// The feature as it is.
    pub fn identity(width: usize) -> Self {
        Self {
            mean: DVector::zeros(width),
            inverse_std: DVector::repeat(width, 1.0),
            standardized: DVector::zeros(width),
            usual_distance: None,
            layers: Vec::new(),
            activation: Activation::None,
        }
    }

    /// The same, of a policy whose training data were so far from their mean.
    pub fn with_usual_distance(mut self, distance: f64) -> Self {
        self.usual_distance = Some(distance);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standardized() -> Weights {
        let mut weights = Weights::default();
        weights.insert("standardize.m.mean", vec![2], vec![1.0, 2.0]);
        weights.insert("standardize.m.std", vec![2], vec![2.0, 4.0]);
        weights
    }

    fn modality(keys: &str) -> ModalitySpec {
        let text = format!("{{name: m, kind: vector, names: [a, b], width: 2{keys}}}");
        serde_yaml::from_str(&text).unwrap()
    }

    fn projected(keys: &str, weights: &Weights) -> Vec<f32> {
        let mut projection = Projection::load(&modality(keys), weights).unwrap();
        projection.project(&[3.0, -2.0]).as_slice().to_vec()
    }

    #[test]
    fn without_a_projection_the_feature_is_standardized() {
        assert_eq!(projected("", &standardized()), [1.0, -1.0]);
    }

    #[test]
    fn the_projection_comes_after_the_standardization() {
        let mut weights = standardized();
        let matrix = vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        weights.insert("projection.m.weight", vec![3, 2], matrix);
        weights.insert("projection.m.bias", vec![3], vec![0.5, 0.0, 0.0]);
        assert_eq!(projected(", projection: 3", &weights), [1.5, -1.0, 0.0]);
    }

    #[test]
    fn hidden_layers_are_rectified_and_what_comes_out_is_squashed() {
        let mut weights = standardized();
        let identity = vec![1.0, 0.0, 0.0, 1.0];
        weights.insert("projection.m.hidden.0.weight", vec![2, 2], identity);
        weights.insert("projection.m.hidden.0.bias", vec![2], vec![0.0, 0.0]);
        weights.insert("projection.m.weight", vec![1, 2], vec![1.0, 9.0]);
        weights.insert("projection.m.bias", vec![1], vec![-2.0]);
        let keys = ", projection: 1, projection_hidden: [2]";
        assert_eq!(projected(keys, &weights), [-1.0]);
        let keys = format!("{keys}, projection_activation: tanh");
        assert_eq!(projected(&keys, &weights), [f32::tanh(-1.0)]);
    }

    #[test]
    fn a_distance_is_told_in_multiples_of_the_usual_one_where_the_policy_has_that() {
        let mut weights = standardized();
        let load = |weights: &Weights| Projection::<f32>::load(&modality(""), weights);
        let mut projection = load(&weights).unwrap();
        projection.project(&[3.0, -2.0]);
        assert_eq!(projection.times_usual_distance(), None);
        let name = "standardize.m.usual_distance";
        weights.insert(name, vec![1], vec![0.5]);
        let mut projection = load(&weights).unwrap();
        projection.project(&[3.0, -2.0]);
        assert_eq!(projection.times_usual_distance(), Some(2.0));
        projection.project(&[1.0, 2.0]);
        assert_eq!(projection.times_usual_distance(), Some(0.0));
        for (shape, values) in [(vec![1], vec![0.0]), (vec![2], vec![1.0; 2])] {
            weights.insert(name, shape, values);
            let told = load(&weights).err().unwrap().to_string();
            assert!(told.contains(name), "{told}");
        }
    }

    #[test]
    fn every_bad_tensor_is_named_at_once() {
        let mut weights = Weights::default();
        weights.insert("standardize.m.mean", vec![3], vec![0.0; 3]);
        weights.insert("standardize.m.std", vec![2], vec![1.0, 0.0]);
        let modality = modality(", projection: 3, projection_hidden: [4]");
        let errors = Projection::<f32>::load(&modality, &weights).err().unwrap();
        assert_eq!(errors.iter().count(), 6, "{errors}");
    }
}
