//! The control thread: waits for its tick, decides, publishes. It takes no lock that another thread holds, and
//! after its first ticks it allocates nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::clock::Clock;
use super::pace::Pace;
use super::pilot::Pilot;
use crate::control::{Decision, StopReason, Taker};
use crate::problems::Problems;
use crate::time::Stamp;

/// How long the thread sleeps at most before it looks whether the node is ending.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// What the control thread works with.
pub struct ControlLoop {
    /// The policy that drives.
    pub pilot: Box<Pilot>,
    /// Where one comes from that is to take over.
    pub newcomers: Taker<Pilot>,
    /// Where its commands go.
    pub publisher: r2r::PublisherUntyped,
    /// When the next tick is due.
    pub pace: Pace,
    /// The node's clock.
    pub clock: Clock,
}

/// Wakes the control thread when a feature or the simulated time has changed; nobody before it is there.
#[derive(Clone, Debug, Default)]
pub struct Waker(Arc<OnceLock<Thread>>);

impl Waker {
    /// Wakes it.
    pub fn wake(&self) {
        if let Some(thread) = self.0.get() {
            thread.unpark();
        }
    }
}

/// The running control thread.
pub struct ControlThread {
    ending: Arc<AtomicBool>,
    handle: JoinHandle<()>,
}

impl ControlThread {
    /// Starts the thread, for `waker` to wake.
    ///
    /// # Errors
    /// What the system says when it cannot start one.
    pub fn start(control: ControlLoop, waker: &Waker) -> Result<Self, Problems> {
        let ending = Arc::new(AtomicBool::new(false));
        let handle = thread::Builder::new()
            .name("control".into())
            .spawn({
                let ending = ending.clone();
                move || control.run(&ending)
            })
            .map_err(|e| format!("the control thread cannot start: {e}"))?;
        // A waker is made for one control thread.
        let _ = waker.0.set(handle.thread().clone());
        Ok(Self { ending, handle })
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
        while let Some(now) = self.wait(ending) {
            let former = self.take_over(now);
            let decision = self.pilot.decide(now);
            self.publish(now, decision);
            if let Some(former) = former {
                self.newcomers.give_back(former);
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
        let decision = self.pilot.stop(now, StopReason::ShuttingDown);
        self.publish(now, decision);
    }

    /// Lets a newcomer that could act now take over for this tick and those after it, and returns the pilot before it.
    fn take_over(&mut self, now: Stamp) -> Option<Box<Pilot>> {
        let newcomer = self.newcomers.pending()?;
        let complete = match self.pace {
            Pace::Lockstep(_) => newcomer.observation() == Some(now),
            Pace::System(_) | Pace::Simulated(_) => true,
        };
        if !complete || newcomer.lacking(now).next().is_some() {
            return None;
        }
        newcomer.succeed(&self.pilot);
        self.newcomers.take(&mut self.pilot)
    }

    /// Lets a newcomer take over at once where no command has ever left, for there is nothing to interrupt; with a
    /// simulation that is yet to begin no tick would ever come for it.
    fn take_over_at_rest(&mut self) {
        if self.newcomers.pending().is_some()
            && !self.pilot.is_armed()
            && let Some(former) = self.newcomers.take(&mut self.pilot)
        {
            self.newcomers.give_back(former);
        }
    }

    fn publish(&mut self, now: Stamp, decision: Decision) {
        if !matches!(decision, Decision::Silent(_)) {
            // A publisher fails only when its node is gone, and then nobody is left to be told.
            let _ = self.publisher.publish_raw(self.pilot.command(now));
        }
        self.pilot.report(Instant::now(), decision);
    }

    /// The time of the next tick, once it is due; `None` when the node is ending.
    fn wait(&mut self, ending: &AtomicBool) -> Option<Stamp> {
        loop {
            if ending.load(Ordering::Acquire) {
                return None;
            }
            self.take_over_at_rest();
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
                    let observed = self.pilot.observation();
                    let due = observed.filter(|stamp| answered.is_none_or(|last| *stamp != last));
                    // The simulator waits, so a newcomer with slower encoders can catch up and take over.
                    let newcomer = self.newcomers.pending();
                    if let Some(stamp) = due
                        && !newcomer.is_some_and(|newcomer| newcomer.is_behind(stamp))
                    {
                        return Some(stamp);
                    }
                    thread::park_timeout(LONGEST_WAIT);
                }
            }
        }
    }
}
