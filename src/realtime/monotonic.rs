//! The kernel's monotonic clock, and sleeping to a point in its time.

use std::time::Duration;

use rustix::thread::{ClockId, Timespec, clock_nanosleep_absolute};
use rustix::time::clock_gettime;

const NANOS_PER_S: u64 = 1_000_000_000;

/// A point in time of the kernel's monotonic clock, in nanoseconds. Unlike [`std::time::Instant`] it can be slept to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Monotonic(u64);

impl Monotonic {
    /// From nanoseconds since the clock's start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's start.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The time now.
    pub fn now() -> Self {
        let now = clock_gettime(ClockId::Monotonic);
        Self(now.tv_sec as u64 * NANOS_PER_S + now.tv_nsec as u64)
    }

    /// This point, later by `duration`.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_nanos() as u64))
    }

    /// This point, earlier by `duration`.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.as_nanos() as u64))
    }

    /// From `earlier` to this point; zero when it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Sleeps until this point, or until a signal comes. The kernel is told the point itself, so that what happens between
    /// reading the clock and falling asleep makes no difference.
    pub fn sleep_until(self) {
        let until = Timespec {
            tv_sec: (self.0 / NANOS_PER_S) as _,
            tv_nsec: (self.0 % NANOS_PER_S) as _,
        };
        // The only error with a valid time is that a signal came.
        let _ = clock_nanosleep_absolute(ClockId::Monotonic, &until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_never_ends_before_its_time_and_one_to_the_past_at_once() {
        let start = Monotonic::now();
        let until = start.plus(Duration::from_millis(3));
        until.sleep_until();
        assert!(Monotonic::now() >= until);
        Monotonic::from_nanos(1).sleep_until();
        assert_eq!(start.since(until), Duration::ZERO);
        assert_eq!(until.since(start), Duration::from_millis(3));
    }
}
