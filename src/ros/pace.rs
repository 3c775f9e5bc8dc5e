//! When the next tick is due.

use std::time::{Duration, Instant};

use crate::time::Stamp;

/// How the control loop is paced.
pub enum Pace {
    /// By the system's monotonic clock.
    System(Periodic<Instant>),
    /// By simulated time.
    Simulated(Periodic<Stamp>),
    /// By the simulator's observations: the stamp of the newest one that was answered.
    Lockstep(Option<Stamp>),
}

impl Pace {
    /// The pace that the parameters ask for.
    pub fn new(control_rate_hz: f64, use_sim_time: bool, lockstep: bool) -> Self {
        let period = Duration::from_secs_f64(1.0 / control_rate_hz);
        match (use_sim_time, lockstep) {
            (_, true) => Self::Lockstep(None),
            (true, false) => Self::Simulated(Periodic::new(period)),
            (false, false) => Self::System(Periodic::new(period)),
        }
    }
}

/// Deadlines one period apart, without drift. A deadline missed by more than a period is given up instead of
/// being caught up with a burst of commands.
pub struct Periodic<T> {
    period: Duration,
    next: Option<T>,
}

/// A point in time that deadlines can be made of.
pub trait Instantaneous: Copy + PartialOrd {
    /// This point, later by `duration`.
    fn plus(self, duration: Duration) -> Self;
    /// From `earlier` to this point; zero when it is not earlier.
    fn since(self, earlier: Self) -> Duration;
}

impl Instantaneous for Instant {
    fn plus(self, duration: Duration) -> Self {
        self + duration
    }

    fn since(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl Instantaneous for Stamp {
    fn plus(self, duration: Duration) -> Self {
        Stamp::from_nanos(self.nanos().saturating_add(duration.as_nanos() as i64))
    }

    fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos().saturating_sub(earlier.nanos()).max(0) as u64)
    }
}

impl<T: Instantaneous> Periodic<T> {
    /// The first tick is due at once.
    pub fn new(period: Duration) -> Self {
        Self { period, next: None }
    }

    /// Whether a tick is due at `now`; if so, the next one is a period later.
    pub fn due(&mut self, now: T) -> bool {
        let Some(next) = self.next else {
            self.next = Some(now.plus(self.period));
            return true;
        };
        // A simulator that starts over turns its clock back; waiting for the old time would be silence.
        let turned_back = next.since(now) > self.period;
        if now < next && !turned_back {
            return false;
        }
        let missed = turned_back || now.since(next) > self.period;
        self.next = Some(if missed { now } else { next }.plus(self.period));
        true
    }

    /// How long to wait for the next tick.
    pub fn remaining(&self, now: T) -> Duration {
        self.next.map_or(Duration::ZERO, |next| next.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Stamp {
        Stamp::from_nanos(ms * 1_000_000)
    }

    fn periodic() -> Periodic<Stamp> {
        Periodic::new(Duration::from_millis(10))
    }

    #[test]
    fn a_late_tick_does_not_shift_the_ones_after_it() {
        let mut pace = periodic();
        assert!(pace.due(at(100)));
        assert!(!pace.due(at(109)));
        assert!(pace.due(at(113)));
        assert!(pace.due(at(120)));
    }

    #[test]
    fn missed_ticks_are_not_caught_up() {
        let mut pace = periodic();
        assert!(pace.due(at(100)));
        assert!(pace.due(at(155)));
        assert!(!pace.due(at(156)));
        assert_eq!(pace.remaining(at(156)), Duration::from_millis(9));
    }

    #[test]
    fn a_clock_that_is_turned_back_does_not_silence_the_node() {
        let mut pace = periodic();
        assert!(pace.due(at(100_000)));
        assert!(pace.due(at(5)));
        assert!(!pace.due(at(14)));
        assert!(pace.due(at(15)));
    }
}
