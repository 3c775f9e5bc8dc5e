//! The temporal ensemble: a weighted mean of everything that was foreseen for this moment.
//!
//! Zhao et al. 2023, "Learning fine-grained bimanual manipulation with low-cost hardware" (arXiv 2304.13705),
//! algorithm 2: w_i = exp(−m·i), brought to a sum of 1, where i counts the predictions from the oldest.

/// Which end of the chunks counts most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Favor {
    /// The oldest chunk, as in the paper: smooth, and slow to take in what is new.
    Oldest,
    /// The newest chunk: quick, and less smooth.
    Newest,
}

/// Weighs `weights.len()` chunks, oldest first. `decay` is the paper's m, not negative.
pub(super) fn weigh(favor: Favor, decay: f64, weights: &mut [f64]) {
    let last = weights.len() - 1;
    let mut sum = 0.0;
    for (i, weight) in weights.iter_mut().enumerate() {
        let from_favored = match favor {
            Favor::Oldest => i,
            Favor::Newest => last - i,
        };
        *weight = (-decay * from_favored as f64).exp();
        sum += *weight;
    }
    for weight in weights {
        *weight /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_fall_from_the_favored_end() {
        let ratio = (-0.5_f64).exp();
        let sum = 1.0 + ratio + ratio * ratio;
        let mut weights = [9.0; 3];
        weigh(Favor::Oldest, 0.5, &mut weights);
        for (weight, expected) in weights.iter().zip([1.0, ratio, ratio * ratio]) {
            assert!((weight - expected / sum).abs() < 1e-15, "{weights:?}");
        }
        let oldest_first = weights;
        weigh(Favor::Newest, 0.5, &mut weights);
        weights.reverse();
        assert_eq!(weights, oldest_first);
    }

    #[test]
    fn without_decay_all_count_alike_and_with_much_of_it_one_alone() {
        let mut weights = [9.0; 4];
        weigh(Favor::Oldest, 0.0, &mut weights);
        assert_eq!(weights, [0.25; 4]);
        weigh(Favor::Newest, 1000.0, &mut weights);
        assert_eq!(weights, [0.0, 0.0, 0.0, 1.0]);
    }
}
