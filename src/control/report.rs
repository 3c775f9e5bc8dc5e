//! What the control loop says about itself, handed over without a lock.

use std::time::Instant;

use super::{CommandLatencies, Decision, StopReason, Timekeeping};
use crate::window::Window;

/// The state of the control loop after a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TickReport {
    /// The last decision.
    pub decision: Decision,
    /// When it was made; `None` before the first one since the node was activated.
    pub at: Option<Instant>,
    /// Whether the last command could be sent.
    pub sent: bool,
    /// Ticks since the start.
    pub ticks: u64,
    /// Ticks whose command was the stop action.
    pub stops: u64,
    /// Numbers of actions that the guard brought back to their limits.
    pub limited: u64,
    /// Commands that could not be sent.
    pub failed: u64,
    /// Ticks per second over the last seconds, in wall time.
    pub rate_hz: f64,
    /// Median time from tick to tick in milliseconds, over the last seconds.
    pub interval_p50_ms: f64,
    /// 99th percentile of the same.
    pub interval_p99_ms: f64,
    /// How well the control thread keeps time, whatever policy is active.
    pub timekeeping: Timekeeping,
    /// From each modality's feature to the first command that rests on it.
    pub latencies: CommandLatencies,
}

/// Counts ticks and the time between them. Takes all its memory when it is built.
pub struct TickMeter {
    report: TickReport,
    intervals: Window,
    summarized: Option<Instant>,
}

impl TickMeter {
    /// A meter that has seen nothing.
    pub fn new() -> Self {
        Self {
            report: TickReport {
                decision: Decision::Silent(StopReason::NothingPresent),
                at: None,
                sent: true,
                ticks: 0,
                stops: 0,
                limited: 0,
                failed: 0,
                rate_hz: 0.0,
                interval_p50_ms: 0.0,
                interval_p99_ms: 0.0,
                timekeeping: Timekeeping::default(),
                latencies: CommandLatencies::default(),
            },
            intervals: Window::default(),
            summarized: None,
        }
    }

    /// The state after the last tick.
    pub fn report(&self) -> TickReport {
        self.report
    }

    /// Nothing is decided until the next tick, however long that takes.
    pub fn pause(&mut self) -> TickReport {
        self.report.at = None;
        self.report
    }

    /// Counts a tick at `now`, whose command was sent or not. Percentiles are brought up to date once a second, for they
    /// are not free.
    pub fn count(&mut self, now: Instant, decision: Decision, sent: bool) -> TickReport {
        let report = &mut self.report;
        report.decision = decision;
        report.sent = sent;
        report.ticks += 1;
        report.failed += u64::from(!sent);
        match decision {
            Decision::Stop(_) => report.stops += 1,
            Decision::Act { limited } => report.limited += limited as u64,
            Decision::Silent(_) => {}
        }
        if let Some(last) = report.at.replace(now) {
            let interval = now.saturating_duration_since(last);
            self.intervals.record(now, interval);
        }
        let summarized = *self.summarized.get_or_insert(now);
        if now.saturating_duration_since(summarized).as_secs() >= 1 {
            self.summarized = Some(now);
            report.rate_hz = self.intervals.rate_hz(now);
            let intervals = self.intervals.quantiles(now);
            (report.interval_p50_ms, report.interval_p99_ms) = (intervals.p50_ms, intervals.p99_ms);
        }
        *report
    }
}

impl Default for TickMeter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_pause_is_no_interval() {
        let start = Instant::now();
        let mut meter = TickMeter::new();
        meter.count(start, Decision::Act { limited: 0 }, true);
        let paused = meter.pause();
        assert_eq!((paused.at, paused.ticks), (None, 1));
        let mut now = start + Duration::from_secs(2);
        let mut report = paused;
        for _ in 0..150 {
            now += Duration::from_millis(10);
            report = meter.count(now, Decision::Act { limited: 0 }, true);
        }
        assert!(report.interval_p99_ms < 11.0, "{report:?}");
    }

    #[test]
    fn rate_and_percentiles_are_those_of_the_last_seconds() {
        let start = Instant::now();
        let mut meter = TickMeter::new();
        let mut report = meter.count(start, Decision::Act { limited: 2 }, true);
        for tick in 1..=200 {
            let now = start + Duration::from_millis(10 * tick);
            let stop = Decision::Stop(StopReason::NothingPresent);
            report = meter.count(now, stop, tick % 100 != 0);
        }
        assert_eq!((report.ticks, report.stops, report.limited), (201, 200, 2));
        assert_eq!((report.failed, report.sent), (2, false));
        assert!((report.rate_hz - 100.0).abs() < 1.0, "{report:?}");
        assert!((report.interval_p99_ms - 10.0).abs() < 0.2, "{report:?}");
        let mut now = start + Duration::from_secs(2);
        for _ in 0..400 {
            now += Duration::from_millis(50);
            report = meter.count(now, Decision::Act { limited: 0 }, true);
        }
        assert!((report.rate_hz - 20.0).abs() < 0.2, "{report:?}");
        assert!((report.interval_p50_ms - 50.0).abs() < 0.5, "{report:?}");
        assert!((report.interval_p99_ms - 50.0).abs() < 0.5, "{report:?}");
    }
}
