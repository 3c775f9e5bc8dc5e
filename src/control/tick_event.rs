//! What the control thread records of a tick for a timeline.

use std::time::Instant;

use super::Decision;
use crate::realtime::Monotonic;
use crate::spec::{MAX_MODALITIES, PolicySpec};
use crate::trace::{Decided, Recorder, TickRecord, Timebase};

/// By modality, when the feature was made that a command rests on.
pub type RestsOn = [Option<Instant>; MAX_MODALITIES];

/// One tick.
#[derive(Clone, Copy, Debug)]
pub struct TickEvent {
    /// Ticks of the control thread before it, and one.
    pub number: u64,
    /// Which policy decided, of those that are traced.
    pub policy: u32,
    /// When it was due; `None` where the simulator says so.
    pub deadline: Option<Monotonic>,
    /// Whether the thread slept until then.
    pub slept: bool,
    /// Later deadlines that had passed as well.
    pub skipped: u64,
    /// When the thread woke.
    pub woke: Monotonic,
    /// When it had decided.
    pub decided: Monotonic,
    /// When the command was on its way.
    pub done: Monotonic,
    /// What it decided.
    pub decision: Decision,
    /// Whether the command could be sent.
    pub sent: bool,
    /// What the command rests on.
    pub rests_on: RestsOn,
}

impl TickEvent {
    /// The same for whoever reads it elsewhere, with the names of the policy that decided.
    pub fn record(&self, spec: &PolicySpec, timebase: &Timebase) -> TickRecord {
        let (decision, reason, limited) = match self.decision {
            Decision::Act { limited } => (Decided::Act, None, limited),
            Decision::Stop(reason) => (Decided::Stop, Some(reason), 0),
            Decision::Silent(reason) => (Decided::Silent, Some(reason), 0),
        };
        let count = self.rests_on.iter().rposition(Option::is_some);
        let rests_on = &self.rests_on[..count.map_or(0, |last| last + 1)];
        TickRecord {
            number: self.number,
            policy: self.policy,
            deadline_ns: self.deadline.map(Monotonic::nanos),
            slept: self.slept,
            skipped: self.skipped,
            woke_ns: self.woke.nanos(),
            decided_ns: self.decided.nanos(),
            done_ns: self.done.nanos(),
            decision,
            reason: reason.map(|reason| reason.describe(spec).to_string()),
            limited,
            sent: self.sent,
            rests_on_ns: rests_on
                .iter()
                .map(|made| made.map_or(0, |at| timebase.nanos(at)))
                .collect(),
        }
    }
}

/// Counts the ticks of the control thread, and records them while somebody looks.
pub struct TickRecorder {
    recorder: Recorder<TickEvent>,
    ticks: u64,
}

impl TickRecorder {
    /// Of no ticks yet.
    pub fn new(recorder: Recorder<TickEvent>) -> Self {
        Self { recorder, ticks: 0 }
    }

    /// What time it is, while somebody looks.
    pub fn now(&self) -> Option<Monotonic> {
        self.recorder.is_on().then(Monotonic::now)
    }

    /// Counts a tick; `event` makes what is recorded of it from its number, where anything is.
    pub fn count(&mut self, event: impl FnOnce(u64) -> Option<TickEvent>) {
        self.ticks += 1;
        if self.recorder.is_on()
            && let Some(event) = event(self.ticks)
        {
            self.recorder.record(event);
        }
    }
}
