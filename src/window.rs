//! Durations of the last few seconds, for rates and percentiles that show what is and not what once was.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// The window is made of two halves, each this long; the older one is dropped whole.
const HALF: Duration = Duration::from_secs(5);

/// The longest duration told apart, in microseconds.
const LONGEST_US: u64 = 60_000_000;

/// Percentiles and the largest of the durations of a window, in milliseconds; zeros where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quantiles {
    /// The median.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// 999 of 1000 are no longer.
    pub p999_ms: f64,
    /// The largest.
    pub max_ms: f64,
}

/// Durations recorded in the last five to ten seconds, to within 1 %. Takes all its memory when it is built.
pub struct Window {
    current: Histogram<u64>,
    previous: Histogram<u64>,
    both: Histogram<u64>,
    /// When the two halves began.
    began: Option<[Instant; 2]>,
}

impl Default for Window {
    fn default() -> Self {
        let histogram = || {
            Histogram::new_with_bounds(1, LONGEST_US, 2).expect("the bounds are constants that fit")
        };
        Self {
            current: histogram(),
            previous: histogram(),
            both: histogram(),
            began: None,
        }
    }
}

impl Window {
    /// Records a duration that ended at `now`.
    pub fn record(&mut self, now: Instant, duration: Duration) {
        self.turn(now);
        let micros = duration.as_micros().min(u128::from(LONGEST_US)) as u64;
        self.current.saturating_record(micros.max(1));
    }

    /// What was recorded in the window up to `now`.
    pub fn quantiles(&mut self, now: Instant) -> Quantiles {
        self.turn(now);
        self.both.reset();
        for half in [&self.previous, &self.current] {
            // All three have the same bounds.
            let _ = self.both.add(half);
        }
        let ms = |micros: u64| micros as f64 * 1e-3;
        let max = self.both.max();
        // Durations are told apart to within 1 %, and a percentile is given as the largest that it may be.
        let [p50, p99, p999] =
            [0.5, 0.99, 0.999].map(|share| self.both.value_at_quantile(share).min(max));
        Quantiles {
            p50_ms: ms(p50),
            p99_ms: ms(p99),
            p999_ms: ms(p999),
            max_ms: ms(max),
        }
    }

    /// How many durations were recorded per second in the window up to `now`.
    pub fn rate_hz(&mut self, now: Instant) -> f64 {
        self.turn(now);
        let Some([previous, _]) = self.began else {
            return 0.0;
        };
        let seconds = now.saturating_duration_since(previous).as_secs_f64();
        let count = self.previous.len() + self.current.len();
        if seconds > 0.0 {
            count as f64 / seconds
        } else {
            0.0
        }
    }

    fn turn(&mut self, now: Instant) {
        let [_, current] = *self.began.get_or_insert([now; 2]);
        let passed = now.saturating_duration_since(current);
        if passed < HALF {
            return;
        }
        std::mem::swap(&mut self.current, &mut self.previous);
        self.current.reset();
        // After a long silence the half that would have come between is empty.
        if passed >= 2 * HALF {
            self.previous.reset();
            self.began = Some([now - HALF, now]);
        } else {
            self.began = Some([current, now]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_was_long_ago_no_longer_counts() {
        let (start, mut window) = (Instant::now(), Window::default());
        for tick in 1..=1000 {
            window.record(start + 10 * MS * tick, 50 * MS);
        }
        for tick in 1..=1500 {
            window.record(start + 10_000 * MS + 10 * MS * tick, 10 * MS);
        }
        let now = start + 25_000 * MS;
        let Quantiles {
            p50_ms: p50,
            p99_ms: p99,
            p999_ms: _,
            max_ms: max,
        } = window.quantiles(now);
        assert!(
            (p50 - 10.0).abs() < 0.2 && (p99 - 10.0).abs() < 0.2,
            "{p50} {p99}"
        );
        assert!((max - 10.0).abs() < 0.2, "{max}");
        let rate_hz = window.rate_hz(now);
        assert!((rate_hz - 100.0).abs() < 0.5, "{rate_hz}");
    }

    #[test]
    fn after_a_silence_there_is_nothing() {
        let (start, mut window) = (Instant::now(), Window::default());
        assert_eq!(window.rate_hz(start), 0.0);
        window.record(start, 10 * MS);
        let now = start + 60_000 * MS;
        assert_eq!(window.rate_hz(now), 0.0);
        assert_eq!(window.quantiles(now), Quantiles::default());
    }

    #[test]
    fn durations_of_any_length_are_taken() {
        let (start, mut window) = (Instant::now(), Window::default());
        window.record(start, Duration::ZERO);
        window.record(start, Duration::MAX);
        assert!(window.quantiles(start).max_ms.is_finite());
    }
}
