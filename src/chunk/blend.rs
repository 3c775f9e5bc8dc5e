//! Cross-fading: a new chunk takes over gradually from what was being played.
//!
//! p_k = (1 − α_k)·p_{k−1} + α_k·c_k with α_k = age_k / blend, at most 1: p_{k−1} is what would be played now without the
//! newest chunk c_k, and is itself a fade where chunks come faster than they are blended in. At the moment of a
//! prediction α is 0, so what leaves has no jump.

/// Weighs chunks by their ages, oldest first: α_k·Π_{j>k} (1 − α_j), where the oldest has α = 1.
pub(super) fn weigh(blend_ns: i64, ages_ns: &[i64], weights: &mut [f64]) {
    let mut rest = 1.0;
    for (i, (age_ns, weight)) in ages_ns.iter().zip(weights).enumerate().rev() {
        let share = match i == 0 || *age_ns >= blend_ns {
            true => 1.0,
            false => *age_ns as f64 / blend_ns as f64,
        };
        *weight = rest * share;
        rest *= 1.0 - share;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed<const N: usize>(blend_ns: i64, ages_ns: [i64; N]) -> [f64; N] {
        let mut weights = [9.0; N];
        weigh(blend_ns, &ages_ns, &mut weights);
        weights
    }

    #[test]
    fn the_new_chunk_takes_over_from_nothing_to_everything() {
        assert_eq!(weighed(100, [50]), [1.0], "there is nothing to fade from");
        assert_eq!(weighed(100, [500, 0]), [1.0, 0.0]);
        assert_eq!(weighed(100, [525, 25]), [0.75, 0.25]);
        assert_eq!(weighed(100, [600, 100]), [0.0, 1.0]);
        assert_eq!(weighed(0, [500, 0]), [0.0, 1.0]);
    }

    #[test]
    fn a_fade_that_is_interrupted_goes_on_underneath() {
        let [oldest, middle, newest] = weighed(100, [900, 50, 25]);
        assert_eq!(newest, 0.25);
        assert_eq!(middle, 0.75 * 0.5);
        assert_eq!(oldest, 0.75 * 0.5);
    }
}
