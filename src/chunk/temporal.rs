//! The temporal ensemble: a weighted mean of everything that was predicted for this moment.
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

/// The weight of one of `count` chunks, counted from the oldest, before the weights are brought to a sum of 1. `decay` is
/// the paper's m, not negative.
pub(super) fn weight(favor: Favor, decay: f64, at: usize, count: usize) -> f64 {
    let from_favored = match favor {
        Favor::Oldest => at,
        Favor::Newest => count - 1 - at,
    };
    (-decay * from_favored as f64).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_fall_from_the_favored_end() {
        let ratio = (-0.5_f64).exp();
        let weights = |favor| [0, 1, 2].map(|at| weight(favor, 0.5, at, 3));
        let oldest_first = weights(Favor::Oldest);
        for (weight, expected) in oldest_first.iter().zip([1.0, ratio, ratio * ratio]) {
            assert!((weight - expected).abs() < 1e-15, "{oldest_first:?}");
        }
        let mut newest_first = weights(Favor::Newest);
        newest_first.reverse();
        assert_eq!(newest_first, oldest_first);
    }

    #[test]
    fn without_decay_all_count_alike_and_with_much_of_it_one_alone() {
        let weights = |decay| [0, 1, 2, 3].map(|at| weight(Favor::Newest, decay, at, 4));
        assert_eq!(weights(0.0), [1.0; 4]);
        assert_eq!(weights(1000.0), [0.0, 0.0, 0.0, 1.0]);
    }
}
