//! How long something took, counted without a lock: one thread counts, any thread asks for percentiles.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Buckets per doubling: a percentile is at most 2^(1/16) − 1 = 4.4 % away from the truth.
const PER_DOUBLING: f64 = 8.0;

/// From 1 µs up to 2^24 µs, which is 17 s.
const BUCKETS: usize = 24 * PER_DOUBLING as usize;

/// Counts of durations in logarithmic buckets.
pub(super) struct Durations([AtomicU64; BUCKETS]);

impl Default for Durations {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; BUCKETS])
    }
}

impl Durations {
    /// Counts one.
    pub fn count(&self, duration: Duration) {
        let micros = (duration.as_secs_f64() * 1e6).max(1.0);
        let bucket = (micros.log2() * PER_DOUBLING) as usize;
        self.0[bucket.min(BUCKETS - 1)].fetch_add(1, Relaxed);
    }

    /// The duration, in milliseconds, that `share` of all do not exceed; 0 when there are none.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        let counts: Vec<u64> = self.0.iter().map(|bucket| bucket.load(Relaxed)).collect();
        let all: u64 = counts.iter().sum();
        let rank = (all as f64 * share).ceil().max(1.0) as u64;
        let mut below = 0;
        let bucket = counts.iter().position(|count| {
            below += count;
            below >= rank
        });
        // The geometric middle of the bucket.
        bucket.map_or(0.0, |bucket| {
            ((bucket as f64 + 0.5) / PER_DOUBLING).exp2() * 1e-3
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_five_percent() {
        let durations = Durations::default();
        assert_eq!(durations.percentile_ms(0.5), 0.0);
        for micros in 1..=10_000 {
            durations.count(Duration::from_micros(micros));
        }
        for (share, expected_ms) in [(0.5, 5.0), (0.99, 9.9), (0.01, 0.1)] {
            let found = durations.percentile_ms(share);
            assert!(
                (found / expected_ms - 1.0).abs() < 0.05,
                "{share}: {found}, not {expected_ms}"
            );
        }
    }

    #[test]
    fn the_shortest_and_the_longest_have_a_bucket() {
        let durations = Durations::default();
        durations.count(Duration::ZERO);
        assert!(durations.percentile_ms(1.0) < 0.002);
        durations.count(Duration::from_secs(3600));
        assert!(durations.percentile_ms(1.0) > 15_000.0);
    }
}
