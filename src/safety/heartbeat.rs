//! When the last command left, whether more are to come, for the supervisor to see, and whether the supervisor sent one instead.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Written by the control thread at every command and read by the supervisor, which resets it at the end of a deactivation
/// and counts the commands that it sent itself. Neither ever waits.
#[derive(Debug)]
pub struct Heartbeat {
    origin: Instant,
    /// Nanoseconds from the origin to the last command, plus one; zero before the first.
    last: AtomicU64,
    ended: AtomicBool,
    called: AtomicBool,
    resting: AtomicBool,
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
            called: AtomicBool::new(false),
            resting: AtomicBool::new(false),
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

    /// A command is about to leave at `now`. Of the first one that counts as if it had left: a control thread that hangs
    /// right after it has moved the robot, too.
    pub fn begin(&self, now: Instant) {
        let nanos = now.saturating_duration_since(self.origin).as_nanos() as u64;
        // Where it was not the first there is nothing to do.
        let _ = (self.last).compare_exchange(0, nanos + 1, Ordering::AcqRel, Ordering::Relaxed);
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

    /// The control thread is to come to rest, or to go on. For whoever tells it.
    pub fn call_to_rest(&self, is_called: bool) {
        self.called.store(is_called, Ordering::Release);
    }

    /// Whether the control thread is to come to rest, and so has no excuse for silence.
    pub fn is_called_to_rest(&self) -> bool {
        self.called.load(Ordering::Acquire)
    }

    /// No command will come until the node is activated again; the last one was the stop action, where any had left.
    pub fn rest(&self) {
        self.resting.store(true, Ordering::Release);
    }

    /// Whether the control thread rests and the supervisor is yet to fall silent.
    pub fn is_resting(&self) -> bool {
        self.resting.load(Ordering::Acquire)
    }

    /// The stop action was repeated long enough: from here on nothing leaves. As if no command had ever left. For the
    /// supervisor alone, while the control thread rests.
    pub fn fall_silent(&self) {
        self.last.store(0, Ordering::Release);
        self.resting.store(false, Ordering::Release);
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
    fn after_a_rest_it_is_as_if_no_command_had_left() {
        let heartbeat = Heartbeat::default();
        let now = Instant::now();
        heartbeat.beat(now);
        heartbeat.rest();
        assert!(heartbeat.is_resting() && heartbeat.silence(now).is_some());
        heartbeat.fall_silent();
        assert!(!heartbeat.is_resting());
        assert_eq!(heartbeat.silence(now), None);
        heartbeat.beat(now);
        assert_eq!(heartbeat.silence(now), Some(Duration::ZERO));
    }

    #[test]
    fn silence_begins_with_the_last_command_and_before_the_first_has_left() {
        let heartbeat = Heartbeat::default();
        let now = Instant::now();
        assert_eq!(heartbeat.silence(now), None);
        heartbeat.begin(now);
        let later = now + Duration::from_millis(10);
        assert_eq!(heartbeat.silence(later), Some(Duration::from_millis(10)));
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
