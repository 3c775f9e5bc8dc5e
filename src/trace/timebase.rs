//! Points in time of this process as numbers that other processes understand.

use std::time::Instant;

use crate::realtime::Monotonic;

/// A point in time by both clocks of the process, which are one: [`Instant`] is the kernel's monotonic clock as well, but
/// does not say its number.
#[derive(Clone, Copy, Debug)]
pub struct Timebase {
    instant: Instant,
    monotonic: Monotonic,
}

impl Timebase {
    /// Reads both clocks, several times: the pair that was read the fastest is the closest.
    pub fn new() -> Self {
        let read = |_| {
            let before = Monotonic::now();
            let instant = Instant::now();
            let monotonic = Monotonic::now();
            (monotonic.since(before), Self { instant, monotonic })
        };
        let pairs = (0..16).map(read);
        let closest = pairs.min_by_key(|(apart, _)| *apart);
        closest.map_or_else(|| read(0).1, |(_, pair)| pair)
    }

    /// Nanoseconds of the monotonic clock, to within the time that it takes to read it.
    pub fn nanos(&self, at: Instant) -> u64 {
        let point = match at.checked_duration_since(self.instant) {
            Some(later) => self.monotonic.plus(later),
            None => self.monotonic.minus(self.instant - at),
        };
        point.nanos()
    }
}

impl Default for Timebase {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn both_clocks_are_one() {
        let earlier = Instant::now();
        let timebase = Timebase::new();
        for _ in 0..100 {
            let before = Monotonic::now();
            let at = Instant::now();
            let after = Monotonic::now();
            // One reading apart.
            let slack = Duration::from_micros(50);
            assert!(timebase.nanos(at) >= before.minus(slack).nanos());
            assert!(timebase.nanos(at) <= after.plus(slack).nanos());
        }
        assert!(timebase.nanos(earlier) <= timebase.monotonic.nanos());
        let second = Duration::from_secs(1);
        let apart = timebase.nanos(earlier + second) - timebase.nanos(earlier);
        assert_eq!(apart, 1_000_000_000);
    }
}
