//! The control thread: waits for its tick, decides, sends. It takes no lock that another thread holds, and after its first
//! ticks it allocates nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;

use super::pace::LONGEST_WAIT;
use super::{
    Decision, HandoverReceiver, Pace, PolicyExecutor, Punctuality, StopReason, TickEvent,
    TickRecorder, Timekeeping,
};
use crate::clock::Clock;
use crate::errors::ConfigErrors;
use crate::realtime::{Monotonic, Realtime, Setting, is_aborting};
use crate::safety::{CommandSink, Heartbeat, LONGEST_RAMP, Permission};
use crate::shutdown::Shutdown;
use crate::time::Stamp;

mod due;

use due::Due;

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
    /// Whether the robot may be moved.
    pub permission: Arc<Permission>,
    /// What the thread asks of the kernel for itself.
    pub realtime: Realtime,
    /// Where ticks are left for whoever looks at them.
    pub trace: TickRecorder,
}

/// Wakes the control thread when a feature or the simulated time has changed; nobody before it is there. With the system's
/// clock nothing but its deadline wakes it. The control thread itself never touches its lock.
#[derive(Clone, Debug, Default)]
pub struct Waker(Arc<Mutex<Option<Thread>>>);

impl Waker {
    /// Wakes it.
    pub fn wake(&self) {
        if let Some(thread) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            thread.unpark();
        }
    }

    /// From here on it wakes this thread.
    fn set(&self, thread: Thread) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    }
}

/// What the control thread is told, and what it says to it.
#[derive(Debug, Default)]
struct Orders {
    ending: AtomicBool,
    active: AtomicBool,
    at_rest: AtomicBool,
}

/// The running control thread. Dropping it, in good order or while main unwinds, sends the stop action, if anything was
/// ever sent, and ends the thread.
pub struct ControlThread {
    orders: Arc<Orders>,
    heartbeat: Arc<Heartbeat>,
    handle: Option<JoinHandle<()>>,
    settings: Vec<Setting>,
}

impl ControlThread {
    /// Starts the thread, for `waker` to wake, at rest: it sends nothing before [`ControlThread::activate`]. If it panics,
    /// `shutdown` is requested.
    ///
    /// # Errors
    /// What the system says when it cannot start one.
    pub fn start<S: CommandSink>(
        control: ControlLoop<S>,
        waker: &Waker,
        shutdown: &Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let orders = Arc::<Orders>::default();
        let heartbeat = control.heartbeat.clone();
        let (applied, settings) = mpsc::channel();
        let work = {
            let (orders, heartbeat) = (orders.clone(), heartbeat.clone());
            move || {
                let _end = EndOf(heartbeat);
                // Nobody is left to be told where main has gone on without it.
                let _ = applied.send(control.realtime.apply_to_this_thread());
                drop(applied);
                control.run(&orders);
            }
        };
        let handle = shutdown
            .spawn("control", work)
            .map_err(|e| format!("the control thread cannot start: {e}"))?;
        waker.set(handle.thread().clone());
        Ok(Self {
            orders,
            heartbeat,
            handle: Some(handle),
            settings: settings.recv().unwrap_or_default(),
        })
    }

    /// What became of what the thread asked of the kernel.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Lets it decide and send; as after a start, nothing leaves before everything that is required is fresh.
    pub fn activate(&self) {
        self.order(true);
    }

    /// Has it send the stop action, if anything was sent since it was activated, and come to rest. Where it does not, the
    /// supervisor stands in for it.
    pub fn deactivate(&self) {
        self.order(false);
    }

    /// Whether it has come to rest.
    pub fn is_at_rest(&self) -> bool {
        self.orders.at_rest.load(Ordering::Acquire)
    }

    fn order(&self, active: bool) {
        self.heartbeat.call_to_rest(!active);
        self.orders.active.store(active, Ordering::Release);
        if let Some(handle) = &self.handle {
            handle.thread().unpark();
        }
    }
}

impl Drop for ControlThread {
    fn drop(&mut self) {
        self.heartbeat.call_to_rest(true);
        self.orders.ending.store(true, Ordering::Release);
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
    fn run(mut self, orders: &Orders) {
        let mut punctuality = Punctuality::new(self.pace.period());
        let mut stood_in = self.heartbeat.stood_in();
        while let Some(due) = self.wait(orders, &mut punctuality) {
            let Due { now, woke, .. } = due;
            let elapsed = self.pace.elapsed(now);
            let stood_in_before = std::mem::replace(&mut stood_in, self.heartbeat.stood_in());
            if stood_in != stood_in_before {
                self.executor.was_stopped();
            }
            let previous = self.take_over(now);
            let decision = match self.permission.withheld_since_last_tick(Instant::now()) {
                None => self.executor.decide(now, elapsed),
                Some(why) => self.executor.stop(elapsed, StopReason::NotPermitted(why)),
            };
            self.send(&due, decision, &mut punctuality);
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
        self.bring_to_stop(StopReason::ShuttingDown, &mut punctuality);
    }

    /// Stops the robot until it is told to go on. A ramp is gone down for a moment only, and not where time may stand still.
    fn bring_to_stop(&mut self, reason: StopReason, punctuality: &mut Punctuality) {
        let until = Instant::now() + LONGEST_RAMP;
        loop {
            let due = Due::at(self.clock.now(), Monotonic::now());
            let elapsed = self.pace.elapsed(due.now);
            let decision = self.executor.stop(elapsed, reason);
            self.send(&due, decision, punctuality);
            let Pace::System(system) = &mut self.pace else {
                break;
            };
            let is_over = Instant::now() > until || is_aborting();
            if !self.executor.is_slowing_down() || is_over {
                break;
            }
            while system.ticks.due(Monotonic::now()).is_none() {
                system.sleep();
            }
        }
        if self.executor.is_slowing_down() {
            self.executor.was_stopped();
            let due = Due::at(self.clock.now(), Monotonic::now());
            self.send(&due, Decision::Stop(reason), punctuality);
        }
    }

    /// Lets a candidate that could act now take over for this tick and those after it, and returns the executor before it.
    /// One with other parameters need not be able to act: they may be meant to stop the robot. It waits until it has seen
    /// what the one before it has, unless that cannot act either.
    fn take_over(&mut self, now: Stamp) -> Option<Box<PolicyExecutor>> {
        let candidate = self.candidates.pending()?;
        let complete = match self.pace {
            Pace::Lockstep(_) => candidate.observation() == Some(now),
            Pace::System(_) | Pace::Simulated(_) => true,
        };
        let can_act = candidate.missing(now).next().is_none();
        let may_stop = candidate.is_same_policy()
            && (self.executor.missing(now).next().is_some()
                || candidate.has_seen_what(&mut self.executor));
        if !complete || !(can_act || may_stop) {
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

    fn send(&mut self, due: &Due, decision: Decision, punctuality: &mut Punctuality) {
        let decided = self.trace.now();
        let mut sent = true;
        if !matches!(decision, Decision::Silent(_)) {
            self.executor.leave_stop();
            self.heartbeat.begin(Instant::now());
            sent = self.executor.send(due.now, decision, &mut self.sink);
            if sent {
                let stop = matches!(decision, Decision::Stop(reason) if reason.is_emergency());
                self.heartbeat.set_emergency(stop);
                self.heartbeat.beat(Instant::now());
            }
        }
        let (at, done) = (Instant::now(), Monotonic::now());
        let timekeeping = Timekeeping {
            stood_in: self.heartbeat.stood_in(),
            ..punctuality.sent(at, done.since(due.woke))
        };
        self.executor.report(at, decision, sent, timekeeping);
        let executor = &mut self.executor;
        self.trace.count(|number| {
            Some(TickEvent {
                number,
                policy: executor.traced(),
                deadline: due.deadline,
                slept: due.slept,
                skipped: due.skipped,
                woke: due.woke,
                decided: decided?,
                done,
                decision,
                sent,
                rests_on: executor.rests_on(decision, sent),
            })
        });
    }

    /// Sends the stop action, where anything was sent since the last rest, and forgets that it was.
    fn rest(&mut self, punctuality: &mut Punctuality) {
        if self.executor.is_armed() {
            self.bring_to_stop(StopReason::Deactivated, punctuality);
            self.heartbeat.rest();
        }
        self.executor.rest();
    }

    /// The next tick, once it is due; `None` when the node is ending.
    fn wait(&mut self, orders: &Orders, punctuality: &mut Punctuality) -> Option<Due> {
        let mut has_slept = false;
        loop {
            if orders.ending.load(Ordering::Acquire) || is_aborting() {
                return None;
            }
            if !orders.active.load(Ordering::Acquire) {
                if !orders.at_rest.load(Ordering::Acquire) {
                    self.rest(punctuality);
                    orders.at_rest.store(true, Ordering::Release);
                }
                self.take_over_at_rest();
                thread::park_timeout(LONGEST_WAIT);
                continue;
            }
            if orders.at_rest.swap(false, Ordering::AcqRel)
                && let Pace::System(system) = &mut self.pace
            {
                // What passed meanwhile was not missed.
                system.ticks.skip(Monotonic::now());
            }
            self.take_over_at_rest();
            let woke = Monotonic::now();
            match &mut self.pace {
                Pace::System(system) => {
                    if let Some(came) = system.ticks.due(woke) {
                        // A deadline that had come before the thread slept says nothing of how it wakes.
                        if has_slept || came.skipped > 0 {
                            punctuality.woke(Instant::now(), came.late, came.skipped);
                        }
                        let due = Due::at(self.clock.now(), woke);
                        return Some(due.with_deadline(came, has_slept));
                    }
                    system.sleep();
                    has_slept = true;
                }
                Pace::Simulated(simulated) => {
                    let now = self.clock.now();
                    if !now.is_unset() && simulated.ticks.due(now).is_some() {
                        return Some(Due::at(now, woke));
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
                        return Some(Due::at(now, woke));
                    }
                    thread::park_timeout(LONGEST_WAIT);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
