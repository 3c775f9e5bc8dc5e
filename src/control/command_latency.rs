//! How long a feature waits for the first command that rests on it.

use std::time::{Duration, Instant};

use crate::spec::MAX_MODALITIES;
use crate::window::{Quantiles, Window};

/// Percentiles are brought up to date this often, of one modality at a time, for they are not free.
const SUMMARIZE_EVERY: Duration = Duration::from_millis(100);

/// From each modality's feature to the command, over the last seconds; in the policy's order.
pub type CommandLatencies = [Quantiles; MAX_MODALITIES];

/// Measures it. Takes all its memory when it is built.
pub struct CommandLatency {
    modalities: Vec<(Window, Option<Instant>)>,
    latencies: CommandLatencies,
    summarized: Option<Instant>,
    next: usize,
}

impl CommandLatency {
    /// Of so many modalities.
    pub fn new(modalities: usize) -> Self {
        Self {
            modalities: (0..modalities).map(|_| Default::default()).collect(),
            latencies: CommandLatencies::default(),
            summarized: None,
            next: 0,
        }
    }

    /// Counts a tick whose command was on its way at `now`. Of each modality: when its newest feature was made, and whether
    /// the command rests on it. A feature that was there before and was not used has not waited for the control loop, but
    /// for what kept it from acting, and is not counted.
    pub fn count(
        &mut self,
        now: Instant,
        features: impl Iterator<Item = (Option<Instant>, bool)>,
    ) -> CommandLatencies {
        for ((window, last), (made, is_used)) in self.modalities.iter_mut().zip(features) {
            if *last == made {
                continue;
            }
            *last = made;
            if let Some(made) = made.filter(|_| is_used) {
                window.record(now, now.saturating_duration_since(made));
            }
        }
        let summarized = *self.summarized.get_or_insert(now);
        if now.saturating_duration_since(summarized) >= SUMMARIZE_EVERY {
            self.summarized = Some(now);
            if let Some((window, _)) = self.modalities.get_mut(self.next) {
                self.latencies[self.next] = window.quantiles(now);
            }
            self.next = (self.next + 1) % self.modalities.len().max(1);
        }
        self.latencies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_feature_counts_once_and_only_where_a_command_waited_for_nothing_else() {
        let start = Instant::now();
        let mut latency = CommandLatency::new(2);
        let mut latencies = CommandLatencies::default();
        for tick in 1..=100_u32 {
            let now = start + 25 * MS * tick;
            // A camera that gives a feature every fourth tick, 3 ms before it; an instruction that was there for 10 ticks
            // before the robot moved.
            let camera = Some(start + 25 * MS * (tick - tick % 4) - 3 * MS);
            let features = [(camera, true), (Some(start), tick > 10)];
            latencies = latency.count(now, features.into_iter());
        }
        let [camera, instruction, ..] = latencies;
        assert!((camera.p50_ms - 3.0).abs() < 0.05, "{camera:?}");
        // The first tick came 25 ms after the feature that was there.
        assert!((camera.max_ms - 28.0).abs() < 0.3, "{camera:?}");
        assert_eq!(instruction, Quantiles::default());
    }
}
