//! The control thread's part of one policy: everything a tick needs, with its memory taken beforehand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::snapshot::SnapshotWriter;
use super::{
    CommandLatency, Controller, Decision, Features, Measured, RestsOn, Seen, StopReason, TickMeter,
    TickReport, Timekeeping, TracedPolicy,
};
use crate::message::CommandTemplates;
use crate::safety::{CommandSink, StopActionWriter};
use crate::time::Stamp;

/// One policy in the control loop. Nothing here waits, locks or allocates once it is built.
pub struct PolicyExecutor {
    controller: Controller,
    features: Features,
    measured: Measured,
    awaited: Vec<Option<i64>>,
    templates: CommandTemplates,
    stop_actions: StopActionWriter,
    /// The action of this control period, and behind it those of the periods after it that messages have points for.
    actions: Vec<f64>,
    width: usize,
    is_same_policy: bool,
    meter: TickMeter,
    latency: CommandLatency,
    seen: Seen,
    reports: triple_buffer::Input<TickReport>,
    snapshots: Option<SnapshotWriter>,
    commanded: CommandedWriter,
    traced: Option<Arc<TracedPolicy>>,
}

/// What an executor reads and writes, apart from commands.
pub struct Ends {
    /// The newest feature of each modality.
    pub features: Features,
    /// What is measured of the positions that it commands.
    pub measured: Measured,
    /// For each modality without which an observation in lockstep is not complete, by how many nanoseconds the stamps of its
    /// features are before those of its messages.
    pub awaited: Vec<Option<i64>>,
    /// How commands are laid out.
    pub templates: CommandTemplates,
    /// Where the action that would stop the robot is left with every command.
    pub stop_actions: StopActionWriter,
    /// Where the state after each tick is left.
    pub reports: triple_buffer::Input<TickReport>,
    /// Where what commands rest on is left, when somebody wants to know why.
    pub snapshots: Option<SnapshotWriter>,
    /// Where the numbers of each command are left, for people.
    pub commanded: CommandedWriter,
}

/// The control thread's end of a slot for the numbers of the newest command.
pub type CommandedWriter = triple_buffer::Input<Vec<f64>>;

/// The end of those who show them. Before the first command its numbers are not finite.
pub type CommandedReader = triple_buffer::Output<Vec<f64>>;

/// The two ends of a slot for the newest command of so many numbers.
pub fn commanded_slot(width: usize) -> (CommandedWriter, CommandedReader) {
    triple_buffer::triple_buffer(&vec![f64::NAN; width])
}

impl PolicyExecutor {
    /// An executor that has commanded nothing yet.
    pub fn new(controller: Controller, ends: Ends) -> Self {
        let width = controller.policy().spec().actions.len();
        Self {
            actions: vec![0.0; width * ends.templates.points()],
            width,
            controller,
            is_same_policy: false,
            measured: ends.measured,
            awaited: ends.awaited,
            templates: ends.templates,
            stop_actions: ends.stop_actions,
            meter: TickMeter::new(),
            latency: CommandLatency::new(ends.features.count()),
            seen: Seen::default(),
            features: ends.features,
            reports: ends.reports,
            snapshots: ends.snapshots,
            commanded: ends.commanded,
            traced: None,
        }
    }

    /// The same, whose ticks are traced as those of this policy.
    pub fn traced_as(self, traced: Arc<TracedPolicy>) -> Self {
        Self {
            traced: Some(traced),
            ..self
        }
    }

    /// Which policy its ticks are traced as; 0 for none.
    pub fn traced(&self) -> u32 {
        self.traced.as_ref().map_or(0, |traced| traced.id())
    }

    /// Says that it is the policy that it is to take over from, with other parameters.
    pub fn set_same_policy(&mut self) {
        self.is_same_policy = true;
    }

    /// Whether it is the policy that it is to take over from, with other parameters.
    pub fn is_same_policy(&self) -> bool {
        self.is_same_policy
    }

    /// Whether it has a feature, or knows that there is nothing to see, of every modality of which `previous`, the same
    /// policy, has.
    pub fn has_seen_what(&mut self, previous: &mut Self) -> bool {
        self.features.update();
        previous.features.update();
        let mut pairs = self.features.iter().zip(previous.features.iter());
        !pairs.any(|(own, previous)| own.stamp.is_unset() && !previous.stamp.is_unset())
    }

    /// Whether it has ever commanded, or goes on for one that has.
    pub fn is_armed(&self) -> bool {
        self.controller.is_armed()
    }

    /// Everything that keeps it from acting at `now`.
    pub fn missing(&mut self, now: Stamp) -> impl Iterator<Item = StopReason> {
        self.features.update();
        self.controller.missing(now, self.features.iter())
    }

    /// Whether it could act at `now`, but is yet to see everything of the observation with that stamp.
    pub fn is_behind(&mut self, now: Stamp) -> bool {
        self.observation() != Some(now) && self.missing(now).next().is_none()
    }

    /// Goes on where `previous`, an executor of the same actions, ends.
    pub fn succeed(&mut self, previous: &Self) {
        self.controller.succeed(&previous.controller);
    }

    /// Decides what leaves at `now`; `elapsed` is the same on a clock that never steps.
    pub fn decide(&mut self, now: Stamp, elapsed: Duration) -> Decision {
        // Features first: what is measured is then at least as new as the feature that vouches for it.
        self.features.update();
        let controller = &mut self.controller;
        self.measured
            .hand_over(|action, modality, position| controller.measure(action, modality, position));
        let (features, action) = (self.features.iter(), &mut self.actions[..self.width]);
        let tick = self.controller.tick(now, elapsed, features, action);
        self.seen = tick.seen;
        tick.decision
    }

    /// Decides for the stop action, for a reason from outside.
    pub fn stop(&mut self, elapsed: Duration, reason: StopReason) -> Decision {
        let action = &mut self.actions[..self.width];
        self.controller.stop(elapsed, reason, action)
    }

    /// Forgets what it has commanded: as before its first command, it is silent until everything that is required is fresh.
    pub fn rest(&mut self) {
        self.controller.rest(&mut self.actions[..self.width]);
        self.reports.write(self.meter.pause());
    }

    /// The robot was stopped by somebody else since the last command.
    pub fn was_stopped(&mut self) {
        self.controller.was_stopped(&mut self.actions[..self.width]);
    }

    /// Whether the last command was on the way to the stop action, and not there.
    pub fn is_slowing_down(&self) -> bool {
        self.controller.is_slowing_down()
    }

    /// Leaves what would stop the robot after the last decision; to be called before its command leaves.
    pub fn leave_stop(&mut self) {
        self.controller
            .leave_stop(self.stop_actions.input_buffer_mut());
        self.stop_actions.publish();
    }

    /// Sends the command of the last decision, decided at `now`; false where a message could not be sent.
    pub fn send(&mut self, now: Stamp, decision: Decision, sink: &mut impl CommandSink) -> bool {
        if self.actions.len() > self.width {
            self.controller.foresee(now, decision, &mut self.actions);
        }
        let send = |topic: usize, message: &[u8]| sink.send(topic, message);
        match decision {
            Decision::Stop(_) => self.templates.send_all(now, &self.actions, send),
            _ => self.templates.send_due(now, &self.actions, send),
        }
    }

    /// Leaves word of a decision at `now`, of whether its command could be sent, and of how well the thread keeps time.
    pub fn report(
        &mut self,
        now: Instant,
        decision: Decision,
        sent: bool,
        timekeeping: Timekeeping,
    ) {
        let acts = matches!(decision, Decision::Act { .. }) && sent;
        let features = self.features.iter().zip(self.seen.present);
        let features = features.map(|(feature, present)| (feature.made, present && acts));
        self.reports.write(TickReport {
            timekeeping,
            latencies: self.latency.count(now, features),
            ..self.meter.count(now, decision, sent)
        });
        if !matches!(decision, Decision::Silent(_)) {
            self.commanded
                .input_buffer_mut()
                .copy_from_slice(&self.actions[..self.width]);
            self.commanded.publish();
        }
        if let (Some(snapshots), Decision::Act { .. }) = (&mut self.snapshots, decision) {
            let features = self.features.iter().map(|feature| &feature.values);
            let prediction: &Seen = self.controller.prediction();
            snapshots.leave(now, prediction, features);
        }
    }

    /// What a command of this tick rests on that was decided so, and sent.
    pub fn rests_on(&mut self, decision: Decision, sent: bool) -> RestsOn {
        let mut rests_on = RestsOn::default();
        if sent && matches!(decision, Decision::Act { .. }) {
            let features = self.features.iter().zip(self.seen.present);
            for (own, (feature, present)) in rests_on.iter_mut().zip(features) {
                *own = feature.made.filter(|_| present);
            }
        }
        rests_on
    }

    /// The stamp that all awaited features have in common, if they do: an observation is complete, whether it shows
    /// anything or not. What came without a stamp before there was a simulated time has none.
    pub fn observation(&mut self) -> Option<Stamp> {
        self.features.update();
        let features = self.features.iter().zip(&self.awaited);
        let mut stamps = features.filter_map(|(feature, awaited)| {
            let stamp = feature.stamp;
            let own = Stamp::from_nanos(stamp.nanos().saturating_add((*awaited)?));
            Some((!stamp.is_unset()).then_some(own))
        });
        let first = stamps.next()??;
        stamps.all(|stamp| stamp == Some(first)).then_some(first)
    }
}
