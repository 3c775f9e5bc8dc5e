//! A second pair of eyes: stops the robot when the control thread cannot.
//!
//! A robot that moved keeps its last command until the next one comes. So from the first command on, whenever none will
//! come any more (the control thread has ended, by a panic or with the node, or the process is being aborted), none has
//! come for too long (it hangs, or gets no processor), or the robot may not be moved any more and the control thread does
//! not say so (simulated time stands still), the stop action leaves through a publisher of the supervisor's own, again and
//! again, until commands come again or the process is gone. A node that is deactivated is silent on purpose: its stop
//! action is repeated for a moment, and then nothing leaves.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{CommandSink, Heartbeat, Permission, StopActionReader};
use crate::clock::Clock;
use crate::errors::ConfigErrors;
use crate::message::CommandTemplates;
use crate::realtime::{Monotonic, Realtime, is_aborting};
use crate::shutdown::Shutdown;
use crate::trace::{Recorder, StandInCause, StandInRecord};

/// How often is looked at most and at least, and so how often the stop action is repeated.
const LOOK_EVERY: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(10);

/// How long a control thread may be silent while the robot may not be moved, where its time may stand still.
const LONGEST_WITHHELD: Duration = Duration::from_millis(100);

/// How long the stop action is repeated at the end, and when the node is deactivated, so that the middleware can carry it
/// out of the process.
const LAST_WORD: Duration = Duration::from_millis(100);

/// How long a ramped stop may hold up the end of the node, and its deactivation.
pub const LONGEST_RAMP: Duration = Duration::from_secs(1);

/// How long the control thread may be silent before it comes to rest or ends, on any clock: it looks every 20 ms.
const LONGEST_CALL: Duration = Duration::from_millis(100);

/// The command that stops the robot while a policy drives it.
pub struct StopCommand {
    /// How its messages are laid out.
    pub templates: CommandTemplates,
    /// The newest stop action that the control thread left. What holds a position follows the robot, so it is another with
    /// every command.
    pub actions: StopActionReader,
}

/// How long the control thread may be silent while it drives, with the system's clock; simulated time may stand still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience(Option<Duration>);

impl Patience {
    /// Three periods, and no less than `least`: without a priority of its own the control thread of a machine that is busy
    /// for a moment is no reason to stop a robot.
    pub fn periods(period: Duration, least: Duration) -> Self {
        Self(Some((3 * period).max(least)))
    }

    /// For ever: only that the control thread ends, or does not come to rest when it should, counts, and that the robot may
    /// not be moved.
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// How long it may be silent, where that is limited.
    pub fn limit(self) -> Option<Duration> {
        self.0
    }

    /// How long it may be silent while the robot may not be moved, whose time never stands still.
    fn while_withheld(self) -> Duration {
        self.0.unwrap_or(LONGEST_WITHHELD)
    }

    /// How often the supervisor looks: so often that what it adds to the silence is a part of it.
    fn look_every(self) -> Duration {
        let often = self.while_withheld() / 3;
        often.clamp(*LOOK_EVERY.start(), *LOOK_EVERY.end())
    }
}

/// What the supervisor watches over, and by what.
pub struct Watched {
    /// What the control thread says of itself.
    pub heartbeat: Arc<Heartbeat>,
    /// Whether the robot may be moved.
    pub permission: Arc<Permission>,
    /// The node's clock, for the stamps of commands.
    pub clock: Clock,
    /// How long the control thread may be silent.
    pub patience: Patience,
    /// What the control thread asks of the kernel.
    pub realtime: Realtime,
    /// Where every stop action is recorded, while somebody looks.
    pub trace: Recorder<StandInRecord>,
}

/// The running supervisor.
pub struct Supervisor {
    stop_commands: Sender<StopCommand>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Starts its thread. If it panics, `shutdown` is requested: nobody would stop the robot any more where the control
    /// thread cannot.
    ///
    /// # Errors
    /// What the system says when it gives no thread.
    pub fn start(
        sink: impl CommandSink,
        stop: StopCommand,
        watched: Watched,
        shutdown: &Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let (stop_commands, successors) = mpsc::channel();
        let ending = Arc::<AtomicBool>::default();
        let watch = Watch {
            sink,
            stop,
            successors,
            candidate: None,
            watched,
            is_stopping: false,
            called_since: None,
            resting_since: None,
        };
        let work = {
            let ending = ending.clone();
            move || {
                watch.watched.realtime.apply_to_its_supervisor();
                watch.run(&ending);
            }
        };
        let thread = shutdown
            .spawn("supervisor", work)
            .map_err(|e| format!("the supervisor cannot start: {e}"))?;
        Ok(Self {
            stop_commands,
            ending,
            thread: Some(thread),
        })
    }

    /// Where the stop commands of policies go that may take over: before they do, for each counts from its first command on.
    pub fn stop_commands(&self) -> Sender<StopCommand> {
        self.stop_commands.clone()
    }
}

/// Repeats the stop action for a last moment, where the robot was ever moved and the control thread has ended.
impl Drop for Supervisor {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // A panic is caught where the thread was started.
            let _ = thread.join();
        }
    }
}

struct Watch<S> {
    sink: S,
    stop: StopCommand,
    successors: Receiver<StopCommand>,
    /// The stop command of a policy that has commanded nothing yet.
    candidate: Option<StopCommand>,
    watched: Watched,
    is_stopping: bool,
    /// Since when the control thread is to come to rest.
    called_since: Option<Instant>,
    /// Since when the control thread rests, while the stop action is still repeated.
    resting_since: Option<Instant>,
}

impl<S: CommandSink> Watch<S> {
    fn run(mut self, ending: &AtomicBool) {
        let every = self.watched.patience.look_every();
        while !ending.load(Ordering::Acquire) {
            self.look(Instant::now());
            std::thread::sleep(every);
        }
        let until = Instant::now() + LAST_WORD;
        while self.look(Instant::now()) && Instant::now() < until {
            std::thread::sleep(every);
        }
    }

    /// Sends the stop action where it is needed, and says whether it was.
    fn look(&mut self, now: Instant) -> bool {
        self.candidate = self.successors.try_iter().last().or(self.candidate.take());
        if let Some(successor) = self
            .candidate
            .take_if(|candidate| candidate.actions.update())
        {
            self.stop = successor;
        }
        let has_ended = self.watched.heartbeat.has_ended() || is_aborting();
        if self.watched.heartbeat.is_resting() && !has_ended {
            return self.let_rest(now);
        }
        self.resting_since = None;
        let is_called = self.watched.heartbeat.is_called_to_rest();
        let Some(silence) = self.watched.heartbeat.silence(now) else {
            self.called_since = None;
            return false;
        };
        self.called_since = is_called.then(|| self.called_since.unwrap_or(now));
        let is_slow = self.called_since.is_some_and(|since| {
            // While it goes down a ramp its commands leave.
            let allowed = match silence > LONGEST_CALL {
                true => LONGEST_CALL,
                false => LONGEST_RAMP + LONGEST_CALL,
            };
            now.saturating_duration_since(since) > allowed
        });
        let is_late = is_slow
            || self
                .watched
                .patience
                .0
                .is_some_and(|patience| silence > patience);
        let is_gone = has_ended || is_late;
        let cause = match (has_ended, is_late) {
            (true, _) => Some(StandInCause::Ended),
            (false, true) => Some(StandInCause::Silent),
            (false, false) => self
                .must_not_move(now, silence)
                .then_some(StandInCause::Withheld),
        };
        if let Some(cause) = cause {
            self.stand_in(cause);
        }
        if is_late && !has_ended && !self.is_stopping {
            log::error!(
                "no command has left for {:.0} ms: the control thread hangs or gets no processor; the supervisor sends \
                 the stop action",
                silence.as_secs_f64() * 1e3
            );
        } else if self.is_stopping && !is_gone {
            log::warn!("commands leave again");
        }
        self.is_stopping = is_gone;
        cause.is_some()
    }

    /// Repeats the stop action for a moment after the control thread has come to rest, where a command had ever left, and
    /// then falls silent. Says whether it sent.
    fn let_rest(&mut self, now: Instant) -> bool {
        (self.is_stopping, self.called_since) = (false, None);
        let since = *self.resting_since.get_or_insert(now);
        let is_over = now.saturating_duration_since(since) >= LAST_WORD;
        if is_over || self.watched.heartbeat.silence(now).is_none() {
            self.resting_since = None;
            self.watched.heartbeat.fall_silent();
            return false;
        }
        self.stand_in(StandInCause::AtRest);
        true
    }

    /// Whether the robot may not be moved and the control thread does not say so: in an emergency it is not waited for, and
    /// otherwise it is given its time, for it may stop the robot more gently.
    fn must_not_move(&self, now: Instant, silence: Duration) -> bool {
        self.watched
            .permission
            .withheld(now)
            .is_some_and(|withheld| {
                let is_urgent = withheld.is_emergency() && !self.watched.heartbeat.is_emergency();
                is_urgent || silence > self.watched.patience.while_withheld()
            })
    }

    /// Sends the stop action.
    fn stand_in(&mut self, cause: StandInCause) {
        let decided = Monotonic::now();
        // Before the message: a control thread that goes on must not take what it commanded last for what the robot does.
        self.watched.heartbeat.stand_in();
        let action = self.stop.actions.read();
        // It was left before the first command; whatever else may be wrong, no such number leaves.
        let is_finite = action.iter().all(|number| number.is_finite());
        let (sink, stamp) = (&mut self.sink, self.watched.clock.now());
        // Where this fails as well nothing is left to try.
        let sent = is_finite
            && (self.stop.templates)
                .send_all(stamp, action, |topic, message| sink.send(topic, message));
        self.watched.trace.record(StandInRecord {
            decided_ns: decided.nanos(),
            done_ns: Monotonic::now().nanos(),
            cause,
            sent,
        });
    }
}

#[cfg(test)]
mod tests;
