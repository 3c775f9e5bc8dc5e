//! The last that was heard from a switch, in one word, so that no reader sees half of it.

use std::time::Duration;

/// What a switch said and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sighting {
    /// What it said.
    pub said: Said,
    /// When, in microseconds since an origin; negative for what was older than that when it arrived.
    at_us: i64,
}

/// What a switch said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is off.
    No,
    /// It is on.
    Yes,
    /// Something that cannot be read.
    Unreadable,
}

/// Thirty thousand years. The word has room for more.
const LONGEST: Duration = Duration::from_secs(1_000_000_000_000);

impl Sighting {
    /// Heard at `elapsed` since the origin, when it was so old.
    pub fn new(said: Said, elapsed: Duration, age: Duration) -> Self {
        let micros = |duration: Duration| duration.min(LONGEST).as_micros() as i64;
        Self {
            said,
            at_us: micros(elapsed) - micros(age),
        }
    }

    /// How old it is at `elapsed` since the origin, in seconds.
    pub fn age_s(self, elapsed: Duration) -> f64 {
        let now_us = elapsed.min(LONGEST).as_micros() as i64;
        (now_us - self.at_us).max(0) as f64 * 1e-6
    }

    /// The word for it, which is never zero.
    pub fn word(self) -> u64 {
        let said = match self.said {
            Said::No => 1,
            Said::Yes => 2,
            Said::Unreadable => 3,
        };
        (self.at_us << 2 | said) as u64
    }

    /// What a word stands for; nothing was heard where it is zero.
    pub fn of_word(word: u64) -> Option<Self> {
        let said = match word & 3 {
            0 => return None,
            1 => Said::No,
            2 => Said::Yes,
            _ => Said::Unreadable,
        };
        Some(Self {
            said,
            at_us: word as i64 >> 2,
        })
    }
}
