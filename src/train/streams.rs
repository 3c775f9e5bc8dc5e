//! The streams of random numbers of gradient descent.

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use super::disturbance::Disturbance;
use super::picks::Picks;
use super::training::Training;

/// A stream for each thing that is drawn, so that the order of samples does not change with the model's size or the noise.
pub struct Streams {
    /// The order of the samples.
    pub order: ChaCha12Rng,
    /// Which modalities are left out.
    pub absence: ChaCha12Rng,
    /// Which sentences are told.
    pub wording: ChaCha12Rng,
    /// Which copies and latencies are learned with.
    pub picks: Picks,
    /// What is changed on the way through the model.
    pub disturbance: Disturbance,
}

impl Streams {
    /// At their beginnings.
    pub fn new(training: &Training) -> Self {
        let stream = |number| ChaCha12Rng::seed_from_u64(training.seed.wrapping_add(number));
        Self {
            order: stream(1),
            absence: stream(3),
            wording: stream(4),
            picks: Picks::new(stream(5), stream(6)),
            disturbance: Disturbance::new(training),
        }
    }

    /// How far each has gone, in words of 32 bits.
    pub fn positions(&mut self) -> Vec<u64> {
        // Far less than 2⁶⁴ words are ever drawn.
        self.all()
            .map(|random| random.get_word_pos() as u64)
            .collect()
    }

    /// Goes to where others of the same training were. False, and nothing is changed, where they were more or fewer.
    pub fn go_to(&mut self, positions: &[u64]) -> bool {
        if self.all().count() != positions.len() {
            return false;
        }
        for (random, position) in self.all().zip(positions) {
            random.set_word_pos(u128::from(*position));
        }
        true
    }

    fn all(&mut self) -> impl Iterator<Item = &mut ChaCha12Rng> {
        let [shift, latency] = self.picks.streams();
        [
            &mut self.order,
            &mut self.absence,
            &mut self.wording,
            shift,
            latency,
        ]
        .into_iter()
        .chain(self.disturbance.streams())
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};
    use rand::Rng;

    use super::*;
    use crate::train::model::Disturb;

    #[test]
    fn streams_go_on_where_others_were() {
        let training = Training {
            input_noise: 0.1,
            dropout: 0.4,
            ..Training::example()
        };
        let [mut first, mut second] = [0, 0].map(|_| Streams::new(&training));
        let units = Tensor::ones(3, candle_core::DType::F32, &Device::Cpu).unwrap();
        let draw = |streams: &mut Streams| {
            let feature = streams.disturbance.feature(units.clone()).unwrap();
            let hidden = streams.disturbance.hidden(units.clone()).unwrap();
            (
                streams.order.random_range(0..9usize),
                streams.absence.random_bool(0.5),
                streams.wording.random_range(0..9u32),
                streams.picks.pick(9, Some(&(3..=9)), 2),
                feature.to_vec1::<f32>().unwrap(),
                hidden.to_vec1::<f32>().unwrap(),
            )
        };
        for draws in 0..100 {
            // Wherever it is.
            (0..draws % 7).for_each(|_| drop(draw(&mut second)));
            assert!(second.go_to(&first.positions()), "{draws}");
            assert_eq!(draw(&mut second), draw(&mut first), "{draws}");
        }
        let positions = first.positions();
        assert!(!Streams::new(&Training::example()).go_to(&positions));
    }
}
