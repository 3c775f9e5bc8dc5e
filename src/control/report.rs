//! What the control loop says about itself, handed over without a lock.

use std::time::Instant;

use hdrhistogram::Histogram;

use super::{Decision, StopReason};

/// The state of the control loop after a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TickReport {
    /// The last decision.
    pub decision: Decision,
    /// Ticks since the start.
    pub ticks: u64,
    /// Ticks whose command was the stop action.
    pub stops: u64,
    /// Numbers of actions that the guard brought back to their limits.
    pub limited: u64,
    /// Ticks per second since the first one, in wall time.
    pub rate_hz: f64,
    /// Median time from tick to tick in milliseconds, since the start.
    pub interval_p50_ms: f64,
    /// 99th percentile of the same, since the start.
    pub interval_p99_ms: f64,
}

/// Counts ticks and the time between them. Takes all its memory when it is built.
pub struct TickMeter {
    report: TickReport,
    intervals_us: Histogram<u64>,
    first: Option<Instant>,
    last: Option<Instant>,
    summarised: Option<Instant>,
}

/// The longest interval told apart, in microseconds.
const LONGEST_US: u64 = 60_000_000;

impl TickMeter {
    /// A meter that has seen nothing.
    pub fn new() -> Self {
        Self {
            report: TickReport {
                decision: Decision::Silent(StopReason::NothingPresent),
                ticks: 0,
                stops: 0,
                limited: 0,
                rate_hz: 0.0,
                interval_p50_ms: 0.0,
                interval_p99_ms: 0.0,
            },
            intervals_us: Histogram::new_with_bounds(1, LONGEST_US, 3)
                .expect("the bounds are constants that fit"),
            first: None,
            last: None,
            summarised: None,
        }
    }

    /// The state after the last tick.
    pub fn report(&self) -> TickReport {
        self.report
    }

    /// Counts a tick at `now`. Percentiles are brought up to date once a second, for they are not free.
    pub fn count(&mut self, now: Instant, decision: Decision) -> TickReport {
        let report = &mut self.report;
        report.decision = decision;
        report.ticks += 1;
        match decision {
            Decision::Stop(_) => report.stops += 1,
            Decision::Act { limited } => report.limited += limited as u64,
            Decision::Silent(_) => {}
        }
        if let Some(last) = self.last.replace(now) {
            let us = now.saturating_duration_since(last).as_micros() as u64;
            self.intervals_us.saturating_record(us.max(1));
        }
        let first = *self.first.get_or_insert(now);
        let summarised = *self.summarised.get_or_insert(now);
        if now.saturating_duration_since(summarised).as_secs() >= 1 {
            self.summarised = Some(now);
            let elapsed_s = now.saturating_duration_since(first).as_secs_f64();
            report.rate_hz = (report.ticks - 1) as f64 / elapsed_s;
            report.interval_p50_ms = self.intervals_us.value_at_quantile(0.5) as f64 * 1e-3;
            report.interval_p99_ms = self.intervals_us.value_at_quantile(0.99) as f64 * 1e-3;
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
    fn rate_and_percentiles_come_from_the_ticks() {
        let start = Instant::now();
        let mut meter = TickMeter::new();
        let mut report = meter.count(start, Decision::Act { limited: 2 });
        for tick in 1..=200 {
            let now = start + Duration::from_millis(10 * tick);
            report = meter.count(now, Decision::Stop(StopReason::NothingPresent));
        }
        assert_eq!((report.ticks, report.stops, report.limited), (201, 200, 2));
        assert!((report.rate_hz - 100.0).abs() < 1e-9, "{report:?}");
        assert!((report.interval_p99_ms - 10.0).abs() < 0.02, "{report:?}");
    }
}
