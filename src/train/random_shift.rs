//! Shifted copies of pictures: what is learned from them hangs less on where the camera happened to stand.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::spec::{ImageInputSpec, SourceSpec};

/// How pictures are shifted. After Kostrikov et al. 2021, "Image augmentation is all you need".
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RandomShift {
    /// How many copies of every picture are encoded beside it, each shifted somewhere else.
    pub copies: usize,
    /// The farthest that a copy is shifted along each axis, as a part of the picture's side.
    pub max_fraction: f64,
}

/// More copies would be more of the same.
const MOST_COPIES: usize = 32;

impl RandomShift {
    /// What is wrong with them, and what is allowed.
    pub fn errors(&self) -> impl Iterator<Item = String> {
        let copies = (!(1..=MOST_COPIES).contains(&self.copies)).then(|| {
            format!(
                "random_shift.copies is {}; 1 to {MOST_COPIES} are allowed",
                self.copies
            )
        });
        let most = (!(self.max_fraction > 0.0 && self.max_fraction <= 0.5)).then(|| {
            format!(
                "random_shift.max_fraction is {}; above 0 and at most 0.5 of the picture's side is allowed",
                self.max_fraction
            )
        });
        copies.into_iter().chain(most)
    }

    /// How many copies are made of the messages of a source.
    pub fn copies_of(&self, source: &SourceSpec) -> usize {
        match source {
            SourceSpec::Image { .. } => self.copies,
            _ => 0,
        }
    }

    /// To the right and down, in pixels of the encoder's input, of every copy of the picture of this number: always the
    /// same ones, so that the cache and a second training see what the first one saw.
    pub fn of(&self, number: u32, input: &ImageInputSpec) -> Vec<(i32, i32)> {
        let mut random = StdRng::seed_from_u64(u64::from(number));
        let mut along = |side: usize| {
            let most = (self.max_fraction * side as f64).round() as i32;
            random.random_range(-most..=most)
        };
        (0..self.copies)
            .map(|_| (along(input.width), along(input.height)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_shifted_within_bounds_and_always_alike() {
        let random_shift = RandomShift {
            copies: 8,
            max_fraction: 0.1,
        };
        let input: ImageInputSpec = serde_yaml::from_str(
            "{name: x, width: 100, height: 50, rescale: 1, mean: [0, 0, 0], std: [1, 1, 1]}",
        )
        .unwrap();
        let all: Vec<_> = (0..200)
            .flat_map(|number| random_shift.of(number, &input))
            .collect();
        let most = |axis: fn(&(i32, i32)) -> i32| all.iter().map(|shift| axis(shift).abs()).max();
        assert_eq!((most(|s| s.0), most(|s| s.1)), (Some(10), Some(5)));
        assert_eq!(random_shift.of(7, &input), random_shift.of(7, &input));
        assert_ne!(random_shift.of(7, &input), random_shift.of(8, &input));
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        let random_shift = RandomShift {
            copies: 0,
            max_fraction: 0.7,
        };
        let errors: Vec<String> = random_shift.errors().collect();
        assert_eq!(errors.len(), 2);
        assert!(
            errors[0].contains("random_shift.copies is 0; 1 to 32"),
            "{errors:?}"
        );
        assert!(
            errors[1].contains("random_shift.max_fraction is 0.7"),
            "{errors:?}"
        );
    }
}
