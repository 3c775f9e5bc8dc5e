//! When the next tick is due.

use std::time::{Duration, Instant};

use crate::realtime::Monotonic;
use crate::time::Stamp;

/// How long the control thread sleeps at most before it looks whether the node is ending.
pub(super) const LONGEST_WAIT: Duration = Duration::from_millis(20);

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
    pub ticks: Periodic<Monotonic>,
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

    /// The time from tick to tick; without end where the simulator alone says when one is due.
    pub fn period(&self) -> Duration {
        match self {
            Self::System(system) => system.ticks.period,
            Self::Simulated(simulated) => simulated.ticks.period,
            Self::Lockstep(_) => Duration::MAX,
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

impl System {
    /// Sleeps until the next tick is due, or for [`LONGEST_WAIT`].
    pub fn sleep(&self) {
        let latest = Monotonic::now().plus(LONGEST_WAIT);
        let until = self.ticks.next().map_or(latest, |next| next.min(latest));
        until.sleep_until();
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

/// Deadlines one period apart, without drift. Deadlines that pass unnoticed are skipped instead of being caught up with a
/// burst of commands, and those after them stay where they are.
pub struct Periodic<T> {
    period: Duration,
    next: Option<T>,
}

/// A deadline that has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// How long ago that was.
    pub late: Duration,
    /// How many later deadlines have passed as well, and are skipped.
    pub skipped: u64,
}

/// A point in time that deadlines can be made of.
pub trait Instantaneous: Copy + PartialOrd {
    /// This point, later by `duration`.
    fn plus(self, duration: Duration) -> Self;
    /// From `earlier` to this point; zero when it is not earlier.
    fn since(self, earlier: Self) -> Duration;
}

impl Instantaneous for Monotonic {
    fn plus(self, duration: Duration) -> Self {
        Monotonic::plus(self, duration)
    }

    fn since(self, earlier: Self) -> Duration {
        Monotonic::since(self, earlier)
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

    /// The deadline that has come at `now`, if one has; the next one is then later than `now`.
    pub fn due(&mut self, now: T) -> Option<Due> {
        let Some(next) = self.next else {
            self.next = Some(now.plus(self.period));
            return Some(Due::default());
        };
        // A simulator that starts over turns its clock back; waiting for the old time would be silence.
        if next.since(now) > self.period {
            self.next = Some(now.plus(self.period));
            return Some(Due::default());
        }
        if now < next {
            return None;
        }
        let skipped = self.skip(now) - 1;
        let late = now.since(next);
        Some(Due { late, skipped })
    }

    /// Skips the deadlines up to `now`, so that the next one is still to come, and returns how many they were.
    pub fn skip(&mut self, now: T) -> u64 {
        let Some(next) = self.next.filter(|next| *next <= now) else {
            return 0;
        };
        let (late_ns, period_ns) = (now.since(next).as_nanos(), self.period.as_nanos());
        let passed = 1 + (late_ns / period_ns) as u64;
        let ahead_ns = u128::from(passed) * period_ns;
        self.next = Some(next.plus(Duration::from_nanos(ahead_ns as u64)));
        passed
    }

    /// The next deadline; `None` before the first tick, which is due at once.
    pub fn next(&self) -> Option<T> {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Stamp {
        Stamp::from_nanos(ms * 1_000_000)
    }

    fn due(late_ms: u64, skipped: u64) -> Option<Due> {
        let late = Duration::from_millis(late_ms);
        Some(Due { late, skipped })
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
        assert_eq!(pace.due(at(100)), due(0, 0));
        assert_eq!(pace.due(at(109)), None);
        assert_eq!(pace.due(at(113)), due(3, 0));
        assert_eq!(pace.due(at(120)), due(0, 0));
    }

    #[test]
    fn missed_ticks_are_not_caught_up_and_those_after_them_stay_in_place() {
        let mut pace = periodic();
        assert_eq!(pace.due(at(100)), due(0, 0));
        assert_eq!(pace.due(at(155)), due(45, 4));
        assert_eq!(pace.due(at(156)), None);
        assert_eq!(pace.next(), Some(at(160)));
        // On time for one deadline is too late for the one before.
        assert_eq!(pace.due(at(180)), due(20, 2));
        assert_eq!(pace.next(), Some(at(190)));
    }

    #[test]
    fn after_skipping_there_is_always_something_to_wait_for() {
        let mut pace = periodic();
        assert_eq!(pace.skip(at(50)), 0, "before the first");
        pace.due(at(100));
        assert_eq!(pace.skip(at(109)), 0);
        assert_eq!(pace.skip(at(110)), 1);
        assert_eq!(pace.skip(at(145)), 3);
        assert_eq!(pace.next(), Some(at(150)));
    }

    #[test]
    fn a_clock_that_is_turned_back_does_not_silence_the_node() {
        let mut pace = periodic();
        assert_eq!(pace.due(at(100_000)), due(0, 0));
        assert_eq!(pace.due(at(5)), due(0, 0));
        assert_eq!(pace.due(at(14)), None);
        assert_eq!(pace.due(at(15)), due(0, 0));
    }
}
