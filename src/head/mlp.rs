//! The multi-layer perceptron, whose output is scaled back to the action's units.

use nalgebra::DVector;

use super::{Block, Head, Layers, Presence};
use crate::number::Number;
use crate::policy::Weights;
use crate::problems::Problems;

/// A multi-layer perceptron for one or several steps, scaled back with the training labels' mean and deviation.
pub struct Mlp<T: Number> {
    layers: Layers<T>,
    mean: DVector<T>,
    std: DVector<T>,
}

impl<T: Number> Mlp<T> {
    /// Reads the [`Layers`] named `head`, whose input is made of `blocks` and whose output is one number per step and
    /// action, step after step, and `action.mean` and `action.std`, which are the same for all steps.
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(
        blocks: &[Block],
        hidden: &[usize],
        steps: usize,
        actions: usize,
        weights: &Weights,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let layers = Layers::load("head", blocks, hidden, steps * actions, weights)
            .map_err(|found| problems.extend(found));
        let mean = weights.vector("action.mean", actions, &mut problems);
        let std = weights.vector("action.std", actions, &mut problems);
        match (layers, mean, std) {
            (Ok(layers), Some(mean), Some(std)) => Ok(Self { layers, mean, std }),
            _ => Err(problems),
        }
    }
}

impl<T: Number> Head<T> for Mlp<T> {
    fn act(&mut self, fused: &DVector<T>, presence: Presence, action: &mut [f64]) {
        let actions = self.mean.len();
        if !presence.same_features {
            self.layers.forget();
        }
        let output = self.layers.forward(fused, presence.bits);
        for (i, number) in action.iter_mut().enumerate() {
            let (mean, std) = (self.mean[i % actions], self.std[i % actions]);
            *number = (output[i] * std + mean).wide();
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

    /// One block per modality, of one number.
    fn blocks(count: usize) -> Vec<Block> {
        let block = |modality| Block {
            width: 1,
            modalities: vec![modality],
        };
        (0..count).map(block).collect()
    }

    fn act(mlp: &mut Mlp<f32>, fused: [f32; 2], bits: usize, same_features: bool) -> f64 {
        let presence = Presence {
            bits,
            same_features,
        };
        let mut action = [0.0];
        mlp.act(&DVector::from_row_slice(&fused), presence, &mut action);
        action[0]
    }

    #[test]
    fn hidden_layers_are_rectified_and_the_action_is_scaled_back() {
        let mut mlp = Mlp::<f32>::load(&blocks(2), &[2], 1, 1, &weights()).unwrap();
        // hidden = relu([3, −2.5]) = [3, 0]; output = 2·3 + 1 = 7; action = 7·0.5 + 0.25
        assert_eq!(act(&mut mlp, [1.0, 2.0], 0b11, false), 3.75);
    }

    #[test]
    fn products_are_kept_while_the_features_are_the_same_and_no_longer() {
        let mut mlp = Mlp::<f32>::load(&blocks(2), &[2], 1, 1, &weights()).unwrap();
        act(&mut mlp, [1.0, 2.0], 0b11, false);
        // The second one is absent now: its number is looked at, the first one's is not.
        assert_eq!(act(&mut mlp, [99.0, 0.0], 0b01, true), 1.75);
        assert_eq!(act(&mut mlp, [99.0, 99.0], 0b11, true), 3.75);
        assert_eq!(act(&mut mlp, [2.0, 2.0], 0b11, false), 4.75);
    }

    #[test]
    fn a_block_of_many_modalities_is_always_looked_at() {
        let all = Block {
            width: 2,
            modalities: vec![0, 1, 2],
        };
        let mut mlp = Mlp::<f32>::load(&[all], &[2], 1, 1, &weights()).unwrap();
        assert_eq!(act(&mut mlp, [1.0, 2.0], 0b111, false), 3.75);
        assert_eq!(act(&mut mlp, [1.0, 0.0], 0b111, true), 1.75);
    }

    #[test]
    fn a_not_a_number_reaches_the_guard() {
        let mut mlp = Mlp::<f32>::load(&blocks(2), &[2], 1, 1, &weights()).unwrap();
        assert!(!act(&mut mlp, [f32::INFINITY, 2.0], 0b11, false).is_finite());
    }

    #[test]
    fn a_layer_of_another_shape_is_named() {
        let loaded = Mlp::<f32>::load(&blocks(3), &[2], 1, 1, &weights());
        let problems = loaded.err().unwrap();
        assert!(problems.to_string().contains("head.0.weight"), "{problems}");
    }
}
