//! How far from their mean the features are that a policy is learned from.

use super::normalizer::Normalizer;
use crate::fusion::distance;

/// This part of the samples is no further away.
const PART: f64 = 0.999;

/// Below this all samples are the same, and any other feature would be infinitely far away.
const SMALLEST: f64 = 1e-3;

/// The distance that all but one of 1000 samples are within, as the node will measure it; none where they tell of no
/// distance.
pub fn usual_distance(
    standard: &Normalizer,
    rows: impl Iterator<Item: AsRef<[f32]>>,
) -> Option<f32> {
    let inverse_std: Vec<f32> = standard.std.iter().map(|std| 1.0 / std).collect();
    let of_row = |row: &[f32]| {
        let scale = standard.mean.iter().zip(&inverse_std);
        let each = row.iter().zip(scale);
        distance(each.map(|(number, (mean, inverse_std))| (number - mean) * inverse_std))
    };
    let mut distances: Vec<f64> = rows.map(|row| of_row(row.as_ref())).collect();
    distances.sort_by(f64::total_cmp);
    let at = (PART * distances.len() as f64).ceil() as usize;
    let usual = *distances.get(at.checked_sub(1)?)?;
    (usual.is_finite() && usual > SMALLEST).then_some(usual as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sample_of_a_thousand_may_be_further_away() {
        let standard = Normalizer {
            mean: vec![1.0, 10.0],
            std: vec![1.0, 2.0],
        };
        let row = |distance: f32| [1.0 + distance, 10.0 - 2.0 * distance];
        let mut rows: Vec<[f32; 2]> = (0..999).map(|i| row(i as f32 / 1000.0)).collect();
        rows.push(row(50.0));
        let usual = usual_distance(&standard, rows.iter().map(<[f32; 2]>::as_slice));
        assert!((usual.unwrap() - 0.998).abs() < 1e-6, "{usual:?}");
        let few = usual_distance(&standard, rows[..3].iter().map(<[f32; 2]>::as_slice));
        assert!((few.unwrap() - 0.002).abs() < 1e-6, "the furthest of few");
    }

    #[test]
    fn samples_that_are_all_the_same_tell_of_no_distance() {
        let standard = Normalizer::untouched(1);
        let usual =
            |rows: &[[f32; 1]]| usual_distance(&standard, rows.iter().map(<[f32; 1]>::as_slice));
        assert_eq!(usual(&[]), None);
        assert_eq!(usual(&[[0.0]; 9]), None);
        assert_eq!(usual(&[[f32::MAX], [f32::INFINITY]]), None);
        assert_eq!(usual(&[[0.5]]), Some(0.5));
    }
}
