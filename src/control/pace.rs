//! When the next tick is due.

use std::time::{Duration, Instant};

use crate::time::Stamp;

/// How the control loop is paced.
pub enum Pace {
    /// By the system's monotonic clock.
    System(System),
    /// By simulated time.
    Simulated(Simulated),
    /// By the simulator's observations.
    Lockstep(Lockstep),
}

/// Ticks on the system's monotonic clock.
pub struct System {
    /// When they are due.
    pub ticks: Periodic<Instant>,
    started: Instant,
}

/// Ticks in simulated time.
pub struct Simulated {
    /// When they are due.
    pub ticks: Periodic<Stamp>,
    elapsed: Forward,
}

/// One tick per observation.
#[derive(Default)]
pub struct Lockstep {
    /// The stamp of the newest observation that was answered.
    pub answered: Option<Stamp>,
    elapsed: Forward,
}

impl Pace {
    /// The pace that the parameters ask for.
    pub fn new(control_rate_hz: f64, use_sim_time: bool, lockstep: bool) -> Self {
        let period = Duration::from_secs_f64(1.0 / control_rate_hz);
        match (use_sim_time, lockstep) {
            (_, true) => Self::Lockstep(Lockstep::default()),
            (true, false) => Self::Simulated(Simulated {
                ticks: Periodic::new(period),
                elapsed: Forward::default(),
            }),
            (false, false) => Self::System(System {
                ticks: Periodic::new(period),
                started: Instant::now(),
            }),
        }
    }

    /// The time since the first tick, at a tick whose time is `now`: of a clock that never steps back, for limits on the
    /// rate of change. With the system's clock it is the monotonic one, which does not follow when the date is set.
    pub fn elapsed(&mut self, now: Stamp) -> Duration {
        match self {
            Self::System(system) => system.started.elapsed(),
            Self::Simulated(simulated) => simulated.elapsed.at(now),
            Self::Lockstep(lockstep) => lockstep.elapsed.at(now),
        }
    }
}

impl Lockstep {
    /// Whether this observation is yet to be answered.
    pub fn is_unanswered(&self, stamp: Stamp) -> bool {
        self.answered.is_none_or(|last| stamp != last)
    }
}

/// Simulated time, added up where it goes forward.
#[derive(Default)]
struct Forward {
    elapsed: Duration,
    last: Option<Stamp>,
}

impl Forward {
    fn at(&mut self, now: Stamp) -> Duration {
        let last = self.last.replace(now);
        self.elapsed += last.map_or(Duration::ZERO, |last| now.since(last));
        self.elapsed
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
    fn time_that_is_turned_back_does_not_elapse() {
        let mut pace = Pace::new(100.0, true, false);
        let elapsed: Vec<u128> = [5_000, 5_010, 20, 30, 30, 45]
            .map(|ms| pace.elapsed(at(ms)).as_millis())
            .to_vec();
        assert_eq!(elapsed, [0, 10, 10, 20, 20, 35]);
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
