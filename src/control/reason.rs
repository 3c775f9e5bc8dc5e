//! Why the robot is told to stop.

use std::fmt;

use crate::modality::Fault;
use crate::safety::Withheld;
use crate::spec::PolicySpec;

/// A reason to stop; it carries indices, so that the control thread allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StopReason {
    /// A required modality has nothing to fuse: no message yet, or a blank instruction.
    Absent {
        /// Index in the policy's modalities.
        modality: usize,
    },
    /// The newest feature of a required modality is too old, or too far in the future.
    Stale {
        /// Index in the policy's modalities.
        modality: usize,
        /// Its age in seconds; negative when it is stamped ahead of the clock.
        age_s: f64,
        /// The largest age allowed, in seconds, or how far ahead of the clock a stamp may be where it is ahead.
        max_age_s: f64,
    },
    /// The newest message of a required modality is from before the robot was made ready to move.
    Earlier {
        /// Index in the policy's modalities.
        modality: usize,
    },
    /// The newest feature of a required modality is there and fresh, and must not be used.
    Unfit {
        /// Index in the policy's modalities.
        modality: usize,
        /// Why not.
        fault: Fault,
    },
    /// No modality is required and none is present.
    NothingPresent,
    /// The policy's output was not finite.
    NonFinite {
        /// Index in the policy's actions.
        action: usize,
    },
    /// The node is being deactivated.
    Deactivated,
    /// Nobody may move the robot now: disabled, a deadman that is not held, an emergency stop.
    NotPermitted(Withheld),
    /// The node is ending.
    ShuttingDown,
}

impl StopReason {
    /// Whether a robot that is to be braked gently may be so, where its stops are ramped. An emergency would not allow it.
    pub fn may_ramp(&self) -> bool {
        match self {
            Self::Absent { .. }
            | Self::Stale { .. }
            | Self::Earlier { .. }
            | Self::Unfit { .. }
            | Self::NothingPresent
            | Self::NonFinite { .. }
            | Self::Deactivated
            | Self::ShuttingDown => true,
            Self::NotPermitted(withheld) => !withheld.is_emergency(),
        }
    }

    /// The reason in words, with the names that `spec` gives to modalities and actions.
    pub fn describe<'a>(&'a self, spec: &'a PolicySpec) -> impl fmt::Display + 'a {
        Description { reason: self, spec }
    }

    /// Whether the robot must stop as fast as it can.
    pub fn is_emergency(&self) -> bool {
        matches!(self, Self::NotPermitted(withheld) if withheld.is_emergency())
    }

    /// Whether `other` is the same reason apart from its numbers, for throttling logs.
    pub fn same_cause(&self, other: &StopReason) -> bool {
        use StopReason::*;
        match (self, other) {
            (Absent { modality: a }, Absent { modality: b }) => a == b,
            (Stale { modality: a, .. }, Stale { modality: b, .. }) => a == b,
            (Earlier { modality: a }, Earlier { modality: b }) => a == b,
            (
                Unfit { modality: a, fault },
                Unfit {
                    modality: b,
                    fault: other,
                },
            ) => a == b && fault.is_same_kind(other),
            (NonFinite { action: a }, NonFinite { action: b }) => a == b,
            (NotPermitted(a), NotPermitted(b)) => a.same_cause(*b),
            (a, b) => a == b,
        }
    }
}

struct Description<'a> {
    reason: &'a StopReason,
    spec: &'a PolicySpec,
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |modality: usize| &self.spec.modalities[modality].name;
        match *self.reason {
            StopReason::Absent { modality } => write!(f, "{}: absent", name(modality)),
            StopReason::Earlier { modality } => write!(
                f,
                "{0}: given before the robot was enabled or activated; give it again, or set \
                 modalities.{0}.accept_earlier to true",
                name(modality)
            ),
            StopReason::Stale {
                modality,
                age_s,
                max_age_s,
            } if age_s < 0.0 => write!(
                f,
                "{}: stamped {:.3} s in the future, allowed {max_age_s:.3} s; do the clocks agree?",
                name(modality),
                -age_s
            ),
            StopReason::Stale {
                modality,
                age_s,
                max_age_s,
            } => write!(
                f,
                "{}: {age_s:.3} s old, allowed {max_age_s:.3} s",
                name(modality)
            ),
            StopReason::Unfit { modality, fault } => write!(f, "{}: {fault}", name(modality)),
            StopReason::NothingPresent => write!(f, "no modality is present"),
            StopReason::NonFinite { action } => write!(
                f,
                "action {}: the policy's output is not finite",
                self.spec.actions[action].name
            ),
            StopReason::Deactivated => write!(f, "the node is being deactivated"),
            StopReason::NotPermitted(withheld) => withheld.fmt(f),
            StopReason::ShuttingDown => write!(f, "the node is shutting down"),
        }
    }
}
