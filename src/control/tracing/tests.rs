//! What becomes of events from the rings to batches: while somebody looks, while nobody does, and when policies come and go.

use super::*;
use crate::control::{Decision, RestsOn, StopReason, TickRecorder};
use crate::realtime::Monotonic;
use crate::spec::{FusionSpec, examples};
use crate::trace::{Decided, Outcome, TickRecord};

fn spec(name: &str) -> PolicySpec {
    let spec = examples::policy(
        vec![examples::vector("joints", ["x"])],
        FusionSpec::Concat,
        vec![examples::action("speed", 1.0)],
    );
    PolicySpec {
        name: name.into(),
        ..spec
    }
}

fn tick(recorder: &mut TickRecorder, policy: u32, decision: Decision) {
    let made = recorder.now();
    recorder.count(|number| {
        Some(TickEvent {
            number,
            policy,
            deadline: None,
            slept: false,
            skipped: 0,
            woke: made?,
            decided: made?,
            done: Monotonic::now(),
            decision,
            sent: true,
            rests_on: RestsOn::default(),
        })
    });
}

fn message(recorder: &mut Recorder<MessageEvent>) {
    recorder.record(MessageEvent {
        taken: Instant::now(),
        stages: Default::default(),
        encoded: None,
        made: None,
        outcome: Outcome::Feature,
    });
}

fn ticks(batch: &Batch) -> Vec<&TickRecord> {
    let ticks = batch.records.iter().filter_map(|record| match record {
        Record::Tick(tick) => Some(tick),
        Record::Message(_) | Record::StandIn(_) => None,
    });
    ticks.collect()
}

const LOOK: Duration = Duration::from_millis(20);

#[test]
fn only_what_happens_while_somebody_listens_is_told_and_counted() {
    let (tracing, mut collector) = Tracing::new();
    let policy = tracing.policy(&spec("table"));
    let mut control = TickRecorder::new(tracing.control());
    let mut now = Instant::now();
    let act = Decision::Act { limited: 1 };
    for is_heard in [false, true, false, true] {
        let first = collector.collect(now, is_heard);
        // Whoever comes hears at once that somebody is there.
        assert_eq!(first.is_some(), is_heard);
        assert!(first.is_none_or(|batch| batch.records.is_empty()));
        let mut told = Vec::new();
        for _ in 0..50 {
            tick(&mut control, policy.id(), act);
            now += LOOK;
            told.extend(collector.collect(now, is_heard));
        }
        let numbers: Vec<u64> = told.iter().flat_map(ticks).map(|t| t.number).collect();
        let before: Vec<u64> = told.iter().map(|batch| batch.before).collect();
        match is_heard {
            false => assert_eq!(told, []),
            true => {
                let batches = told.len() as u64;
                assert_eq!(batches, 10, "every 100 ms");
                assert!(numbers.is_sorted_by(|a, b| a + 1 == *b), "{numbers:?}");
                assert_eq!(numbers.len(), 50);
                // What was not heard counts for nothing.
                let heard_before = if numbers[0] < 100 { 0 } else { 50 };
                assert_eq!(before[0], heard_before);
            }
        }
        now += LOOK;
    }
}

#[test]
fn a_full_ring_is_told_and_not_waited_for() {
    let (tracing, mut collector) = Tracing::new();
    let policy = tracing.policy(&spec("table"));
    let mut recorder = tracing.worker(&policy, 0);
    let now = Instant::now();
    collector.collect(now, true);
    (0..MESSAGES + 7).for_each(|_| message(&mut recorder));
    let batch = collector.collect(now + BATCH_EVERY, true).unwrap();
    assert_eq!((batch.records.len(), batch.lost), (MESSAGES, 7));
    message(&mut recorder);
    let next = collector.collect(now + 2 * BATCH_EVERY, true).unwrap();
    assert_eq!((next.before, next.lost), (batch.after(), 0));
    let nothing = now + 2 * BATCH_EVERY + EMPTY_BATCH_EVERY;
    assert_eq!(collector.collect(nothing - LOOK, true), None);
    let empty = collector.collect(nothing, true).unwrap();
    assert_eq!(empty.records.len(), 0, "it is still there");
}

#[test]
fn the_last_events_of_a_policy_that_is_swapped_out_bear_its_names() {
    let (tracing, mut collector) = Tracing::new();
    let mut control = TickRecorder::new(tracing.control());
    let now = Instant::now();
    collector.collect(now, true);
    for round in 1..=3 {
        let policy = tracing.policy(&spec(&format!("policy{round}")));
        let mut worker = tracing.worker(&policy, 0);
        let stop = Decision::Stop(StopReason::Absent { modality: 0 });
        tick(&mut control, policy.id(), stop);
        message(&mut worker);
        drop((policy, worker));
        let batch = collector.collect(now + round * BATCH_EVERY, true).unwrap();
        assert_eq!((batch.records.len(), batch.lost), (2, 0));
        let [tick] = ticks(&batch)[..] else {
            panic!("{batch:?}")
        };
        assert_eq!((tick.decision, tick.policy), (Decided::Stop, round));
        assert_eq!(tick.reason.as_deref(), Some("joints: absent"));
        let names = batch.policies.iter().map(|p| p.name.as_str());
        assert!(names.clone().any(|name| name == format!("policy{round}")));
        assert!(names.count() <= 2, "those before are forgotten");
    }
    // Nothing is kept for what is gone, whether somebody listens or not.
    collector.collect(now + 5 * BATCH_EVERY, false);
    assert!(collector.policies.is_empty() && collector.workers.is_empty());
    drop(control);
    collector.collect(now + 6 * BATCH_EVERY, false);
    assert!(collector.control.is_empty());
}
