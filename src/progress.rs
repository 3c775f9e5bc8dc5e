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
            bar,
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
            let left_s = elapsed_s / now as f64 * self.total.saturating_sub(now) as f64;
            eprintln!(
                "{}: {now}/{}, {elapsed_s:.0} s elapsed, {left_s:.0} s left {}",
                self.what,
                self.total,
                message()
            );
        }
    }

    /// Ends the phase and says how long it took, in seconds.
    pub fn finish(self) -> f64 {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
        self.begun.elapsed().as_secs_f64()
    }
}
