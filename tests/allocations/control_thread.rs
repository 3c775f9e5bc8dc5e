//! The control thread itself, while what it does is traced: ticks, a ring that is full, another policy that takes over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use late_fusion::clock::Clock;
use late_fusion::control::{
    ControlLoop, ControlThread, Ends, Features, Measured, Pace, PolicyExecutor, TickRecorder,
    Tracing, Waker, commanded_slot,
};
use late_fusion::message::{Carried, CommandSet, Timing};
use late_fusion::modality::FeatureWriter;
use late_fusion::realtime::Realtime;
use late_fusion::safety::{CommandSink, stop_action_slot};
use late_fusion::shutdown::Shutdown;
use late_fusion::trace::Record;

use super::*;

/// Ticks that may still allocate.
const WARM_UP: u64 = 50;

/// Counts what the thread allocates from one command to the next.
#[derive(Clone, Default)]
struct Counted {
    commands: Arc<AtomicU64>,
    allocations: Arc<AtomicU64>,
    before: u64,
}

impl CommandSink for Counted {
    fn send(&mut self, _: usize, _: &[u8]) -> bool {
        let now = ALLOCATIONS.with(Cell::get);
        if self.commands.fetch_add(1, Relaxed) > WARM_UP {
            self.allocations.fetch_add(now - self.before, Relaxed);
        }
        self.before = now;
        true
    }
}

fn executor(tracing: &Tracing) -> (PolicyExecutor, FeatureWriter) {
    let policy = policy(None);
    let traced = tracing.policy(policy.spec());
    let (writer, reader) = feature_slot(PROJECTED);
    let templates = CommandSet::new(
        &["speed"],
        &[Carried {
            place: "action",
            message: MessageType::JointTrajectory,
            fields: &BTreeMap::new(),
        }],
    )
    .unwrap()
    .templates([Timing {
        frame_id: "base",
        points: 3,
        ..Timing::every(PERIOD_S)
    }]);
    let ends = Ends {
        features: Features::new(vec![reader]),
        measured: Measured::default(),
        awaited: vec![Some(0)],
        templates,
        stop_actions: stop_action_slot(1).0,
        reports: triple_buffer::triple_buffer(&TickMeter::new().report()).0,
        snapshots: None,
        commanded: commanded_slot(1).0,
    };
    let executor = PolicyExecutor::new(controller(policy, Ensemble::None), ends);
    (executor.traced_as(traced), writer)
}

#[test]
fn a_control_thread_that_is_traced_allocates_nothing() {
    let (tracing, mut collector) = Tracing::new();
    let (first, mut writer) = executor(&tracing);
    let (mut sender, candidates) = handover();
    let counted = Counted::default();
    let control = ControlLoop {
        executor: Box::new(first),
        candidates,
        sink: counted.clone(),
        pace: Pace::new(4000.0, false, false),
        clock: Clock::System,
        heartbeat: Arc::default(),
        permission: Arc::default(),
        realtime: Realtime::default(),
        trace: TickRecorder::new(tracing.control()),
    };
    collector.collect(Instant::now(), true);
    let control = ControlThread::start(control, &Waker::default(), &Shutdown::default()).unwrap();
    control.activate();
    let drive =
        |writer: &mut FeatureWriter, commands: u64, mut meanwhile: Box<dyn FnMut() + '_>| {
            let until = counted.commands.load(Relaxed) + commands;
            while counted.commands.load(Relaxed) < until {
                let mut feature = fresh(Clock::System.now());
                feature.made = Some(Instant::now());
                writer.write(feature);
                meanwhile();
                std::thread::sleep(Duration::from_millis(1));
            }
        };
    let mut records = Vec::new();
    let mut lost = 0;
    let mut now = Instant::now();
    let mut look = || {
        now += Duration::from_millis(200);
        if let Some(batch) = collector.collect(now, true) {
            lost += batch.lost;
            records.extend(batch.records);
        }
    };
    drive(&mut writer, 500, Box::new(&mut look));
    let (second, mut next) = executor(&tracing);
    next.write(fresh(Clock::System.now()));
    sender.offer(Box::new(second));
    drive(&mut next, 500, Box::new(&mut look));
    assert!(matches!(sender.returned(), Some(Returned::Previous(_))));
    // Nobody empties the ring.
    drive(&mut next, 3000, Box::new(|| {}));
    drop(control);
    look();
    assert_eq!(counted.allocations.load(Relaxed), 0);
    let ticks: Vec<_> = records
        .iter()
        .filter_map(|record| match record {
            Record::Tick(tick) => Some((tick.number, tick.policy)),
            Record::Message(_) | Record::StandIn(_) => None,
        })
        .collect();
    assert!(lost > 500, "{lost}");
    assert!(ticks.is_sorted_by(|a, b| a.0 < b.0));
    let recorded = ticks.len() as u64 + lost;
    assert!(recorded >= counted.commands.load(Relaxed), "{recorded}");
    assert_eq!(ticks.iter().map(|tick| tick.1).max(), Some(2));
}
