//! One control period: freshness, policy, guard. Time is an argument; nothing here waits, locks or allocates.

mod handover;
mod reason;
mod report;

pub use handover::{Giver, Returned, Taker, handover};
pub use reason::StopReason;
pub use report::{TickMeter, TickReport};

use crate::chunk::{Ensemble, Fused, Player};
use crate::guard::{Guard, Outcome};
use crate::modality::Feature;
use crate::policy::{MAX_MODALITIES, Policy};
use crate::time::Stamp;

/// What the control loop asks of one modality, in the policy's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Freshness {
    /// Whether the robot must stop without it.
    pub required: bool,
    /// The oldest feature that still counts, in seconds; `None` for what stays valid, such as an instruction.
    pub max_age_s: Option<f64>,
}

/// What leaves the node this period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// Nothing yet: not every required modality was fresh once.
    Silent(StopReason),
    /// The stop action.
    Stop(StopReason),
    /// The policy's action; this many of its numbers were brought back to their limits.
    Act {
        /// How many numbers the guard limited.
        limited: usize,
    },
}

/// Turns the newest features into a command, once per period.
pub struct Controller {
    policy: Policy,
    guard: Guard,
    freshness: Vec<Freshness>,
    player: Player,
    armed: bool,
    last_tick: Option<Stamp>,
    period_s: f64,
    seen: Seen,
}

/// Which features the newest prediction rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// For each modality, in the policy's order, whether it was fused.
    pub present: [bool; MAX_MODALITIES],
    /// Their ages in seconds, at the time of the prediction.
    pub ages_s: [f64; MAX_MODALITIES],
}

impl Controller {
    /// A controller that has published nothing yet. `freshness` has one entry per modality of the policy; `ensemble`
    /// says how chunks that overlap are put together.
    pub fn new(
        policy: Policy,
        guard: Guard,
        freshness: Vec<Freshness>,
        ensemble: Ensemble,
        period_s: f64,
    ) -> Self {
        Self {
            player: Player::new(policy.spec(), ensemble, period_s),
            policy,
            guard,
            freshness,
            armed: false,
            last_tick: None,
            period_s,
            seen: Seen::default(),
        }
    }

    /// Which features the newest prediction rests on. While its chunk is played, the features that were fused are still
    /// the newest ones: another one would have led to another prediction.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Whether a command of the policy has ever left, so that from now on one leaves every period.
    pub fn is_armed(&self) -> bool {
        self.armed
    }

    /// Continues where `former`, a controller of the same actions, ends: the rate limits go on from its last command, and
    /// a robot that it had moved goes on getting a command every period.
    pub fn succeed(&mut self, former: &Self) {
        self.guard.succeed(&former.guard);
        self.armed = former.armed;
        self.last_tick = former.last_tick;
    }

    /// Everything that keeps the policy from acting at `now` with these features; nothing is decided.
    pub fn lacking<'a>(
        &self,
        now: Stamp,
        features: impl Iterator<Item = &'a Feature>,
    ) -> impl Iterator<Item = StopReason> {
        let mut lacking = [None; MAX_MODALITIES];
        let mut nothing = true;
        for (i, (feature, freshness)) in features.zip(&self.freshness).enumerate() {
            let reason = unusable(now, i, feature, freshness.max_age_s);
            nothing &= reason.is_some();
            lacking[i] = reason.filter(|_| freshness.required);
        }
        let nothing = nothing && lacking.iter().all(Option::is_none);
        let nothing = nothing.then_some(StopReason::NothingPresent);
        lacking.into_iter().flatten().chain(nothing)
    }

    /// The policy that drives.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Decides this period's command from one feature per modality, in the policy's order, and writes it to
    /// `action`, which has one number per entry of the action space. On [`Decision::Silent`] it holds the stop
    /// action and must not be published.
    ///
    /// The policy is asked when a feature is new, when other modalities are present than before, or when its newest
    /// chunk has been played to its end; otherwise its chunks are played on. Freshness is looked at every time: what was
    /// foreseen never outlives what it was foreseen from.
    pub fn tick<'a>(
        &mut self,
        now: Stamp,
        features: impl Iterator<Item = &'a Feature>,
        action: &mut [f64],
    ) -> Decision {
        let mut present: [Option<&[f32]>; MAX_MODALITIES] = [None; MAX_MODALITIES];
        let mut fused: Fused = [None; MAX_MODALITIES];
        let mut seen = Seen::default();
        let mut missing = None;
        let mut count = 0;
        for (i, (feature, freshness)) in features.zip(&self.freshness).enumerate() {
            seen.ages_s[i] = now.seconds_since(feature.stamp);
            match unusable(now, i, feature, freshness.max_age_s) {
                None => {
                    present[i] = Some(&feature.values);
                    fused[i] = Some(feature.stamp);
                }
                Some(reason) if freshness.required => missing = missing.or(Some(reason)),
                Some(_) => {}
            }
            seen.present[i] = present[i].is_some();
            count += 1;
        }
        let nothing = present[..count].iter().all(Option::is_none);
        let reason = missing.or(nothing.then_some(StopReason::NothingPresent));
        if let Some(reason) = reason {
            return self.stop(now, reason, action);
        }
        self.armed = true;
        if self.player.is_due(now, &fused) {
            self.seen = seen;
            let chunk = self.player.record(now, &fused);
            self.policy
                .act(&present[..count], &seen.ages_s[..count], chunk);
            if let Some(at) = chunk.iter().position(|number| !number.is_finite()) {
                let at = at % action.len();
                return self.stop(now, StopReason::NonFinite { action: at }, action);
            }
        }
        self.player.play(now, action);
        let dt_s = self.elapsed(now);
        match self.guard.check(action, dt_s) {
            Outcome::Passed => Decision::Act { limited: 0 },
            Outcome::Limited(limited) => Decision::Act { limited },
            Outcome::NonFinite(at) => self.stop(now, StopReason::NonFinite { action: at }, action),
        }
    }

    /// The stop action, for a reason from outside such as the node's shutdown. What was foreseen before it is
    /// forgotten.
    pub fn stop(&mut self, now: Stamp, reason: StopReason, action: &mut [f64]) -> Decision {
        self.player.forget();
        self.last_tick = Some(now);
        self.guard.stop(action);
        match self.armed {
            true => Decision::Stop(reason),
            false => Decision::Silent(reason),
        }
    }

    /// Seconds since the last tick, at most one period: after a pause the rate limits start small.
    fn elapsed(&mut self, now: Stamp) -> f64 {
        let last = self.last_tick.replace(now);
        last.map_or(self.period_s, |last| {
            now.seconds_since(last).clamp(0.0, self.period_s)
        })
    }
}

/// Why a feature cannot be used now, if so. A stamp further ahead of the clock than the allowed age is as
/// wrong as one behind it: the two clocks disagree.
fn unusable(
    now: Stamp,
    modality: usize,
    feature: &Feature,
    max_age_s: Option<f64>,
) -> Option<StopReason> {
    if !feature.present {
        return Some(StopReason::Absent { modality });
    }
    let max_age_s = max_age_s?;
    let age_s = now.seconds_since(feature.stamp);
    (age_s.abs() > max_age_s).then_some(StopReason::Stale {
        modality,
        age_s,
        max_age_s,
    })
}

#[cfg(test)]
mod tests;
