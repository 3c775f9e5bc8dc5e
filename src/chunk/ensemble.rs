//! What each chunk counts, where several say something about the same moment.

use std::fmt;

use super::temporal::{self, Favor};
use super::timing::Timing;
use super::{blend, player::MOST_CHUNKS};

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

    /// Weighs chunks by their ages, oldest first, so that the weights add up to 1. What has no weight at the old end
    /// never gets any again.
    pub(super) fn weigh(&self, timing: &Timing, ages_ns: &[i64], weights: &mut [f64]) {
        match self {
            Self::None => {
                weights.fill(0.0);
                weights[weights.len() - 1] = 1.0;
            }
            Self::Temporal { favor, decay } => {
                // Chunks are of one length, so those that are over are the oldest. The newest never is.
                let over = ages_ns[..ages_ns.len() - 1].partition_point(|age| timing.is_over(*age));
                weights[..over].fill(0.0);
                temporal::weigh(*favor, *decay, &mut weights[over..]);
            }
            Self::Blend { blend_s } => blend::weigh((blend_s * 1e9) as i64, ages_ns, weights),
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
