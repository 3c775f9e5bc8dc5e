//! Where the time goes from the world to a feature.

use std::time::{Duration, Instant};

use crate::window::{Quantiles, Window};

/// How long one message took in every stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stages {
    /// From the message's stamp until it was received; `None` without a stamp.
    pub transport: Option<Duration>,
    /// From there until its worker took it.
    pub wait: Duration,
    /// From there until the model ran: decoding, resizing, tokens. `None` where no model ran.
    pub prepare: Option<Duration>,
    /// From there until the feature was written: the model, pooling, history and projection.
    pub encode: Duration,
}

impl Stages {
    /// Of a message that came at `arrived`, was taken at `taken`, entered the model at `entered`, if it did, and was a
    /// feature at `done`.
    pub fn new(
        transport: Option<Duration>,
        arrived: Instant,
        taken: Instant,
        entered: Option<Instant>,
        done: Instant,
    ) -> Self {
        // A model that was entered before had another message; a sentence that comes again is not encoded again.
        let entered = entered.filter(|entered| *entered >= taken);
        Self {
            transport,
            wait: taken.saturating_duration_since(arrived),
            prepare: entered.map(|entered| entered.saturating_duration_since(taken)),
            encode: done.saturating_duration_since(entered.unwrap_or(taken)),
        }
    }
}

/// The same of the messages of the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StageLatencies {
    /// See [`Stages::transport`].
    pub transport: Quantiles,
    /// See [`Stages::wait`].
    pub wait: Quantiles,
    /// See [`Stages::prepare`].
    pub prepare: Quantiles,
    /// See [`Stages::encode`].
    pub encode: Quantiles,
}

/// Records them.
#[derive(Default)]
pub(super) struct StageWindows {
    transport: Window,
    wait: Window,
    prepare: Window,
    encode: Window,
}

impl StageWindows {
    /// Records a message that became a feature at `now`.
    pub fn record(&mut self, now: Instant, stages: &Stages) {
        if let Some(transport) = stages.transport {
            self.transport.record(now, transport);
        }
        self.wait.record(now, stages.wait);
        if let Some(prepare) = stages.prepare {
            self.prepare.record(now, prepare);
        }
        self.encode.record(now, stages.encode);
    }

    /// Features per second up to `now`.
    pub fn rate_hz(&mut self, now: Instant) -> f64 {
        self.encode.rate_hz(now)
    }

    /// What was recorded up to `now`.
    pub fn latencies(&mut self, now: Instant) -> StageLatencies {
        StageLatencies {
            transport: self.transport.quantiles(now),
            wait: self.wait.quantiles(now),
            prepare: self.prepare.quantiles(now),
            encode: self.encode.quantiles(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_stages_of_a_message_follow_one_another() {
        let start = Instant::now();
        let (taken, entered, done) = (start + 2 * MS, start + 5 * MS, start + 9 * MS);
        let stages = Stages::new(Some(MS), start, taken, Some(entered), done);
        assert_eq!((stages.transport, stages.wait), (Some(MS), 2 * MS));
        assert_eq!((stages.prepare, stages.encode), (Some(3 * MS), 4 * MS));
        for none in [None, Some(start)] {
            let stages = Stages::new(None, start, taken, none, done);
            assert_eq!((stages.prepare, stages.encode), (None, 7 * MS));
        }
        let mut windows = StageWindows::default();
        windows.record(done, &stages);
        let seen = windows.latencies(done);
        let medians = [seen.transport, seen.wait, seen.prepare, seen.encode].map(|q| q.p50_ms);
        for (median, expected) in medians.into_iter().zip([1.0, 2.0, 3.0, 4.0]) {
            assert!((median - expected).abs() < 0.05, "{seen:?}");
        }
    }
}
