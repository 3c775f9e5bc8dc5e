//! Mean and deviation of training numbers, by which they are brought to a common scale.

use super::training_input::TrainingInput;
use crate::spec::{SourceSpec, Weights};

/// The mean and the standard deviation of every number of a vector; no deviation is zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalizer {
    /// Means.
    pub mean: Vec<f32>,
    /// Deviations, all positive.
    pub std: Vec<f32>,
}

/// A deviation below this part of the mean's size is the rounding of 32-bit numbers, not movement.
const ROUNDING: f64 = 2e-7;

/// What is added to the deviation of every number of an encoder's output, as a part of the root mean square over all
/// of them. A unit that hardly ever stirred in training must not become the loudest the first time it does, and on a
/// robot that does not see quite what its demonstrator saw, it will.
const QUIET: f64 = 0.5;

impl Normalizer {
    /// Of rows of `width` numbers that mean different things, such as joints or actions: each on its own scale.
    /// What never changed has no scale to learn, and is given the deviation 1.
    pub fn of_numbers(rows: impl Iterator<Item: AsRef<[f32]>>, width: usize) -> Self {
        let (mean, mut std) = moments(rows, width);
        for (std, mean) in std.iter_mut().zip(&mean) {
            if *std <= ROUNDING * mean.abs() {
                *std = 1.0;
            }
        }
        Self::narrowed(mean, std)
    }

    /// Of an encoder's outputs, whose numbers share one scale: those that hardly changed stay small.
    pub fn of_embeddings(rows: impl Iterator<Item: AsRef<[f32]>>, width: usize) -> Self {
        let (mean, mut std) = moments(rows, width);
        let rms =
            |values: &[f64]| (values.iter().map(|v| v * v).sum::<f64>() / width as f64).sqrt();
        let scale = rms(&std);
        let nothing_changed = scale <= ROUNDING * rms(&mean);
        for std in &mut std {
            *std = match nothing_changed {
                true => 1.0,
                false => *std + QUIET * scale,
            };
        }
        Self::narrowed(mean, std)
    }

    /// Of maps whose `positions` share the scale of their channel. Numbers lie channel after channel.
    pub fn of_map(rows: impl Iterator<Item: AsRef<[f32]>>, width: usize, positions: usize) -> Self {
        let channels = width / positions;
        let mut mean = vec![0.0; channels];
        let mut squares = vec![0.0; channels];
        let mut count = 0.0;
        for row in rows {
            count += positions as f64;
            for (channel, plane) in row.as_ref().chunks_exact(positions).enumerate() {
                for value in plane.iter().map(|v| f64::from(*v)) {
                    mean[channel] += value;
                    squares[channel] += value * value;
                }
            }
        }
        let count = f64::max(count, 1.0);
        let deviation = |(mean, square): (&f64, &f64)| {
            let mean = mean / count;
            let std = (square / count - mean * mean).max(0.0).sqrt();
            match std <= ROUNDING * mean.abs() {
                true => 1.0,
                false => std,
            }
        };
        let std: Vec<f64> = mean.iter().zip(&squares).map(deviation).collect();
        let spread = |values: Vec<f64>| -> Vec<f64> {
            let each = |value| std::iter::repeat_n(value, positions);
            values.into_iter().flat_map(each).collect()
        };
        let mean = mean.iter().map(|sum| sum / count).collect();
        Self::narrowed(spread(mean), spread(std))
    }

    /// Of numbers that have a common scale already.
    pub fn untouched(width: usize) -> Self {
        Self {
            mean: vec![0.0; width],
            std: vec![1.0; width],
        }
    }

    /// Of `width` numbers of a modality, which may be fused as a map of `cells` by `cells`.
    pub fn of_features(
        training_input: &TrainingInput,
        width: usize,
        cells: Option<usize>,
        rows: impl Iterator<Item: AsRef<[f32]>>,
    ) -> Self {
        let positions = training_input.map.map(|map| map.positions());
        if let Some(positions) = positions.or(cells.map(|cells| cells * cells)) {
            return Self::of_map(rows, width, positions);
        }
        match training_input.source {
            SourceSpec::Vector { .. } => Self::of_numbers(rows, width),
            SourceSpec::Image { .. } | SourceSpec::Text { .. } | SourceSpec::Feature { .. } => {
                Self::of_embeddings(rows, width)
            }
        }
    }

    /// Adds `<name>.mean` and `<name>.std`.
    pub fn store(&self, name: &str, weights: &mut Weights) {
        for (part, values) in [("mean", &self.mean), ("std", &self.std)] {
            weights.insert(format!("{name}.{part}"), vec![values.len()], values.clone());
        }
    }

    fn narrowed(mean: Vec<f64>, std: Vec<f64>) -> Self {
        let narrow = |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect();
        Self {
            mean: narrow(mean),
            std: narrow(std),
        }
    }
}

/// Mean and deviation, by Welford's method: one pass, and no cancellation when the mean is large.
fn moments(rows: impl Iterator<Item: AsRef<[f32]>>, width: usize) -> (Vec<f64>, Vec<f64>) {
    let mut mean = vec![0.0f64; width];
    let mut squares = vec![0.0f64; width];
    let mut count = 0.0;
    for row in rows {
        count += 1.0;
        for ((value, mean), squares) in row.as_ref().iter().zip(&mut mean).zip(&mut squares) {
            let before = f64::from(*value) - *mean;
            *mean += before / count;
            *squares += before * (f64::from(*value) - *mean);
        }
    }
    let std = squares.iter().map(|s| (s / f64::max(count, 1.0)).sqrt());
    (mean, std.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[[f32; 3]]) -> impl Iterator<Item = &[f32]> {
        rows.iter().map(<[f32; 3]>::as_slice)
    }

    #[test]
    fn numbers_are_measured_each_on_its_own_scale() {
        let data = [[1.0, 1000.0, 7.0], [3.0, 1004.0, 7.0]];
        let standard = Normalizer::of_numbers(rows(&data), 3);
        assert_eq!(standard.mean, [2.0, 1002.0, 7.0]);
        assert_eq!(standard.std, [1.0, 2.0, 1.0], "what never changes gets 1");
    }

    #[test]
    fn a_unit_that_hardly_stirs_is_not_magnified() {
        let data = [[1.0, 5.0, 0.0], [3.0, 5.0, 0.0001]];
        let standard = Normalizer::of_embeddings(rows(&data), 3);
        let added = 0.5 / 3f32.sqrt();
        for (std, own) in standard.std.iter().zip([1.0, 0.0, 0.00005]) {
            assert!((std - own - added).abs() < 1e-6, "{standard:?}");
        }
    }

    #[test]
    fn the_positions_of_a_channel_share_one_scale() {
        let row = [1.0, 3.0, 7.0, 7.0, 0.0, 100.0];
        let standard = Normalizer::of_map([row.as_slice()].into_iter(), 6, 2);
        assert_eq!(standard.mean, [2.0, 2.0, 7.0, 7.0, 50.0, 50.0]);
        assert_eq!(standard.std, [1.0, 1.0, 1.0, 1.0, 50.0, 50.0]);
    }

    #[test]
    fn one_sentence_alone_has_no_scale() {
        let standard = Normalizer::of_embeddings(rows(&[[0.1, -0.2, 0.3]; 5]), 3);
        assert_eq!(standard.std, [1.0; 3]);
        assert_eq!(standard.mean, [0.1, -0.2, 0.3]);
    }

    #[test]
    fn a_large_mean_does_not_swallow_the_deviation() {
        let data = [[500_000.0, 0.0, 0.0], [500_001.0, 0.0, 0.0]];
        assert_eq!(Normalizer::of_numbers(rows(&data), 3).std[0], 0.5);
    }
}
