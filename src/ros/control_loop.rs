//! The control thread: waits for its tick, decides, publishes. It takes no lock that another thread holds, and
//! after its first ticks it allocates nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::clock::Clock;
use super::pace::Pace;
use super::pilot::Pilot;
use crate::control::{Decision, StopReason};
use crate::problems::Problems;
use crate::time::Stamp;

/// How long the thread sleeps at most before it looks whether the node is ending.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// What the control thread works with.
pub struct ControlLoop {
    /// The policy that drives.
    pub pilot: Box<Pilot>,
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
            let decision = self.pilot.decide(now);
            self.publish(now, decision);
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
                    if observed.is_some_and(|stamp| answered.is_none_or(|last| stamp != last)) {
                        return observed;
                    }
                    thread::park_timeout(LONGEST_WAIT);
                }
            }
        }
    }
}
