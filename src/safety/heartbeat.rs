//! When the last command left, for the supervisor to see, and whether the supervisor sent one instead.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Written by the control thread at every command, read by the supervisor, and the other way round. Neither ever waits.
#[derive(Debug)]
pub struct Heartbeat {
    origin: Instant,
    /// Nanoseconds from the origin to the last command, plus one; zero before the first.
    last: AtomicU64,
    ended: AtomicBool,
    /// Whether the last command was the stop of an emergency.
    emergency: AtomicBool,
    /// Stop actions that the supervisor sent.
    stood_in: AtomicU64,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            origin: Instant::now(),
            last: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            emergency: AtomicBool::new(false),
            stood_in: AtomicU64::new(0),
        }
    }
}

impl Heartbeat {
    /// A command left at `now`.
    pub fn beat(&self, now: Instant) {
        let nanos = now.saturating_duration_since(self.origin).as_nanos() as u64;
        self.last.store(nanos + 1, Ordering::Release);
    }

    /// Whether the command that left last was the stop of an emergency.
    pub fn set_emergency(&self, emergency: bool) {
        self.emergency.store(emergency, Ordering::Release);
    }

    /// Whether the last command was the stop of an emergency.
    pub fn is_emergency(&self) -> bool {
        self.emergency.load(Ordering::Acquire)
    }

    /// The supervisor has sent the stop action.
    pub fn stand_in(&self) {
        self.stood_in.fetch_add(1, Ordering::AcqRel);
    }

    /// How often it has.
    pub fn stood_in(&self) -> u64 {
        self.stood_in.load(Ordering::Acquire)
    }

    /// No command will come any more.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Whether no command will come any more.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
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
