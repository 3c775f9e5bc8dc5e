//! Why the robot may not be moved, in words.

use std::fmt;

/// Why permission to move the robot is withheld.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Withheld {
    /// The emergency stop is latched.
    EmergencyStop(Latch),
    /// The emergency stop must be fresh, and has said nothing yet.
    EmergencyStopUnheard,
    /// The emergency stop is silent.
    EmergencyStopStale {
        /// The age of its last message in seconds.
        age_s: f64,
        /// The largest age allowed, in seconds.
        max_age_s: f64,
    },
    /// Nobody has enabled it since the node started.
    NotYetEnabled,
    /// Somebody has disabled it.
    Disabled,
    /// The deadman has said nothing yet.
    DeadmanUnheard,
    /// The deadman is not pressed.
    DeadmanReleased,
    /// The last message of the deadman could not be read.
    DeadmanUnreadable,
    /// The deadman is silent.
    DeadmanStale {
        /// The age of its last message in seconds: by its arrival or by its stamp, whichever is more.
        age_s: f64,
        /// The largest age allowed, in seconds.
        max_age_s: f64,
    },
}

/// What latched the emergency stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latch {
    /// It was pressed.
    Pressed,
    /// One of its messages could not be read.
    Unreadable,
    /// It was silent for longer than allowed.
    Silent,
}

/// Why the emergency stop cannot be reset.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ResetError {
    /// There is none.
    #[error("there is no emergency stop")]
    NoEmergencyStop,
    /// The last message says that it is pressed.
    #[error("the emergency stop is still pressed")]
    Pressed,
    /// Its messages do not come.
    #[error("{0}")]
    Silent(Withheld),
}

impl Latch {
    /// The code of no latch.
    pub(super) const NONE: u8 = 0;

    /// Its code, which is never [`Latch::NONE`].
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Pressed => 1,
            Self::Unreadable => 2,
            Self::Silent => 3,
        }
    }

    /// The latch of this code.
    pub(super) fn of(code: u8) -> Option<Self> {
        match code {
            Self::NONE => None,
            2 => Some(Self::Unreadable),
            3 => Some(Self::Silent),
            _ => Some(Self::Pressed),
        }
    }
}

/// Above the codes of everything that is no emergency.
const EMERGENCY: u8 = 8;

impl Withheld {
    /// Whether the robot must stop as fast as it can.
    pub fn is_emergency(self) -> bool {
        use Withheld::*;
        match self {
            EmergencyStop(_) | EmergencyStopUnheard | EmergencyStopStale { .. } => true,
            NotYetEnabled
            | Disabled
            | DeadmanUnheard
            | DeadmanReleased
            | DeadmanUnreadable
            | DeadmanStale { .. } => false,
        }
    }

    /// Whether `other` is the same apart from its numbers.
    pub fn same_cause(self, other: Self) -> bool {
        match (self, other) {
            (Self::EmergencyStop(a), Self::EmergencyStop(b)) => a == b,
            (a, b) => std::mem::discriminant(&a) == std::mem::discriminant(&b),
        }
    }

    /// A number for what a person or a message does, larger for what is graver; zero for what only time does.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::EmergencyStop(latch) => EMERGENCY + latch.code(),
            Self::Disabled => 3,
            Self::DeadmanUnreadable => 2,
            Self::DeadmanReleased => 1,
            _ => 0,
        }
    }

    /// What a number stands for.
    pub(super) fn of_code(code: u8) -> Option<Self> {
        match code {
            0 => None,
            1 => Some(Self::DeadmanReleased),
            2 => Some(Self::DeadmanUnreadable),
            3 => Some(Self::Disabled),
            code => Latch::of(code.saturating_sub(EMERGENCY)).map(Self::EmergencyStop),
        }
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::EmergencyStop(latch) => {
                let why = match latch {
                    Latch::Pressed => "pressed",
                    Latch::Unreadable => "a message could not be read",
                    Latch::Silent => "its messages had stopped for too long",
                };
                write!(f, "emergency stop: {why}; latched until ~/reset")
            }
            Self::EmergencyStopUnheard => write!(f, "emergency stop: no message yet"),
            Self::EmergencyStopStale { age_s, max_age_s } => write!(
                f,
                "emergency stop: {age_s:.3} s old, allowed {max_age_s:.3} s"
            ),
            Self::NotYetEnabled => write!(
                f,
                "not enabled since the start (enabled_at_start is false); call ~/enable"
            ),
            Self::Disabled => write!(f, "disabled by ~/enable"),
            Self::DeadmanUnheard => write!(f, "deadman: no message yet"),
            Self::DeadmanReleased => write!(f, "deadman: not pressed"),
            Self::DeadmanUnreadable => write!(f, "deadman: the last message could not be read"),
            Self::DeadmanStale { age_s, max_age_s } => {
                write!(f, "deadman: {age_s:.3} s old, allowed {max_age_s:.3} s")
            }
        }
    }
}
