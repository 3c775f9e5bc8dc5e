//! Noise for what is learned from.

use candle_core::{Device, Result, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// Normally distributed numbers, drawn once and used again from ever other places: drawing them anew for every step
/// would take longer than the step. (candle's own generator cannot be seeded on a CPU.)
pub struct Noise {
    numbers: Vec<f32>,
    random: ChaCha12Rng,
}

/// So many numbers that a step's noise is a different one each time.
const NUMBERS: usize = 1 << 22;

impl Noise {
    /// Noise of this standard deviation.
    pub fn new(std: f32, seed: u64) -> Self {
        let mut random = ChaCha12Rng::seed_from_u64(seed);
        let mut numbers = Vec::with_capacity(NUMBERS + 1);
        // Box and Muller: two even numbers make two normal ones.
        while numbers.len() < NUMBERS {
            let (even, angle): (f32, f32) = (random.random(), random.random());
            let length = std * (-2.0 * (1.0 - even).ln()).sqrt();
            let (sine, cosine) = (std::f32::consts::TAU * angle).sin_cos();
            numbers.extend([length * cosine, length * sine]);
        }
        Self { numbers, random }
    }

    /// What decides which numbers are drawn.
    pub fn stream(&mut self) -> &mut ChaCha12Rng {
        &mut self.random
    }

    /// A tensor of noise.
    ///
    /// # Errors
    /// What candle says about its memory.
    pub fn draw(&mut self, shape: &[usize]) -> Result<Tensor> {
        let mut missing: usize = shape.iter().product();
        let mut values = Vec::with_capacity(missing);
        while missing > 0 {
            let length = missing.min(NUMBERS / 2);
            let start = self.random.random_range(0..NUMBERS - length);
            values.extend_from_slice(&self.numbers[start..start + length]);
            missing -= length;
        }
        Tensor::from_vec(values, shape, &Device::Cpu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_the_asked_deviation_and_depends_on_the_seed_alone() {
        let draw = || Noise::new(0.3, 5).draw(&[101, 99]).unwrap();
        let values: Vec<f32> = draw().flatten_all().unwrap().to_vec1().unwrap();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let square = values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.01, "{mean}");
        assert!((square.sqrt() - 0.3).abs() < 0.01, "{}", square.sqrt());
        assert_eq!(draw().to_vec2::<f32>().unwrap().concat(), values);
    }

    #[test]
    fn no_two_steps_have_the_same_noise() {
        let mut noise = Noise::new(1.0, 5);
        let mut draw = || noise.draw(&[1000]).unwrap().to_vec1::<f32>().unwrap();
        assert_ne!(draw(), draw());
    }
}
