//! How far it is: a bar with the remaining time on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

/// The progress of one phase. Threads may share it.
pub struct Progress {
    what: &'static str,
    total: u64,
    begun: Instant,
    done: AtomicU64,
    /// Those of them that took no time.
    skipped: AtomicU64,
    bar: Option<ProgressBar>,
}

/// Without a terminal, this many lines tell of a phase.
const LINES: u64 = 10;

impl Progress {
    /// A phase of `total` steps of which nothing is done.
    pub fn new(what: &'static str, total: u64) -> Self {
        let style = "{prefix:>10} {bar:40} {pos}/{len} {elapsed} elapsed, {eta} left {msg}";
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(style);
            ProgressBar::new(total)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
                .with_prefix(what)
        });
        Self {
            what,
            total,
            begun: Instant::now(),
            done: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            bar,
        }
    }

    /// `steps` more are done without having been worked for, and tell nothing of how long the others take.
    pub fn skip(&self, steps: u64) {
        self.skipped.fetch_add(steps, Ordering::Relaxed);
        let now = self.done.fetch_add(steps, Ordering::Relaxed) + steps;
        if let Some(bar) = &self.bar {
            bar.set_position(now);
            bar.reset_eta();
        }
    }

    /// `steps` more are done; `message` says how it goes.
    pub fn advance(&self, steps: u64, message: impl FnOnce() -> String) {
        let before = self.done.fetch_add(steps, Ordering::Relaxed);
        let now = before + steps;
        if let Some(bar) = &self.bar {
            bar.set_message(message());
            bar.set_position(now);
            return;
        }
        let line = |done: u64| done * LINES / self.total.max(1);
        if line(now) > line(before) {
            let elapsed_s = self.begun.elapsed().as_secs_f64();
            let left_s = self.left_s(now, elapsed_s);
            eprintln!(
                "{}: {now}/{}, {elapsed_s:.0} s elapsed, {left_s:.0} s left {}",
                self.what,
                self.total,
                message()
            );
        }
    }

    /// How long the rest takes at the pace so far.
    fn left_s(&self, now: u64, elapsed_s: f64) -> f64 {
        let worked_for = now.saturating_sub(self.skipped.load(Ordering::Relaxed));
        let left = self.total.saturating_sub(now);
        elapsed_s / worked_for.max(1) as f64 * left as f64
    }

    /// Ends the phase and says how long it took, in seconds.
    pub fn finish(self) -> f64 {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
        self.begun.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_says_nothing_of_the_pace() {
        let progress = Progress::new("test", 100);
        progress.skip(60);
        progress.advance(10, String::new);
        let left_s = progress.left_s(70, 20.0);
        assert!((left_s - 60.0).abs() < 1e-9, "{left_s}");
    }
}
