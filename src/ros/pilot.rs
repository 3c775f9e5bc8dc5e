//! The control thread's part of one policy: everything a tick needs, with its memory taken beforehand.

use std::time::Instant;

use super::explainer::Witness;
use crate::config::{NodeConfig, Wiring};
use crate::control::{Controller, Decision, StopReason, TickMeter, TickReport};
use crate::guard::Guard;
use crate::message::CommandTemplate;
use crate::modality::FeatureReader;
use crate::policy::Policy;
use crate::time::Stamp;

/// One policy at the controls. Nothing here waits, locks or allocates once it is built.
pub struct Pilot {
    controller: Controller,
    features: Vec<FeatureReader>,
    awaited: Vec<bool>,
    template: CommandTemplate,
    action: Vec<f64>,
    meter: TickMeter,
    reports: triple_buffer::Input<TickReport>,
    witness: Option<Witness>,
}

/// Where a pilot looks and what it leaves, apart from commands.
pub struct Ends {
    /// The newest feature of each modality, in the policy's order.
    pub features: Vec<FeatureReader>,
    /// Where the state after each tick is left.
    pub reports: triple_buffer::Input<TickReport>,
    /// Where what commands rest on is left, when somebody wants to know why.
    pub witness: Option<Witness>,
}

impl Pilot {
    /// A pilot that has commanded nothing yet.
    pub fn new(config: &NodeConfig, wiring: &Wiring, policy: Policy, ends: Ends) -> Self {
        let period_s = 1.0 / config.control_rate_hz;
        let action = vec![0.0; policy.spec().actions.len()];
        let guard = Guard::new(wiring.limits.clone());
        Self {
            controller: Controller::new(
                policy,
                guard,
                wiring.freshness.clone(),
                config.ensemble,
                period_s,
            ),
            features: ends.features,
            awaited: wiring.awaited.clone(),
            template: wiring.mapping.template(&config.action.frame_id, period_s),
            action,
            meter: TickMeter::new(),
            reports: ends.reports,
            witness: ends.witness,
        }
    }

    /// Whether it has ever commanded, or goes on for one that has.
    pub fn is_armed(&self) -> bool {
        self.controller.is_armed()
    }

    /// Everything that keeps it from acting at `now`.
    pub fn lacking(&mut self, now: Stamp) -> impl Iterator<Item = StopReason> {
        let features = self.features.iter_mut().map(|slot| slot.read());
        self.controller.lacking(now, features)
    }

    /// Whether it could act at `now`, but is yet to see everything of the observation with that stamp.
    pub fn is_behind(&mut self, now: Stamp) -> bool {
        self.observation() != Some(now) && self.lacking(now).next().is_none()
    }

    /// Goes on where `former`, a pilot of the same actions, ends.
    pub fn succeed(&mut self, former: &Self) {
        self.controller.succeed(&former.controller);
    }

    /// Decides what leaves at `now`.
    pub fn decide(&mut self, now: Stamp) -> Decision {
        let features = self.features.iter_mut().map(|slot| slot.read());
        self.controller.tick(now, features, &mut self.action)
    }

    /// Decides for the stop action, for a reason from outside.
    pub fn stop(&mut self, now: Stamp, reason: StopReason) -> Decision {
        self.controller.stop(now, reason, &mut self.action)
    }

    /// The message of the last decision, decided at `now`.
    pub fn command(&mut self, now: Stamp) -> &[u8] {
        self.template.encode(now, &self.action)
    }

    /// Leaves word of a decision that was published at `published`.
    pub fn report(&mut self, published: Instant, decision: Decision) {
        self.reports.write(self.meter.count(published, decision));
        if let (Some(witness), Decision::Act { .. }) = (&mut self.witness, decision) {
            let features = self.features.iter_mut();
            let features = features.map(|slot| slot.output_buffer_mut().values.as_slice());
            witness.see(published, self.controller.seen(), features);
        }
    }

    /// The stamp that all awaited features have in common, if they do: an observation is complete. What came without a
    /// stamp before there was a simulated time has none.
    pub fn observation(&mut self) -> Option<Stamp> {
        let mut stamps = self
            .features
            .iter_mut()
            .zip(&self.awaited)
            .filter(|(_, awaited)| **awaited)
            .map(|(slot, _)| slot.read())
            .map(|feature| (feature.present && !feature.stamp.is_unset()).then_some(feature.stamp));
        let first = stamps.next()??;
        stamps.all(|stamp| stamp == Some(first)).then_some(first)
    }
}
