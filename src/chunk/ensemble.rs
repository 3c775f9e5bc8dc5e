//! What each chunk counts, where several say something about the same moment.

use std::fmt;

use super::blend;
use super::temporal::{self, Favor};
use super::timing::Timing;

/// The most chunks that are remembered: one per step of the longest chunk, as when every step predicts anew. Where more
/// of them overlap, the oldest are forgotten.
pub const MOST_CHUNKS: usize = 256;

/// How chunks that overlap are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Ensemble {
    /// Not at all: the newest chunk alone is played.
    #[default]
    None,
    /// The weighted mean of all chunks that still cover this moment, w_i = exp(−decay·i) (ACT, Zhao et al. 2023).
    Temporal {
        /// The end of the chunks from which i counts.
        favor: Favor,
        /// How much less each next chunk counts; finite and not negative.
        decay: f64,
    },
    /// A cross-fade from what was being played to the newest chunk.
    Blend {
        /// How long it takes, in seconds; not negative.
        blend_s: f64,
    },
}

impl Ensemble {
    /// How many chunks it may have to remember.
    pub(super) fn room(&self) -> usize {
        match self {
            Self::None => 1,
            Self::Temporal { .. } | Self::Blend { .. } => MOST_CHUNKS,
        }
    }

    /// Weighs chunks, oldest first, so that the weights add up to 1. `since_ns` is the time since each was predicted, and
    /// `played_ns` how far each has been played, which is not the same where observations come late. What has no weight at
    /// the old end never gets any again.
    pub(super) fn weigh(
        &self,
        timing: &Timing,
        since_ns: &[i64],
        played_ns: &[i64],
        weights: &mut [f64],
    ) {
        let newest = weights.len() - 1;
        match self {
            Self::None => {
                weights.fill(0.0);
                weights[newest] = 1.0;
            }
            Self::Temporal { favor, decay } => {
                // The newest counts even where an observation was so late that nothing of it is left but the last step.
                let counts = |i: usize| i == newest || !timing.is_over(played_ns[i]);
                let count = (0..weights.len()).filter(|i| counts(*i)).count();
                let (mut at, mut sum) = (0, 0.0);
                for (i, weight) in weights.iter_mut().enumerate() {
                    *weight = 0.0;
                    if counts(i) {
                        *weight = temporal::weight(*favor, *decay, at, count);
                        at += 1;
                        sum += *weight;
                    }
                }
                for weight in weights {
                    *weight /= sum;
                }
            }
            Self::Blend { blend_s } => blend::weigh((blend_s * 1e9) as i64, since_ns, weights),
        }
    }
}

/// As the parameters have it.
impl fmt::Display for Ensemble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => write!(f, "none"),
            Self::Temporal { favor, decay } => {
                let favor = match favor {
                    Favor::Oldest => "oldest",
                    Favor::Newest => "newest",
                };
                write!(f, "temporal (favor {favor}, decay {decay})")
            }
            Self::Blend { blend_s } => write!(f, "blend (over {blend_s} s)"),
        }
    }
}
