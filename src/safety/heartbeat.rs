//! When the last command left, for the supervisor to see.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Written by the control thread at every command, read by the supervisor. Neither ever waits.
#[derive(Debug)]
pub struct Heartbeat {
    origin: Instant,
    /// Nanoseconds from the origin to the last command, plus one; zero before the first.
    last: AtomicU64,
    ended: AtomicBool,
    stood_in: AtomicBool,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            origin: Instant::now(),
            last: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            stood_in: AtomicBool::new(false),
        }
    }
}

impl Heartbeat {
    /// A command left at `now`.
    pub fn beat(&self, now: Instant) {
        let nanos = now.saturating_duration_since(self.origin).as_nanos() as u64;
        self.last.store(nanos + 1, Ordering::Release);
    }

    /// No command will come any more.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Whether no command will come any more.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// The supervisor sends a stop in the control thread's place.
    pub fn stand_in(&self) {
        self.stood_in.store(true, Ordering::Release);
    }

    /// Whether the supervisor has sent a stop since the control thread asked last.
    pub fn take_stand_in(&self) -> bool {
        self.stood_in.swap(false, Ordering::AcqRel)
    }

    /// How long no command has left at `now`; `None` where none has ever left.
    pub fn silence(&self, now: Instant) -> Option<Duration> {
        let last = self.last.load(Ordering::Acquire).checked_sub(1)?;
        let last = self.origin + Duration::from_nanos(last);
        Some(now.saturating_duration_since(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_begins_with_the_last_command() {
        let heartbeat = Heartbeat::default();
        let now = Instant::now();
        assert_eq!(heartbeat.silence(now), None);
        heartbeat.beat(now);
        let later = now + Duration::from_millis(40);
        assert_eq!(heartbeat.silence(later), Some(Duration::from_millis(40)));
        heartbeat.beat(later);
        assert_eq!(heartbeat.silence(later), Some(Duration::ZERO));
        assert_eq!(
            heartbeat.silence(now),
            Some(Duration::ZERO),
            "a clock read before"
        );
    }
}
