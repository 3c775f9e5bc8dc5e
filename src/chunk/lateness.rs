//! How far a chunk is already due when it is predicted, because its observation is older than those learned from.
//!
//! A sample pairs the label of time t with what had arrived by then, so that its step k is what the demonstrator did at
//! t + k·step, having acted on messages that were δ_m old (`recorded.observation_age_s`, for each modality m that must be
//! fresh). So the steps of a chunk are tied to the stamps of its observation: step k belongs to s_m + δ_m + k·step.
//! A policy that runs first acts on a message at T = s_m + a_m, its age a_m being what camera, network and encoder take
//! there. Step k of the chunk predicted at T is then due at T − late + k·step, where
//!
//! ```text
//! late = max over m of (a_m − δ_m)
//! ```
//!
//! for an observation is as late as the latest part of it; at t the chunk has come to (t − T + late)/step. Where everything
//! is as old as it was in the recordings, late is 0 and the first step is for the prediction's own moment; where all of it is
//! fresher, late is negative and the first step is held until it is due. It is at most the span of the chunk, whose last step
//! then leaves. a_m is taken once, when the message is first acted on: a prediction that comes later because another
//! modality has news is learned from a label that came later too. A policy that was learned without δ_m, and one that
//! predicts a single action, which has no other to move on to, begins with its first step.

use super::Fused;
use crate::spec::{MAX_MODALITIES, PolicySpec};
use crate::time::Stamp;

/// Knows how late observations are, compared with those that a policy was learned from.
pub(super) struct Lateness {
    /// For each modality δ in nanoseconds; `None` where it does not count.
    learned_ns: [Option<i64>; MAX_MODALITIES],
    /// For each modality, how old what is fused was when it was first acted on.
    first_ns: [i64; MAX_MODALITIES],
    most_ns: i64,
}

impl Lateness {
    /// Of the observations of a policy, whose chunks span so much.
    pub fn new(spec: &PolicySpec, span_ns: i64) -> Self {
        let mut learned_ns = [None; MAX_MODALITIES];
        for (learned_ns, modality) in learned_ns.iter_mut().zip(&spec.modalities) {
            let age_s = spec.recorded.observation_age_s.get(&modality.name);
            *learned_ns = age_s.map(|age_s| (age_s * 1e9).round() as i64);
        }
        Self {
            learned_ns,
            first_ns: [0; MAX_MODALITIES],
            most_ns: span_ns,
        }
    }

    /// How late what is fused `now` is, in nanoseconds, when `before` was fused for the prediction before.
    pub fn of(&mut self, now: Stamp, fused: &Fused, before: &Fused) -> i64 {
        let mut latest: Option<i64> = None;
        for (m, stamp) in fused.iter().enumerate() {
            let Some(stamp) = stamp else { continue };
            if before[m] != Some(*stamp) {
                self.first_ns[m] = now.nanos().saturating_sub(stamp.nanos());
            }
            let late_ns = self.learned_ns[m].map(|ns| self.first_ns[m].saturating_sub(ns));
            latest = latest.max(late_ns);
        }
        latest.map_or(0, |ns| ns.clamp(-self.most_ns, self.most_ns))
    }
}
