//! A multi-layer perceptron whose output is scaled back to the action's units.

use nalgebra::DVector;

use super::decision::Head;
use crate::errors::ConfigErrors;
use crate::layers::Mlp;
use crate::number::Number;
use crate::spec::Weights;

/// A multi-layer perceptron for one or several steps, scaled back with the training labels' mean and deviation.
pub struct MlpHead<T: Number> {
    layers: Mlp<T>,
    mean: DVector<T>,
    std: DVector<T>,
}

impl<T: Number> MlpHead<T> {
    /// Reads the multi-layer perceptron named `head`, whose input has `width` numbers and whose output is one number per step and
    /// action, step after step, and `action.mean` and `action.std`, which are the same for all steps.
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(
        width: usize,
        hidden: &[usize],
        steps: usize,
        actions: usize,
        weights: &Weights,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let layers = Mlp::load("head", width, hidden, steps * actions, weights)
            .map_err(|found| errors.extend(found));
        let mean = weights.vector("action.mean", actions, &mut errors);
        let std = weights.vector("action.std", actions, &mut errors);
        match (layers, mean, std) {
            (Ok(layers), Some(mean), Some(std)) => Ok(Self { layers, mean, std }),
            _ => Err(errors),
        }
    }
}

impl<T: Number> Head<T> for MlpHead<T> {
    fn act(&mut self, fused: &DVector<T>, action: &mut [f64]) {
        let actions = self.mean.len();
        let output = self.layers.forward(fused);
        for (i, number) in action.iter_mut().enumerate() {
            let (mean, std) = (self.mean[i % actions], self.std[i % actions]);
            *number = (output[i] * std + mean).to_f64();
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

    fn act(fused: [f32; 2]) -> f64 {
        let mut head = MlpHead::<f32>::load(2, &[2], 1, 1, &weights()).unwrap();
        let mut action = [0.0];
        head.act(&DVector::from_row_slice(&fused), &mut action);
        action[0]
    }

    #[test]
    fn hidden_layers_have_relu_and_the_action_is_scaled_back() {
        // hidden = relu([3, −2.5]) = [3, 0]; output = 2·3 + 1 = 7; action = 7·0.5 + 0.25
        assert_eq!(act([1.0, 2.0]), 3.75);
    }

    #[test]
    fn an_overflow_in_a_hidden_layer_is_not_finite_in_the_action() {
        // hidden before relu = [+∞, −∞]: a relu of max(x, 0) alone would let 0 through for the second.
        assert!(!act([f32::MAX, f32::MAX]).is_finite());
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!act([bad, 2.0]).is_finite(), "{bad}");
        }
    }

    #[test]
    fn a_layer_of_another_shape_is_named() {
        let loaded = MlpHead::<f32>::load(3, &[2], 1, 1, &weights());
        let errors = loaded.err().unwrap();
        assert!(errors.to_string().contains("head.0.weight"), "{errors}");
    }
}
