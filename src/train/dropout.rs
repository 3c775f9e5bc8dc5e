//! Dropout, for what is learned from few demonstrations.

use candle_core::{Device, Result, Tensor};
use rand::Rng;
use rand_chacha::ChaCha12Rng;

/// Leaves units of hidden layers out at random and raises the others, so that their sum is expected to stay as it was
/// (Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting").
pub struct Dropout {
    /// What of 2³² a unit's number must reach.
    least: u32,
    raised: f32,
    random: ChaCha12Rng,
}

impl Dropout {
    /// Leaves out a unit with this probability, below 1.
    pub fn new(probability: f64, random: ChaCha12Rng) -> Self {
        Self {
            least: (probability * f64::from(u32::MAX)) as u32,
            raised: (1.0 / (1.0 - probability)) as f32,
            random,
        }
    }

    /// What decides which units are left out.
    pub fn stream(&mut self) -> &mut ChaCha12Rng {
        &mut self.random
    }

    /// What units of this shape are multiplied by.
    ///
    /// # Errors
    /// What candle says about its memory.
    pub fn draw(&mut self, shape: &[usize]) -> Result<Tensor> {
        let mut numbers = vec![0_u32; shape.iter().product()];
        self.random.fill(numbers.as_mut_slice());
        let factor = |number: u32| match number < self.least {
            true => 0.0,
            false => self.raised,
        };
        let factors = numbers.into_iter().map(factor).collect();
        Tensor::from_vec(factors, shape, &Device::Cpu)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn so_many_are_left_out_and_the_sum_stays() {
        let mut dropout = Dropout::new(0.25, ChaCha12Rng::seed_from_u64(3));
        let factors: Vec<f32> = dropout
            .draw(&[200, 100])
            .and_then(|factors| factors.flatten_all()?.to_vec1())
            .unwrap();
        let left_out = factors.iter().filter(|factor| **factor == 0.0).count();
        assert!((4700..5300).contains(&left_out), "{left_out} of 20000");
        let raised = factors
            .iter()
            .filter(|factor| **factor == 4.0 / 3.0)
            .count();
        assert_eq!(left_out + raised, factors.len());
        assert_ne!(
            dropout.draw(&[9, 9]).unwrap().to_vec2::<f32>().unwrap(),
            dropout.draw(&[9, 9]).unwrap().to_vec2::<f32>().unwrap()
        );
    }
}
