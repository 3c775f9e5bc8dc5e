//! The multi-layer perceptron: hᵢ₊₁ = ReLU(Wᵢ·hᵢ + bᵢ), the last layer without ReLU, then un-standardised.

use nalgebra::{DMatrix, DVector};

use super::Head;
use crate::number::Number;
use crate::policy::Weights;
use crate::problems::Problems;

/// A multi-layer perceptron whose output is scaled back with the training labels' mean and deviation.
pub struct Mlp<T: Number> {
    layers: Vec<Layer<T>>,
    mean: DVector<T>,
    std: DVector<T>,
}

struct Layer<T: Number> {
    weight: DMatrix<T>,
    bias: DVector<T>,
    output: DVector<T>,
}

impl<T: Number> Mlp<T> {
    /// Reads `head.<i>.weight` (`[out, in]`) and `head.<i>.bias` for every layer, and `action.mean` and
    /// `action.std`.
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(
        input: usize,
        hidden: &[usize],
        actions: usize,
        weights: &Weights,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut layers = Vec::with_capacity(hidden.len() + 1);
        let mut columns = input;
        for (i, rows) in hidden.iter().copied().chain([actions]).enumerate() {
            let weight = weights.matrix(&format!("head.{i}.weight"), rows, columns, &mut problems);
            let bias = weights.vector(&format!("head.{i}.bias"), rows, &mut problems);
            if let (Some(weight), Some(bias)) = (weight, bias) {
                let output = DVector::zeros(rows);
                layers.push(Layer {
                    weight,
                    bias,
                    output,
                });
            }
            columns = rows;
        }
        let mean = weights.vector("action.mean", actions, &mut problems);
        let std = weights.vector("action.std", actions, &mut problems);
        match (mean, std) {
            (Some(mean), Some(std)) => problems.or(Self { layers, mean, std }),
            _ => Err(problems),
        }
    }
}

impl<T: Number> Head<T> for Mlp<T> {
    fn act(&mut self, fused: &DVector<T>, action: &mut [f64]) {
        let last = self.layers.len() - 1;
        for i in 0..=last {
            let (before, rest) = self.layers.split_at_mut(i);
            let input = before.last().map_or(fused, |layer| &layer.output);
            let layer = &mut rest[0];
            layer.output.copy_from(&layer.bias);
            layer.output.gemv(T::one(), &layer.weight, input, T::one());
            if i < last {
                layer.output.apply(|v| *v = v.max(T::zero()));
            }
        }
        let output = &self.layers[last].output;
        for (i, number) in action.iter_mut().enumerate() {
            *number = (output[i] * self.std[i] + self.mean[i]).wide();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights() -> Weights {
        let mut weights = Weights::default();
        weights.insert("head.0.weight", vec![2, 2], vec![1.0, 1.0, -1.0, -1.0]);
        weights.insert("head.0.bias", vec![2], vec![0.0, 0.5]);
        weights.insert("head.1.weight", vec![1, 2], vec![2.0, 10.0]);
        weights.insert("head.1.bias", vec![1], vec![1.0]);
        weights.insert("action.mean", vec![1], vec![0.25]);
        weights.insert("action.std", vec![1], vec![0.5]);
        weights
    }

    #[test]
    fn hidden_layers_are_rectified_and_the_action_is_scaled_back() {
        let mut mlp = Mlp::<f32>::load(2, &[2], 1, &weights()).unwrap();
        let mut action = [0.0];
        // hidden = relu([3, −2.5]) = [3, 0]; output = 2·3 + 1 = 7; action = 7·0.5 + 0.25
        mlp.act(&DVector::from_vec(vec![1.0, 2.0]), &mut action);
        assert_eq!(action, [3.75]);
    }

    #[test]
    fn a_not_a_number_reaches_the_guard() {
        let mut mlp = Mlp::<f32>::load(2, &[2], 1, &weights()).unwrap();
        let mut action = [0.0];
        mlp.act(&DVector::from_vec(vec![f32::INFINITY, 2.0]), &mut action);
        assert!(!action[0].is_finite());
    }

    #[test]
    fn a_layer_of_another_shape_is_named() {
        let problems = Mlp::<f32>::load(3, &[2], 1, &weights()).err().unwrap();
        assert!(problems.to_string().contains("head.0.weight"), "{problems}");
    }
}
