//! One control period: freshness, policy, guard. Time is an argument; nothing here waits, locks or allocates.

use std::time::Duration;

use super::StopReason;
use crate::chunk::{Ensemble, Fused, Player};
use crate::modality::{Epoch, Epochs, ProjectedFeature};
use crate::policy::Policy;
use crate::safety::{Guard, Outcome};
use crate::spec::MAX_MODALITIES;
use crate::time::{Age, Stamp};
use nalgebra::DVector;

/// What the control loop asks of one modality, in the policy's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Freshness {
    /// Whether the robot must stop without it.
    pub required: bool,
    /// The oldest feature that still counts, in seconds; `None` for what stays valid, such as an instruction.
    pub max_age_s: Option<f64>,
    /// How far ahead of the clock a stamp may be, in seconds; infinite where the stamp is no more than the time of arrival
    /// and its age does not matter.
    pub max_future_s: f64,
    /// Whether it has to be given anew once the robot was made ready to move: an instruction of before is not meant for then.
    pub ends_with_epoch: bool,
}

impl Freshness {
    /// How far ahead of the clock a stamp may be where nobody says otherwise, in seconds: clocks kept together by NTP
    /// differ by less.
    pub const MAX_FUTURE_S: f64 = 0.1;

    /// The age in seconds (negative when it is stamped ahead of the clock) for which a feature does not count, and the
    /// limit that it is beyond, if it is beyond one.
    pub fn limit_passed_by(&self, age: Age) -> Option<(f64, f64)> {
        if -age.by_stamp_s > self.max_future_s {
            return Some((age.by_stamp_s, self.max_future_s));
        }
        let max_age_s = self.max_age_s?;
        (age.seconds() > max_age_s).then_some((age.seconds(), max_age_s))
    }
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
    /// Goes ahead of `guard`, where somebody wants to see what it would let pass.
    ahead: Guard,
    freshness: Vec<Freshness>,
    epochs: Epochs,
    /// By number of the action, the newest position that was measured of it, with its modality; `None` for none.
    measured: Vec<Option<(usize, f64)>>,
    player: Player,
    armed: bool,
    last_command: Option<Duration>,
    period_s: f64,
    prediction: Seen,
}

/// What is decided at a tick, and what it was decided from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tick {
    /// What leaves.
    pub decision: Decision,
    /// The features at this tick.
    pub seen: Seen,
}

/// The features of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// For each modality, in the policy's order, whether it was fresh enough to be fused.
    pub present: [bool; MAX_MODALITIES],
    /// Their ages in seconds.
    pub ages_s: [f64; MAX_MODALITIES],
}

impl Controller {
    /// A controller that has published nothing yet. `freshness` has one entry per modality of the policy; `ensemble`
    /// says how chunks that overlap are put together.
    pub fn new(
        policy: Policy,
        mut guard: Guard,
        freshness: Vec<Freshness>,
        ensemble: Ensemble,
        period_s: f64,
    ) -> Self {
        guard.set_period(period_s);
        Self {
            measured: vec![None; guard.width()],
            player: Player::new(policy.spec(), ensemble, period_s),
            policy,
            ahead: guard.clone(),
            guard,
            freshness,
            epochs: Epochs::default(),
            armed: false,
            last_command: None,
            period_s,
            prediction: Seen::default(),
        }
    }

    /// The same, which knows when the robot is made ready to move.
    pub fn with_epochs(self, epochs: Epochs) -> Self {
        Self { epochs, ..self }
    }

    /// The features that the newest prediction rests on, at its time. While its chunk is played they are still the newest
    /// ones: another one would have led to another prediction.
    pub fn prediction(&self) -> &Seen {
        &self.prediction
    }

    /// Whether a command of the policy has ever left, so that from now on one leaves every period.
    pub fn is_armed(&self) -> bool {
        self.armed
    }

    /// Continues where `previous`, a controller of the same actions, ends: the rate limits go on from its last command, and
    /// a robot that it had moved goes on getting a command every period.
    pub fn succeed(&mut self, previous: &Self) {
        self.guard.succeed(&previous.guard);
        self.armed = previous.armed;
        self.last_command = previous.last_command;
    }

    /// Says which position was measured last of a number of the action, by which modality. At a tick it counts where that
    /// modality is fresh: where a robot was some time ago is no place to hold it at.
    pub fn measure(&mut self, action: usize, modality: usize, position: f64) {
        self.measured[action] = Some((modality, position));
    }

    /// The robot was stopped by somebody else since the last command.
    pub fn was_stopped(&mut self, action: &mut [f64]) {
        self.player.forget();
        self.guard.stop(action);
    }

    /// Whether the last command was on the way to the stop action, and not there.
    pub fn is_slowing_down(&self) -> bool {
        self.armed && self.guard.is_slowing_down()
    }

    /// Writes the action that would stop the robot after the last command.
    pub fn leave_stop(&self, action: &mut [f64]) {
        self.guard.leave_stop(action);
    }

    /// Everything that keeps the policy from acting at `now` with these features; nothing is decided.
    pub fn missing<'a>(
        &self,
        now: Stamp,
        features: impl Iterator<Item = &'a ProjectedFeature>,
    ) -> impl Iterator<Item = StopReason> {
        let mut missing = [None; MAX_MODALITIES];
        let mut nothing = true;
        let epoch = self.epochs.current();
        for (i, (feature, freshness)) in features.zip(&self.freshness).enumerate() {
            let reason = unusable(now, epoch, i, feature, freshness);
            nothing &= reason.is_some();
            missing[i] = reason.filter(|_| freshness.required);
        }
        let nothing = nothing && missing.iter().all(Option::is_none);
        let nothing = nothing.then_some(StopReason::NothingPresent);
        missing.into_iter().flatten().chain(nothing)
    }

    /// The policy that drives.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Decides this period's command from one feature per modality, in the policy's order, and writes it to
    /// `action`, which has one number per entry of the action space. On [`Decision::Silent`] it holds the stop
    /// action and must not be published. `now` is the time of stamps; `elapsed` is that since any start, on a clock that
    /// never steps, for limits on the rate of change.
    ///
    /// The policy is asked when a feature is new, when other modalities are present than before, or when its newest
    /// chunk has been played to its end; otherwise its chunks are played on. Freshness is looked at every time: what was
    /// predicted never outlives what it was predicted from.
    pub fn tick<'a>(
        &mut self,
        now: Stamp,
        elapsed: Duration,
        features: impl Iterator<Item = &'a ProjectedFeature>,
        action: &mut [f64],
    ) -> Tick {
        let mut present: [Option<&DVector<f32>>; MAX_MODALITIES] = [None; MAX_MODALITIES];
        let mut fused: Fused = [None; MAX_MODALITIES];
        let mut seen = Seen::default();
        let epoch = self.epochs.current();
        let mut missing = None;
        let mut count = 0;
        for (i, (feature, freshness)) in features.zip(&self.freshness).enumerate() {
            seen.ages_s[i] = feature.age(now).seconds();
            match unusable(now, epoch, i, feature, freshness) {
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
        for (action, measured) in self.measured.iter().enumerate() {
            let fresh = measured.filter(|(modality, _)| seen.present[*modality]);
            self.guard
                .measure(action, fresh.map(|(_, position)| position));
        }
        let nothing = present[..count].iter().all(Option::is_none);
        let reason = missing.or(nothing.then_some(StopReason::NothingPresent));
        let decision = match reason {
            Some(reason) => self.stop(elapsed, reason, action),
            None => self.act(now, elapsed, &present[..count], &fused, &seen, action),
        };
        Tick { decision, seen }
    }

    fn act(
        &mut self,
        now: Stamp,
        elapsed: Duration,
        present: &[Option<&DVector<f32>>],
        fused: &Fused,
        seen: &Seen,
        action: &mut [f64],
    ) -> Decision {
        // A position that is to be held was never commanded: then there is no stop action to publish yet.
        self.armed |= self.guard.can_stop();
        if self.player.is_due(now, fused) {
            self.prediction = *seen;
            let chunk = self.player.record(now, fused);
            let ages_s = &seen.ages_s[..present.len()];
            self.policy.act_on_projected(present, ages_s, chunk);
            if let Some(at) = chunk.iter().position(|number| !number.is_finite()) {
                let at = at % action.len();
                return self.stop(elapsed, StopReason::NonFinite { action: at }, action);
            }
        }
        self.player.play(now, action);
        if let Some(at) = action.iter().position(|number| !number.is_finite()) {
            return self.stop(elapsed, StopReason::NonFinite { action: at }, action);
        }
        let dt_s = self.since_last_command(elapsed);
        let decision = match self.guard.check(action, dt_s) {
            Outcome::Passed => Decision::Act { limited: 0 },
            Outcome::Limited(limited) => Decision::Act { limited },
            Outcome::NonFinite(at) => {
                return self.stop(elapsed, StopReason::NonFinite { action: at }, action);
            }
        };
        self.armed = true;
        self.last_command = Some(elapsed);
        decision
    }

    /// The stop action, for a reason from outside such as the node's shutdown; at once, or on the way to it where stops are
    /// ramped. What was predicted before it is forgotten.
    pub fn stop(&mut self, elapsed: Duration, reason: StopReason, action: &mut [f64]) -> Decision {
        self.player.forget();
        let is_stop = match self.armed && reason.may_ramp() {
            true => {
                let dt_s = self.since_last_command(elapsed);
                self.guard.slow_down(action, dt_s)
            }
            false => self.guard.stop(action),
        };
        if !self.armed || !is_stop {
            return Decision::Silent(reason);
        }
        self.last_command = Some(elapsed);
        Decision::Stop(reason)
    }

    /// Writes the actions of the control periods after a decision at `now`, were there no feature after those that there
    /// are. `actions` holds the decision's own action, and room for the others behind it. Each is inside the limits as it
    /// would be if the one before it had left.
    pub fn foresee(&mut self, now: Stamp, decision: Decision, actions: &mut [f64]) {
        let width = self.guard.width();
        self.ahead.become_as(&self.guard);
        let period_ns = (self.period_s * 1e9).round() as i64;
        let mut then = now;
        for start in (width..actions.len()).step_by(width) {
            then = Stamp::from_nanos(then.nanos().saturating_add(period_ns));
            let (before, action) = actions[..start + width].split_at_mut(start);
            match decision {
                Decision::Act { .. } => {
                    self.player.foresee(then, action);
                    self.ahead.check(action, self.period_s);
                }
                Decision::Stop(_) if self.ahead.is_slowing_down() => {
                    self.ahead.slow_down(action, self.period_s);
                }
                Decision::Stop(_) => action.copy_from_slice(&before[start - width..]),
                Decision::Silent(_) => {}
            }
        }
    }

    /// Forgets that anything has left, after its last stop action: the next command is the first one again.
    pub fn rest(&mut self, action: &mut [f64]) {
        self.player.forget();
        self.guard.stop(action);
        self.armed = false;
        self.last_command = None;
    }

    /// Seconds since the last command, a period where there is none. A tick at which nothing left does not count, so that it
    /// does not matter how often one was tried.
    fn since_last_command(&self, elapsed: Duration) -> f64 {
        let last = self.last_command;
        last.map_or(self.period_s, |last| {
            elapsed.saturating_sub(last).as_secs_f64()
        })
    }
}

/// Why a feature cannot be used now, if so. A stamp from the future is as wrong as one that is too old: the two clocks
/// disagree. One that is only a little ahead does not make the feature younger than its arrival.
fn unusable(
    now: Stamp,
    epoch: Epoch,
    modality: usize,
    feature: &ProjectedFeature,
    freshness: &Freshness,
) -> Option<StopReason> {
    if !feature.present {
        return Some(StopReason::Absent { modality });
    }
    if freshness.ends_with_epoch && feature.epoch < epoch {
        return Some(StopReason::Earlier { modality });
    }
    let stale = freshness.limit_passed_by(feature.age(now));
    let stale = stale.map(|(age_s, max_age_s)| StopReason::Stale {
        modality,
        age_s,
        max_age_s,
    });
    let unfit = |fault| StopReason::Unfit { modality, fault };
    stale.or(feature.fault.map(unfit))
}

#[cfg(test)]
mod tests;
