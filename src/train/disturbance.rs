//! What keeps a policy from learning its demonstrations by heart.

use candle_core::{Result, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use super::dropout::Dropout;
use super::model::Disturb;
use super::noise::Noise;
use super::training::Training;

/// Noise on features, and units that are left out.
pub struct Disturbance {
    noise: Option<Noise>,
    dropout: Option<Dropout>,
}

impl Disturbance {
    /// As a training asks for it.
    pub fn new(training: &Training) -> Self {
        let Training {
            input_noise,
            dropout,
            seed,
            ..
        } = *training;
        let noise = || Noise::new(input_noise as f32, seed.wrapping_add(2));
        let units = || Dropout::new(dropout, ChaCha12Rng::seed_from_u64(seed.wrapping_add(7)));
        Self {
            noise: (input_noise > 0.0).then(noise),
            dropout: (dropout > 0.0).then(units),
        }
    }

    /// What decides what is drawn.
    pub fn streams(&mut self) -> impl Iterator<Item = &mut ChaCha12Rng> {
        let noise = self.noise.as_mut().map(Noise::stream);
        let dropout = self.dropout.as_mut().map(Dropout::stream);
        noise.into_iter().chain(dropout)
    }
}

impl Disturb for Disturbance {
    // A policy that is to act on what it never saw exactly must not hang on the last digit of what it did see.
    fn feature(&mut self, feature: Tensor) -> Result<Tensor> {
        match &mut self.noise {
            Some(noise) => {
                let noise = noise.draw(feature.dims())?;
                feature + noise
            }
            None => Ok(feature),
        }
    }

    fn hidden(&mut self, units: Tensor) -> Result<Tensor> {
        match &mut self.dropout {
            Some(dropout) => {
                let factors = dropout.draw(units.dims())?;
                units * factors
            }
            None => Ok(units),
        }
    }
}
