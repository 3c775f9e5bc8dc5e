//! Why a feature must not be used although it is there and fresh.

use std::fmt;

/// What the parameters do not allow of a modality. In words without its name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Its messages have shown the same, byte for byte, for too long.
    Frozen {
        /// For how long, in seconds.
        for_s: f64,
        /// The longest time allowed, in seconds.
        max_s: f64,
    },
    /// Its feature is too far from what the policy was trained on.
    Distant {
        /// How many times as far as nearly all of the training data.
        times: f64,
        /// The most that is allowed.
        max_times: f64,
    },
}

impl Fault {
    /// What it is, without numbers.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::Frozen { .. } => "frozen",
            Self::Distant { .. } => "unlike the training data",
        }
    }

    /// Whether `other` is the same apart from its numbers.
    pub fn is_same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Frozen { for_s, max_s } => write!(
                f,
                "the picture has not changed for {for_s:.1} s (identical bytes), allowed {max_s:?} s"
            ),
            Self::Distant { times, max_times } => write!(
                f,
                "{times:.1} times as far from the training data as 99.9 % of it, allowed {max_times:?}"
            ),
        }
    }
}
