//! The same remark at most once in a while, with how often it would have been made.

use std::time::Duration;

/// Lets a remark through at most once per period. Time is passed in, from any start.
pub(super) struct Throttle {
    period: Duration,
    last: Option<Duration>,
    held_back: u64,
}

impl Throttle {
    pub fn new(period: Duration) -> Self {
        Self {
            period,
            last: None,
            held_back: 0,
        }
    }

    /// `Some` when the remark may be made now, with the number of those held back since the last one.
    pub fn pass(&mut self, now: Duration) -> Option<u64> {
        let early = self
            .last
            .is_some_and(|last| now.saturating_sub(last) < self.period);
        if early {
            self.held_back += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_passes_at_once_and_the_rest_once_per_period_with_their_number() {
        let mut throttle = Throttle::new(Duration::from_secs(1));
        let passed: Vec<_> = [0, 10, 999, 1000, 1001, 2500]
            .map(Duration::from_millis)
            .into_iter()
            .map(|now| throttle.pass(now))
            .collect();
        assert_eq!(passed, [Some(0), None, None, Some(2), None, Some(1)]);
    }
}
