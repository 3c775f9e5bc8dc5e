//! The control thread: waits for its tick, decides, sends. It takes no lock that another thread holds, and after its first
//! ticks it allocates nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::{Decision, HandoverReceiver, Pace, PolicyExecutor, Punctuality, StopReason};
use crate::clock::Clock;
use crate::errors::ConfigErrors;
use crate::realtime::{Monotonic, Realtime, Setting};
use crate::safety::{CommandSink, Heartbeat};
use crate::shutdown::Shutdown;
use crate::time::Stamp;

/// How long the thread sleeps at most before it looks whether the node is ending.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// What the control thread works with.
pub struct ControlLoop<S> {
    /// The active policy.
    pub executor: Box<PolicyExecutor>,
    /// Where a candidate comes from that is to take over.
    pub candidates: HandoverReceiver<PolicyExecutor>,
    /// Where commands go.
    pub sink: S,
    /// When the next tick is due.
    pub pace: Pace,
    /// The node's clock.
    pub clock: Clock,
    /// Where the supervisor sees that commands leave.
    pub heartbeat: Arc<Heartbeat>,
    /// What the thread asks of the kernel for itself.
    pub realtime: Realtime,
}

/// A tick that is due.
struct Due {
    /// Its time, on the node's clock.
    now: Stamp,
    /// When the thread woke for it.
    woke: Monotonic,
}

/// Wakes the control thread when a feature or the simulated time has changed; nobody before it is there. With the system's
/// clock nothing but its deadline wakes it.
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

/// The running control thread. Dropping it, in good order or while main unwinds, sends the stop action, if anything was
/// ever sent, and ends the thread.
pub struct ControlThread {
    ending: Arc<AtomicBool>,
    handle: Option<JoinHandle<()>>,
    settings: Vec<Setting>,
}

impl ControlThread {
    /// Starts the thread, for `waker` to wake. If it panics, `shutdown` is requested.
    ///
    /// # Errors
    /// What the system says when it cannot start one.
    pub fn start<S: CommandSink>(
        control: ControlLoop<S>,
        waker: &Waker,
        shutdown: &Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let ending = Arc::new(AtomicBool::new(false));
        let heartbeat = control.heartbeat.clone();
        let (applied, settings) = mpsc::channel();
        let work = {
            let ending = ending.clone();
            move || {
                let _end = EndOf(heartbeat);
                // Nobody is left to be told where main has gone on without it.
                let _ = applied.send(control.realtime.apply_to_this_thread());
                drop(applied);
                control.run(&ending);
            }
        };
        let handle = shutdown
            .spawn("control", work)
            .map_err(|e| format!("the control thread cannot start: {e}"))?;
        // A waker is made for one control thread.
        let _ = waker.0.set(handle.thread().clone());
        Ok(Self {
            ending,
            handle: Some(handle),
            settings: settings.recv().unwrap_or_default(),
        })
    }

    /// What became of what the thread asked of the kernel.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }
}

impl Drop for ControlThread {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        if let Some(handle) = self.handle.take() {
            handle.thread().unpark();
            // A panic is caught where the thread was started.
            let _ = handle.join();
        }
    }
}

/// Says that no command will come any more, however the control thread ends.
struct EndOf(Arc<Heartbeat>);

impl Drop for EndOf {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl<S: CommandSink> ControlLoop<S> {
    fn run(mut self, ending: &AtomicBool) {
        let mut punctuality = Punctuality::new(self.pace.period());
        while let Some(Due { now, woke }) = self.wait(ending, &mut punctuality) {
            let elapsed = self.pace.elapsed(now);
            let previous = self.take_over(now);
            let decision = self.executor.decide(now, elapsed);
            self.send(now, decision, woke, &mut punctuality);
            if let Some(previous) = previous {
                self.candidates.give_back(previous);
            }
            match &mut self.pace {
                Pace::System(system) => {
                    let done = Monotonic::now();
                    // What passed meanwhile is skipped, so that the thread waits again: under SCHED_FIFO one that never
                    // does would keep every other from its CPU.
                    if punctuality.is_overrun(done.since(woke)) {
                        punctuality.skipped(system.ticks.skip(done));
                    }
                }
                Pace::Simulated(_) => {}
                Pace::Lockstep(lockstep) => match decision {
                    // The simulator still waits for this observation's command: it is decided again later.
                    Decision::Silent(_) => thread::park_timeout(LONGEST_WAIT),
                    _ => lockstep.answered = Some(now),
                },
            }
        }
        let (now, woke) = (self.clock.now(), Monotonic::now());
        let elapsed = self.pace.elapsed(now);
        let decision = self.executor.stop(elapsed, StopReason::ShuttingDown);
        self.send(now, decision, woke, &mut punctuality);
    }

    /// Lets a candidate that could act now take over for this tick and those after it, and returns the executor before it.
    fn take_over(&mut self, now: Stamp) -> Option<Box<PolicyExecutor>> {
        let candidate = self.candidates.pending()?;
        let complete = match self.pace {
            Pace::Lockstep(_) => candidate.observation() == Some(now),
            Pace::System(_) | Pace::Simulated(_) => true,
        };
        if !complete || candidate.missing(now).next().is_some() {
            return None;
        }
        candidate.succeed(&self.executor);
        self.candidates.take(&mut self.executor)
    }

    /// Lets a candidate take over at once where no command has ever left, for there is nothing to interrupt; with a
    /// simulation that is yet to begin no tick would ever come for it.
    fn take_over_at_rest(&mut self) {
        if self.candidates.pending().is_some()
            && !self.executor.is_armed()
            && let Some(previous) = self.candidates.take(&mut self.executor)
        {
            self.candidates.give_back(previous);
        }
    }

    fn send(
        &mut self,
        now: Stamp,
        decision: Decision,
        woke: Monotonic,
        punctuality: &mut Punctuality,
    ) {
        let mut sent = true;
        if !matches!(decision, Decision::Silent(_)) {
            sent = self.sink.send(self.executor.command(now));
            if sent {
                self.heartbeat.beat(Instant::now());
            }
        }
        let done = Instant::now();
        let timekeeping = punctuality.sent(done, Monotonic::now().since(woke));
        self.executor.report(done, decision, sent, timekeeping);
    }

    /// The next tick, once it is due; `None` when the node is ending.
    fn wait(&mut self, ending: &AtomicBool, punctuality: &mut Punctuality) -> Option<Due> {
        let mut has_slept = false;
        loop {
            if ending.load(Ordering::Acquire) {
                return None;
            }
            self.take_over_at_rest();
            let woke = Monotonic::now();
            match &mut self.pace {
                Pace::System(system) => {
                    if let Some(due) = system.ticks.due(woke) {
                        // A deadline that had come before the thread slept says nothing of how it wakes.
                        if has_slept || due.skipped > 0 {
                            punctuality.woke(Instant::now(), due.late, due.skipped);
                        }
                        let now = self.clock.now();
                        return Some(Due { now, woke });
                    }
                    let latest = woke.plus(LONGEST_WAIT);
                    let until = system.ticks.next().map_or(latest, |next| next.min(latest));
                    until.sleep_until();
                    has_slept = true;
                }
                Pace::Simulated(simulated) => {
                    let now = self.clock.now();
                    if !now.is_unset() && simulated.ticks.due(now).is_some() {
                        return Some(Due { now, woke });
                    }
                    thread::park_timeout(LONGEST_WAIT);
                }
                Pace::Lockstep(lockstep) => {
                    let observed = self.executor.observation();
                    let due = observed.filter(|stamp| lockstep.is_unanswered(*stamp));
                    // The simulator waits, so a candidate with slower encoders can catch up and take over.
                    let candidate = self.candidates.pending();
                    if let Some(now) = due
                        && !candidate.is_some_and(|candidate| candidate.is_behind(now))
                    {
                        return Some(Due { now, woke });
                    }
                    thread::park_timeout(LONGEST_WAIT);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
