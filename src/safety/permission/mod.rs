//! Who may move the robot: a person who enables it, a deadman that is held, an emergency stop that nobody has pressed.
//!
//! What arrives is left here through atomics by the thread that hears it. The control thread and the supervisor ask before
//! every command; none of them ever waits. Time is an argument.

mod sighting;
mod withheld;

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub use self::withheld::{Latch, ResetError, Withheld};
use sighting::{Said, Sighting};

use crate::modality::Epochs;

/// What must hold before the robot may be moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Whether it is enabled when the node starts.
    pub enabled_at_start: bool,
    /// How old what the deadman says may be, in seconds; `None` where there is no deadman.
    pub deadman_max_age_s: Option<f64>,
    /// How old what the emergency stop says may be, in seconds, infinite for any age; `None` where there is none.
    pub emergency_stop_max_age_s: Option<f64>,
}

impl Default for Conditions {
    /// Nothing has to hold.
    fn default() -> Self {
        Self {
            enabled_at_start: true,
            deadman_max_age_s: None,
            emergency_stop_max_age_s: None,
        }
    }
}

/// Whether the robot may be moved now. One for the whole life of the node, whatever policy is active.
#[derive(Debug)]
pub struct Permission {
    origin: Instant,
    conditions: Conditions,
    /// One of [`ENABLED`], [`DISABLED`] and [`NOT_YET_ENABLED`].
    enabled: AtomicU8,
    /// The last [`Sighting`] of the deadman.
    deadman: AtomicU64,
    /// The last [`Sighting`] of the emergency stop that could be read.
    emergency_stop: AtomicU64,
    /// The [`Latch`] of the emergency stop.
    latch: AtomicU8,
    /// Why permission was withdrawn since the control thread asked last; the gravest counts.
    withdrawn: AtomicU8,
    epochs: Epochs,
}

const ENABLED: u8 = 0;
const DISABLED: u8 = 1;
const NOT_YET_ENABLED: u8 = 2;

impl Default for Permission {
    /// To move it whenever the policy wants.
    fn default() -> Self {
        Self::new(Conditions::default(), Instant::now())
    }
}

impl Permission {
    /// The state at the start: nothing has been heard.
    pub fn new(conditions: Conditions, now: Instant) -> Self {
        Self {
            origin: now,
            enabled: AtomicU8::new(match conditions.enabled_at_start {
                true => ENABLED,
                false => NOT_YET_ENABLED,
            }),
            conditions,
            deadman: AtomicU64::default(),
            emergency_stop: AtomicU64::default(),
            latch: AtomicU8::default(),
            withdrawn: AtomicU8::default(),
            epochs: Epochs::default(),
        }
    }

    /// When the robot was made ready to move: enabled after it was not, reset after an emergency, or activated, of which
    /// whoever activates it says so.
    pub fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    /// Enables the robot, or disables it.
    pub fn enable(&self, enabled: bool) {
        let state = if enabled { ENABLED } else { DISABLED };
        if enabled && self.enabled.load(Ordering::Acquire) != ENABLED {
            self.epochs.begin();
        }
        self.enabled.store(state, Ordering::Release);
        if !enabled {
            self.withdraw(Withheld::Disabled);
        }
    }

    /// What the deadman says in a message that arrives at `now` and was this old by its stamp (zero without one); `None`
    /// for a message that cannot be read.
    pub fn deadman_says(&self, pressed: Option<bool>, now: Instant, age: Duration) {
        let said = match pressed {
            Some(true) => Said::Yes,
            Some(false) => Said::No,
            None => Said::Unreadable,
        };
        let sighting = Sighting::new(said, self.elapsed(now), age);
        self.deadman.store(sighting.word(), Ordering::Release);
        match said {
            Said::Yes => {}
            Said::No => self.withdraw(Withheld::DeadmanReleased),
            Said::Unreadable => self.withdraw(Withheld::DeadmanUnreadable),
        }
    }

    /// What the emergency stop says in a message that arrives at `now`; `None` for one that cannot be read, for it may be
    /// a press. Where it was silent for too long before, a press may have been lost.
    pub fn emergency_stop_says(&self, pressed: Option<bool>, now: Instant) {
        if let Some(Withheld::EmergencyStopStale { .. }) = self.stale_emergency_stop(now) {
            self.latch(Latch::Silent);
        }
        match pressed {
            None => self.latch(Latch::Unreadable),
            Some(pressed) => {
                let said = if pressed { Said::Yes } else { Said::No };
                let sighting = Sighting::new(said, self.elapsed(now), Duration::ZERO);
                self.emergency_stop
                    .store(sighting.word(), Ordering::Release);
                if pressed {
                    self.latch(Latch::Pressed);
                }
            }
        }
    }

    /// Releases the emergency stop; false where it was not latched.
    ///
    /// # Errors
    /// While it is pressed, or silent, and where there is none.
    pub fn reset(&self, now: Instant) -> Result<bool, ResetError> {
        if self.conditions.emergency_stop_max_age_s.is_none() {
            return Err(ResetError::NoEmergencyStop);
        }
        if self.is_pressed() {
            return Err(ResetError::Pressed);
        }
        match self.stale_emergency_stop(now) {
            Some(why) => Err(ResetError::Silent(why)),
            None if self.latch.load(Ordering::Acquire) == Latch::NONE => Ok(false),
            None => {
                self.epochs.begin();
                Ok(self.latch.swap(Latch::NONE, Ordering::AcqRel) != Latch::NONE)
            }
        }
    }

    /// Why the robot may not be moved at `now`, if so. What concerns the emergency stop comes first.
    pub fn withheld(&self, now: Instant) -> Option<Withheld> {
        let pressed = || self.is_pressed().then_some(Latch::Pressed);
        let latch = Latch::of(self.latch.load(Ordering::Acquire)).or_else(pressed);
        latch
            .map(Withheld::EmergencyStop)
            .or_else(|| self.stale_emergency_stop(now))
            .or_else(|| match self.enabled.load(Ordering::Acquire) {
                ENABLED => None,
                NOT_YET_ENABLED => Some(Withheld::NotYetEnabled),
                _ => Some(Withheld::Disabled),
            })
            .or_else(|| self.released_deadman(now))
    }

    /// The same for the control thread at a tick. What was withdrawn since its last one counts even where it has been given
    /// again, so that no withdrawal is too short to stop the robot.
    pub fn withheld_since_last_tick(&self, now: Instant) -> Option<Withheld> {
        let withdrawn = Withheld::of_code(self.withdrawn.swap(0, Ordering::AcqRel));
        self.withheld(now).or(withdrawn)
    }

    fn is_pressed(&self) -> bool {
        let last = Sighting::of_word(self.emergency_stop.load(Ordering::Acquire));
        last.is_some_and(|last| last.said == Said::Yes)
    }

    fn stale_emergency_stop(&self, now: Instant) -> Option<Withheld> {
        let max_age_s = self.conditions.emergency_stop_max_age_s?;
        match Sighting::of_word(self.emergency_stop.load(Ordering::Acquire)) {
            Some(last) => {
                let age_s = last.age_s(self.elapsed(now));
                (age_s > max_age_s).then_some(Withheld::EmergencyStopStale { age_s, max_age_s })
            }
            // Of any age is also what is yet to come.
            None => max_age_s
                .is_finite()
                .then_some(Withheld::EmergencyStopUnheard),
        }
    }

    fn released_deadman(&self, now: Instant) -> Option<Withheld> {
        let max_age_s = self.conditions.deadman_max_age_s?;
        let Some(last) = Sighting::of_word(self.deadman.load(Ordering::Acquire)) else {
            return Some(Withheld::DeadmanUnheard);
        };
        let age_s = last.age_s(self.elapsed(now));
        match last.said {
            Said::Unreadable => Some(Withheld::DeadmanUnreadable),
            Said::No => Some(Withheld::DeadmanReleased),
            // Written so that an age that is no number is too old.
            Said::Yes if age_s <= max_age_s => None,
            Said::Yes => Some(Withheld::DeadmanStale { age_s, max_age_s }),
        }
    }

    /// Latches the emergency stop; the first cause stands.
    fn latch(&self, latch: Latch) {
        let (none, cause) = (Latch::NONE, latch.code());
        let _ = self
            .latch
            .compare_exchange(none, cause, Ordering::AcqRel, Ordering::Acquire);
        self.withdraw(Withheld::EmergencyStop(latch));
    }

    fn withdraw(&self, why: Withheld) {
        self.withdrawn.fetch_max(why.code(), Ordering::AcqRel);
    }

    fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.origin)
    }
}

#[cfg(test)]
mod tests;
