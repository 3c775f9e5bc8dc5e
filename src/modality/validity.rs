//! How long the newest value of a modality counts.

use crate::spec::SourceSpec;

/// How long the newest value of a modality counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// While it is young enough: what streams. A message that cannot be used is left out, for the value before it soon
    /// becomes too old.
    WhileFresh,
    /// Until the next message: an instruction, and anything of any age. A message that cannot be used ends it: the robot
    /// was told something else, or saw it, and does not go on with what was before for ever. In lockstep this holds for all:
    /// the simulator waits for an answer to every observation, also to one that cannot be read.
    UntilNext,
}

impl Validity {
    /// Of a modality, with the oldest value in seconds that still counts; `None` for any age.
    pub fn of(source: &SourceSpec, max_age_s: Option<f64>) -> Self {
        match (source, max_age_s) {
            (SourceSpec::Text { .. }, _) | (_, None) => Self::UntilNext,
            (_, Some(_)) => Self::WhileFresh,
        }
    }
}
