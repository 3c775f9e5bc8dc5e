//! What a worker records of a message for a timeline.

use std::time::Instant;

use super::Stages;
use crate::trace::{MessageRecord, Outcome, Timebase};

/// One message and where its time went.
#[derive(Clone, Copy, Debug)]
pub struct MessageEvent {
    /// When the worker took it.
    pub taken: Instant,
    /// How long every stage took.
    pub stages: Stages,
    /// When the encoder was done with it, where it could be encoded.
    pub encoded: Option<Instant>,
    /// When its feature was made, where one was left for the control thread.
    pub made: Option<Instant>,
    /// What became of it.
    pub outcome: Outcome,
}

impl MessageEvent {
    /// The same for whoever reads it elsewhere: a message of a modality of a policy.
    pub fn record(&self, policy: u32, modality: usize, timebase: &Timebase) -> MessageRecord {
        let taken_ns = timebase.nanos(self.taken);
        let nanos = |duration: std::time::Duration| duration.as_nanos() as u64;
        let entered_ns = self.stages.prepare.map(|prepare| taken_ns + nanos(prepare));
        let done_ns = entered_ns.unwrap_or(taken_ns) + nanos(self.stages.encode);
        MessageRecord {
            policy,
            modality,
            transport_ns: self.stages.transport.map(nanos),
            arrived_ns: taken_ns.saturating_sub(nanos(self.stages.wait)),
            taken_ns,
            entered_ns,
            encoded_ns: self.encoded.map_or(done_ns, |at| timebase.nanos(at)),
            done_ns,
            made_ns: self.made.map(|at| timebase.nanos(at)),
            outcome: self.outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_message_is_told_by_when_it_entered_every_stage() {
        let (timebase, arrived) = (Timebase::new(), Instant::now());
        let (taken, entered) = (arrived + 2 * MS, arrived + 5 * MS);
        let (encoded, done) = (arrived + 8 * MS, arrived + 9 * MS);
        let mut event = MessageEvent {
            taken,
            stages: Stages::new(Some(MS), arrived, taken, Some(entered), done),
            encoded: Some(encoded),
            made: Some(done - MS / 2),
            outcome: Outcome::Feature,
        };
        let record = event.record(3, 1, &timebase);
        let after = |ns: u64| Duration::from_nanos(ns - timebase.nanos(arrived));
        assert_eq!((record.policy, record.modality), (3, 1));
        assert_eq!(record.transport_ns, Some(1_000_000));
        assert_eq!(after(record.arrived_ns), Duration::ZERO);
        assert_eq!(after(record.taken_ns), 2 * MS);
        assert_eq!(record.entered_ns.map(after), Some(5 * MS));
        assert_eq!(after(record.encoded_ns), 8 * MS);
        assert_eq!(record.made_ns.map(after), Some(17 * MS / 2));
        assert_eq!(after(record.done_ns), 9 * MS);
        // A message that was dropped before any model ran.
        event.stages = Stages::new(None, arrived, taken, None, done);
        (event.encoded, event.made) = (None, None);
        let record = event.record(3, 1, &timebase);
        assert_eq!((record.entered_ns, record.made_ns), (None, None));
        assert_eq!(after(record.encoded_ns), 9 * MS);
    }
}
