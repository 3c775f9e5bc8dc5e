//! The control thread: waits for its tick, decides, publishes. It takes no lock that another thread holds, and
//! after its first ticks it allocates nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::clock::Clock;
use super::explainer::Witness;
use super::pace::Pace;
use crate::control::{Controller, Decision, StopReason, TickMeter, TickReport};
use crate::message::CommandTemplate;
use crate::modality::FeatureReader;
use crate::problems::Problems;
use crate::time::Stamp;

/// How long the thread sleeps at most before it looks whether the node is ending.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// What the control thread works with.
pub struct ControlLoop {
    /// Decides what leaves.
    pub controller: Controller,
    /// The newest feature of each modality, in the policy's order.
    pub features: Vec<FeatureReader>,
    /// Which of them a lockstep tick waits for: required ones that come with every observation.
    pub awaited: Vec<bool>,
    /// The command message.
    pub template: CommandTemplate,
    /// Where it goes.
    pub publisher: r2r::PublisherUntyped,
    /// When the next tick is due.
    pub pace: Pace,
    /// The node's clock.
    pub clock: Clock,
    /// Where the state after each tick is left.
    pub reports: triple_buffer::Input<TickReport>,
    /// Where what commands rest on is left, when somebody wants to know why.
    pub witness: Option<Witness>,
}

/// The running control thread.
pub struct ControlThread {
    ending: Arc<AtomicBool>,
    handle: JoinHandle<()>,
}

impl ControlThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// What the system says when it cannot start one.
    pub fn start(control: ControlLoop) -> Result<Self, Problems> {
        let ending = Arc::new(AtomicBool::new(false));
        let handle = thread::Builder::new()
            .name("control".into())
            .spawn({
                let ending = ending.clone();
                move || control.run(&ending)
            })
            .map_err(|e| format!("the control thread cannot start: {e}"))?;
        Ok(Self { ending, handle })
    }

    /// The thread, to be unparked when a feature or the simulated time has changed.
    pub fn thread(&self) -> &Thread {
        self.handle.thread()
    }

    /// Whether the thread has ended by itself, which it never should.
    pub fn has_ended(&self) -> bool {
        self.handle.is_finished()
    }

    /// Publishes the stop action, if anything was ever published, and ends the thread.
    pub fn stop(self) {
        self.ending.store(true, Ordering::Release);
        self.handle.thread().unpark();
        if self.handle.join().is_err() {
            log::error!("the control thread had ended before its time");
        }
    }
}

impl ControlLoop {
    fn run(mut self, ending: &AtomicBool) {
        let width = self.controller.policy().spec().actions.len();
        let mut action = vec![0.0; width];
        let mut meter = TickMeter::new();
        while let Some(now) = self.wait(ending) {
            let features = self.features.iter_mut().map(|slot| slot.read());
            let decision = self.controller.tick(now, features, &mut action);
            self.publish(now, decision, &action);
            let published = Instant::now();
            self.reports.write(meter.count(published, decision));
            if let (Some(witness), Decision::Act { .. }) = (&mut self.witness, decision) {
                let features = self.features.iter_mut();
                let features = features.map(|slot| slot.output_buffer_mut().values.as_slice());
                witness.see(published, self.controller.seen(), features);
            }
            if let Pace::Lockstep(answered) = &mut self.pace {
                match decision {
                    // The simulator still waits for this observation's command: it is decided again later.
                    Decision::Silent(_) => thread::park_timeout(LONGEST_WAIT),
                    _ => *answered = Some(now),
                }
            }
        }
        let now = self.clock.now();
        let decision = self
            .controller
            .stop(now, StopReason::ShuttingDown, &mut action);
        self.publish(now, decision, &action);
        self.reports.write(meter.count(Instant::now(), decision));
    }

    fn publish(&mut self, now: Stamp, decision: Decision, action: &[f64]) {
        if !matches!(decision, Decision::Silent(_)) {
            // A publisher fails only when its node is gone, and then nobody is left to be told.
            let _ = self
                .publisher
                .publish_raw(self.template.encode(now, action));
        }
    }

    /// The time of the next tick, once it is due; `None` when the node is ending.
    fn wait(&mut self, ending: &AtomicBool) -> Option<Stamp> {
        loop {
            if ending.load(Ordering::Acquire) {
                return None;
            }
            match &mut self.pace {
                Pace::System(periodic) => {
                    let now = Instant::now();
                    if periodic.due(now) {
                        return Some(self.clock.now());
                    }
                    thread::sleep(periodic.remaining(now).min(LONGEST_WAIT));
                }
                Pace::Simulated(periodic) => {
                    let now = self.clock.now();
                    if !now.is_unset() && periodic.due(now) {
                        return Some(now);
                    }
                    thread::park_timeout(LONGEST_WAIT);
                }
                Pace::Lockstep(answered) => {
                    let observed = observation(&mut self.features, &self.awaited);
                    if observed.is_some_and(|stamp| answered.is_none_or(|last| stamp != last)) {
                        return observed;
                    }
                    thread::park_timeout(LONGEST_WAIT);
                }
            }
        }
    }
}

/// The stamp that all awaited features have in common, if they do: an observation is complete. What came without a
/// stamp before there was a simulated time has none.
fn observation(features: &mut [FeatureReader], awaited: &[bool]) -> Option<Stamp> {
    let mut stamps = features
        .iter_mut()
        .zip(awaited)
        .filter(|(_, awaited)| **awaited)
        .map(|(slot, _)| slot.read())
        .map(|feature| (feature.present && !feature.stamp.is_unset()).then_some(feature.stamp));
    let first = stamps.next()??;
    stamps.all(|stamp| stamp == Some(first)).then_some(first)
}
