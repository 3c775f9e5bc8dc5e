//! Why the node drives or does not, as the status, the log and people are told.

use std::time::Duration;

use super::StatusSource;
use crate::clock::Clock;
use crate::control::{Decision, State, StopReason};
use crate::display::Activity;
use crate::message::Level;

/// What is said of a command that could not be published.
pub const UNSENT: &str = "the command could not be published; is the ROS middleware still working?";

/// What makes the control loop tick.
#[derive(Clone, Copy)]
pub enum TickSource {
    /// The time of the machine.
    SystemClock,
    /// The time on `/clock`.
    SimulatedClock,
    /// In lockstep, each new observation.
    Observations,
}

/// Why it drives or does not. Reasons that differ in their numbers alone are one.
#[derive(Clone, Copy)]
pub enum Cause {
    /// It is active, and no tick was due yet.
    Starting,
    /// The node is in this state, in which it does not drive.
    NotActive(State),
    /// The policy drives.
    Active,
    /// Nothing was commanded yet, for this reason.
    Waiting(StopReason),
    /// The stop action is commanded, for this reason.
    Stopped(StopReason),
    /// The control loop has decided nothing for this long.
    Stalled(Duration),
    /// The last command could not be published.
    Unsent,
}

impl Cause {
    /// What came of a decision.
    pub fn of(decision: Decision) -> Self {
        match decision {
            Decision::Act { .. } => Self::Active,
            Decision::Silent(reason) => Self::Waiting(reason),
            Decision::Stop(reason) => Self::Stopped(reason),
        }
    }

    /// It in words, and how grave it is.
    pub fn said(
        self,
        source: &StatusSource,
        clock: &Clock,
        ticks_come_from: TickSource,
    ) -> (Level, String) {
        match self {
            Self::Starting => (Level::Stale, missing(source, clock)),
            Self::NotActive(state) => (Level::Ok, state.label().to_owned()),
            Self::Active => (Level::Ok, "active".to_owned()),
            Self::Waiting(reason) => {
                let words = source.explain(reason);
                (Level::Warn, format!("waiting: {words}"))
            }
            Self::Stopped(reason) => (Level::Error, source.explain(reason)),
            Self::Stalled(silence) => stalled(silence, ticks_come_from),
            Self::Unsent => (Level::Error, UNSENT.to_owned()),
        }
    }

    /// What the node does, for people.
    pub fn activity(self) -> Activity {
        match self {
            Self::NotActive(_) => Activity::Inactive,
            Self::Starting | Self::Waiting(_) => Activity::Waiting,
            Self::Active => Activity::Active,
            Self::Stopped(_) | Self::Stalled(_) | Self::Unsent => Activity::Stopped,
        }
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Waiting(a), Self::Waiting(b)) | (Self::Stopped(a), Self::Stopped(b)) => {
                a.same_cause(b)
            }
            (Self::NotActive(a), Self::NotActive(b)) => a == b,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}

/// A simulation may be paused; a control thread may not.
pub fn stalled(silence: Duration, ticks_come_from: TickSource) -> (Level, String) {
    let seconds = silence.as_secs_f64();
    match ticks_come_from {
        TickSource::SystemClock => (
            Level::Error,
            format!("the control loop has decided nothing for {seconds:.3} s"),
        ),
        TickSource::SimulatedClock => (
            Level::Stale,
            format!("/clock has stood still for {seconds:.1} s"),
        ),
        TickSource::Observations => (
            Level::Stale,
            format!("no new observation has been complete for {seconds:.1} s"),
        ),
    }
}

/// What keeps the first tick from being due.
pub fn missing(source: &StatusSource, clock: &Clock) -> String {
    if clock.now().is_unset() {
        return "waiting: no message on /clock".into();
    }
    let silent = source.silent();
    match silent.is_empty() {
        true => "starting".into(),
        false => format!("waiting: no message from {}", silent.join(", ")),
    }
}
