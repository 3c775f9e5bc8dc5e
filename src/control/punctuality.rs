//! How well the control thread keeps time: whether it was woken late, or whether its own work took too long.

use std::time::{Duration, Instant};

use crate::window::{Quantiles, Window};

/// A wake-up later than this part of the period is counted as late.
const LATE: u32 = 10;

/// How well the control thread has kept time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timekeeping {
    /// How long after its deadline the thread woke, over the last seconds; nothing where nothing but the simulator says
    /// when a tick is due.
    pub wakeup: Quantiles,
    /// From waking to the command on its way, over the last seconds.
    pub tick: Quantiles,
    /// Wake-ups since the start that came more than a tenth of the period after their deadline: the kernel or the machine
    /// was late.
    pub late_wakeups: u64,
    /// Ticks since the start that themselves took longer than the period, until the thread could wait again.
    pub overruns: u64,
    /// Periods since the start that passed before the thread woke, and so have no command.
    pub skipped_late: u64,
    /// Periods since the start that passed while an earlier tick was still at work, and so have no command.
    pub skipped_overrun: u64,
    /// Stop actions since the start that the supervisor sent in the thread's place.
    pub stood_in: u64,
}

/// Measures it. Takes all its memory when it is built.
pub struct Punctuality {
    period: Duration,
    wakeup: Window,
    tick: Window,
    kept: Timekeeping,
    summarized: Option<Instant>,
    tick_is_next: bool,
}

impl Punctuality {
    /// Of ticks one period apart.
    pub fn new(period: Duration) -> Self {
        Self {
            period,
            wakeup: Window::default(),
            tick: Window::default(),
            kept: Timekeeping::default(),
            summarized: None,
            tick_is_next: false,
        }
    }

    /// Counts a wake-up `late` after its deadline, at which `skipped` later deadlines had passed as well.
    pub fn woke(&mut self, now: Instant, late: Duration, skipped: u64) {
        self.wakeup.record(now, late);
        self.kept.late_wakeups += u64::from(late > self.period / LATE);
        self.kept.skipped_late += skipped;
    }

    /// Counts a command that was on its way at `now`, so long after the thread woke for it. Percentiles are brought up to
    /// date once a second, one of the two at a time, for they are not free.
    pub fn sent(&mut self, now: Instant, took: Duration) -> Timekeeping {
        self.tick.record(now, took);
        let summarized = *self.summarized.get_or_insert(now);
        if now.saturating_duration_since(summarized) >= Duration::from_millis(500) {
            self.summarized = Some(now);
            match self.tick_is_next {
                true => self.kept.tick = self.tick.quantiles(now),
                false => self.kept.wakeup = self.wakeup.quantiles(now),
            }
            self.tick_is_next = !self.tick_is_next;
        }
        self.kept
    }

    /// Whether a tick that worked for so long is an overrun; it is counted as one.
    pub fn is_overrun(&mut self, worked: Duration) -> bool {
        let is_overrun = worked > self.period;
        self.kept.overruns += u64::from(is_overrun);
        is_overrun
    }

    /// Counts periods that passed during an overrun.
    pub fn skipped(&mut self, periods: u64) {
        self.kept.skipped_overrun += periods;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn late_wakeups_and_overruns_are_counted_apart() {
        let now = Instant::now();
        let mut punctuality = Punctuality::new(10 * MS);
        punctuality.woke(now, MS, 0);
        assert!(!punctuality.is_overrun(10 * MS));
        let kept = punctuality.sent(now, 2 * MS);
        assert_eq!((kept.late_wakeups, kept.overruns), (0, 0), "at the limits");
        punctuality.woke(now, MS + MS / 100, 0);
        punctuality.woke(now, 35 * MS, 3);
        let kept = punctuality.sent(now, 2 * MS);
        assert_eq!((kept.late_wakeups, kept.skipped_late), (2, 3));
        assert_eq!((kept.overruns, kept.skipped_overrun), (0, 0));
        assert!(punctuality.is_overrun(25 * MS));
        punctuality.skipped(2);
        let kept = punctuality.sent(now, 2 * MS);
        assert_eq!((kept.late_wakeups, kept.skipped_late), (2, 3));
        assert_eq!((kept.overruns, kept.skipped_overrun), (1, 2));
    }

    #[test]
    fn percentiles_are_those_of_the_last_seconds() {
        let start = Instant::now();
        let mut punctuality = Punctuality::new(10 * MS);
        let mut kept = Timekeeping::default();
        for tick in 1..=3000_u32 {
            let now = start + 10 * MS * tick;
            // Long ago it was late.
            let late = if tick < 1000 { 4 * MS } else { MS / 5 };
            punctuality.woke(now, late, 0);
            kept = punctuality.sent(now, if tick == 2900 { 3 * MS } else { MS / 2 });
        }
        assert!((kept.wakeup.p99_ms - 0.2).abs() < 0.01, "{kept:?}");
        assert!((kept.wakeup.max_ms - 0.2).abs() < 0.01, "{kept:?}");
        assert!((kept.tick.p50_ms - 0.5).abs() < 0.01, "{kept:?}");
        assert!((kept.tick.max_ms - 3.0).abs() < 0.05, "{kept:?}");
        assert_eq!(kept.late_wakeups, 999);
    }
}
