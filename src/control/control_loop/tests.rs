//! The loop without ROS: what leaves when it starts, hands over, ends in good order and ends in a panic.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use super::*;
use crate::chunk::Ensemble;
use crate::control::{
    Controller, Ends, Features, Freshness, Measured, TickMeter, commanded_slot, handover,
};
use crate::message::{Carried, CommandSet, MessageType, Timing};
use crate::modality::{Epoch, FeatureWriter, ProjectedFeature, feature_slot};
use crate::policy::Policy;
use crate::safety::{Guard, Limit, stop_action_slot};
use crate::shutdown::Cause;
use crate::spec::{ActionSpec, FusionSpec, Weights, examples};
use crate::trace::Recorder;

mod rest;
mod swap;

/// Ample for a thread to get its turn; nothing waits this long where all is well.
const PATIENCE: Duration = Duration::from_secs(20);

const STOP: f64 = 0.25;

/// Gives the single number of each command to the test; the `panics_at`-th one panics.
struct Sink {
    commands: Sender<f64>,
    panics_at: Option<usize>,
    sent: usize,
}

impl CommandSink for Sink {
    fn send(&mut self, _: usize, message: &[u8]) -> bool {
        self.sent += 1;
        assert_ne!(Some(self.sent), self.panics_at, "as the test wants it");
        let number = message.last_chunk().copied().map(f64::from_le_bytes);
        self.commands.send(number.unwrap()).is_ok()
    }
}

/// An executor whose action is its two features' sum, changing by so much per second at most, and where the features are
/// written.
fn executor(required: bool, max_rate: Option<f64>) -> (Box<PolicyExecutor>, [FeatureWriter; 2]) {
    executor_that_stops(required, max_rate, false)
}

/// The same, whose stops are ramped or not.
fn executor_that_stops(
    required: bool,
    max_rate: Option<f64>,
    ramps: bool,
) -> (Box<PolicyExecutor>, [FeatureWriter; 2]) {
    let speed = ActionSpec {
        stop: STOP.into(),
        ..examples::action("speed", 1.0)
    };
    let spec = examples::policy(
        ["camera", "joints"]
            .map(|name| examples::vector(name, ["x"]))
            .into(),
        FusionSpec::Concat,
        vec![speed],
    );
    let mut weights = Weights::default();
    for name in ["camera", "joints"] {
        weights.insert(format!("standardize.{name}.mean"), vec![1], vec![0.0]);
        weights.insert(format!("standardize.{name}.std"), vec![1], vec![1.0]);
    }
    weights.insert("head.0.weight", vec![1, 2], vec![1.0, 1.0]);
    weights.insert("head.0.bias", vec![1], vec![0.0]);
    weights.insert("action.mean", vec![1], vec![0.0]);
    weights.insert("action.std", vec![1], vec![1.0]);
    let limit = Limit {
        max_rate,
        ..Limit::from(&spec.actions[0])
    };
    let policy = Policy::build(spec, Path::new(""), &weights).unwrap();
    let freshness = Freshness {
        required,
        max_age_s: None,
        max_future_s: f64::INFINITY,
        ends_with_epoch: false,
    };
    let controller = Controller::new(
        policy,
        Guard::new(vec![limit]).with_ramp(ramps),
        vec![freshness.clone(), freshness],
        Ensemble::None,
        0.01,
    );
    let (writers, features): (Vec<_>, Vec<_>) = (0..2).map(|_| feature_slot(1)).unzip();
    let templates = CommandSet::new(
        &["speed"],
        &[Carried {
            place: "action",
            message: MessageType::Float64MultiArray,
            fields: &BTreeMap::new(),
        }],
    )
    .unwrap()
    .templates([Timing::every(0.01)]);
    let ends = Ends {
        features: Features::new(features),
        measured: Measured::default(),
        awaited: vec![Some(0); 2],
        templates,
        stop_actions: stop_action_slot(1).0,
        reports: triple_buffer::triple_buffer(&TickMeter::new().report()).0,
        snapshots: None,
        commanded: commanded_slot(1).0,
    };
    let executor = Box::new(PolicyExecutor::new(controller, ends));
    let writers = writers.try_into().ok().unwrap();
    (executor, writers)
}

fn feature(stamp: i64, value: Option<f32>) -> ProjectedFeature {
    ProjectedFeature {
        epoch: Epoch::default(),
        made: None,
        stamp: Stamp::from_nanos(stamp),
        received: Stamp::default(),
        fault: None,
        present: value.is_some(),
        values: vec![value.unwrap_or(0.0)].into(),
    }
}

/// A running loop and what there is to see of it.
struct Bench {
    control: ControlThread,
    writers: [FeatureWriter; 2],
    commands: Receiver<f64>,
    waker: Waker,
    shutdown: Shutdown,
    heartbeat: Arc<Heartbeat>,
    permission: Arc<Permission>,
}

impl Bench {
    fn start(pace: Pace, panics_at: Option<usize>) -> Self {
        Self::with_max_rate(None, pace, panics_at)
    }

    fn with_max_rate(max_rate: Option<f64>, pace: Pace, panics_at: Option<usize>) -> Self {
        Self::with(executor(true, max_rate), pace, panics_at)
    }

    fn with(
        driven: (Box<PolicyExecutor>, [FeatureWriter; 2]),
        pace: Pace,
        panics_at: Option<usize>,
    ) -> Self {
        Self::of(driven, handover().1, pace, panics_at)
    }

    fn of(
        (executor, writers): (Box<PolicyExecutor>, [FeatureWriter; 2]),
        candidates: HandoverReceiver<PolicyExecutor>,
        pace: Pace,
        panics_at: Option<usize>,
    ) -> Self {
        let (commands, received) = mpsc::channel();
        let sink = Sink {
            commands,
            panics_at,
            sent: 0,
        };
        let heartbeat = Arc::<Heartbeat>::default();
        let permission = Arc::<Permission>::default();
        let control = ControlLoop {
            executor,
            candidates,
            sink,
            pace,
            clock: Clock::System,
            heartbeat: heartbeat.clone(),
            permission: permission.clone(),
            realtime: Realtime::default(),
            trace: TickRecorder::new(Recorder::unheard()),
        };
        let (waker, shutdown) = (Waker::default(), Shutdown::default());
        let control = ControlThread::start(control, &waker, &shutdown).unwrap();
        control.activate();
        Self {
            control,
            writers,
            commands: received,
            waker,
            shutdown,
            heartbeat,
            permission,
        }
    }

    fn observe(&mut self, stamp: i64, camera: Option<f32>, joints: Option<f32>) {
        for (writer, value) in self.writers.iter_mut().zip([camera, joints]) {
            writer.write(feature(stamp, value));
            self.waker.wake();
        }
    }

    fn next(&self) -> f64 {
        self.commands.recv_timeout(PATIENCE).unwrap()
    }
}

fn fast() -> Pace {
    Pace::new(1000.0, false, false)
}

#[test]
fn the_end_is_the_stop_action_and_nothing_where_nothing_ever_left() {
    let bench = Bench::start(fast(), None);
    drop(bench.control);
    assert_eq!(bench.commands.try_iter().count(), 0);
    assert!(bench.heartbeat.has_ended());

    let mut bench = Bench::start(fast(), None);
    bench.observe(1, Some(0.5), Some(0.125));
    assert_eq!(bench.next(), 0.625);
    drop(bench.control);
    assert_eq!(bench.commands.try_iter().last(), Some(STOP));
    assert!(!bench.shutdown.is_requested());
}

#[test]
fn a_main_that_panics_sends_the_stop_action_while_it_unwinds() {
    let mut bench = Bench::start(fast(), None);
    bench.observe(1, Some(0.5), Some(0.125));
    bench.next();
    let control = bench.control;
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _control = control;
        panic!("as the test wants it");
    }));
    assert!(unwound.is_err());
    assert_eq!(bench.commands.try_iter().last(), Some(STOP));
}

#[test]
fn a_control_thread_that_panics_asks_the_node_to_end_and_the_supervisor_to_stop() {
    let mut bench = Bench::start(fast(), Some(3));
    bench.observe(1, Some(0.5), Some(0.125));
    let until = Instant::now() + PATIENCE;
    while !bench.shutdown.is_requested() && Instant::now() < until {
        thread::sleep(Duration::from_millis(1));
    }
    let Some(Cause::Failed(why)) = bench.shutdown.cause() else {
        panic!("{:?}", bench.shutdown)
    };
    assert!(
        why.contains("control") && why.contains("as the test wants it"),
        "{why}"
    );
    assert!(bench.heartbeat.has_ended());
    assert!(bench.heartbeat.silence(Instant::now()).is_some());
}

#[test]
fn in_lockstep_every_observation_is_answered_once_also_one_that_shows_nothing() {
    let mut bench = Bench::start(Pace::new(100.0, true, true), None);
    bench.observe(1, Some(0.5), Some(0.125));
    assert_eq!(bench.next(), 0.625);
    // A covered lens: the picture came, and shows nothing.
    bench.observe(2, None, Some(0.125));
    assert_eq!(bench.next(), STOP);
    bench.observe(3, Some(-0.5), Some(0.125));
    assert_eq!(bench.next(), -0.375);
    drop(bench.control);
    assert_eq!(bench.commands.try_iter().collect::<Vec<_>>(), [STOP]);
}

#[test]
fn an_observation_in_parts_waits_for_all_of_them() {
    let mut bench = Bench::start(Pace::new(100.0, true, true), None);
    for first in [0, 1] {
        let stamp = 10 + first as i64;
        bench.writers[first].write(feature(stamp, Some(0.5)));
        bench.waker.wake();
        bench.writers[1 - first].write(feature(stamp, Some(-0.25)));
        bench.waker.wake();
        assert_eq!(bench.next(), 0.25);
    }
    drop(bench.control);
    assert_eq!(bench.commands.try_iter().collect::<Vec<_>>(), [STOP]);
}

#[test]
fn what_was_withdrawn_and_given_again_between_two_ticks_is_one_stop() {
    let mut bench = Bench::start(Pace::new(100.0, true, true), None);
    bench.permission.enable(false);
    bench.permission.enable(true);
    bench.observe(1, Some(0.5), Some(0.125));
    assert_eq!(
        bench.next(),
        0.625,
        "before the first command it is silence"
    );
    bench.permission.enable(false);
    bench.permission.enable(true);
    bench.observe(2, Some(0.5), Some(0.125));
    assert_eq!(bench.next(), STOP);
    bench.permission.enable(false);
    for stamp in [3, 4] {
        bench.observe(stamp, Some(0.5), Some(0.125));
        assert_eq!(bench.next(), STOP);
    }
    bench.permission.enable(true);
    bench.observe(5, Some(0.5), Some(0.125));
    assert_eq!(bench.next(), 0.625);
}

#[test]
fn a_robot_that_must_not_move_gets_no_command_before_its_first() {
    let mut bench = Bench::start(Pace::new(100.0, true, true), None);
    bench.permission.enable(false);
    bench.observe(1, Some(0.5), Some(0.125));
    thread::sleep(3 * LONGEST_WAIT);
    assert_eq!(bench.commands.try_iter().count(), 0);
    bench.permission.enable(true);
    assert_eq!(bench.next(), 0.625, "its observation still waits");
}

#[test]
fn limits_start_from_the_stop_action_where_the_supervisor_has_sent_it() {
    let mut bench = Bench::with_max_rate(Some(10.0), Pace::new(100.0, true, true), None);
    let mut stamps = (1..).map(|tick| tick * 10_000_000);
    let mut next = |bench: &mut Bench| {
        bench.observe(stamps.next().unwrap(), Some(0.5), Some(0.125));
        (bench.next() * 1000.0).round()
    };
    let first: Vec<f64> = (0..4).map(|_| next(&mut bench)).collect();
    assert_eq!(first, [350.0, 450.0, 550.0, 625.0]);
    bench.heartbeat.stand_in();
    let then: Vec<f64> = (0..2).map(|_| next(&mut bench)).collect();
    assert_eq!(then, [350.0, 450.0]);
    bench.permission.enable(false);
    assert_eq!(next(&mut bench), STOP * 1000.0);
    bench.permission.enable(true);
    assert_eq!(next(&mut bench), 350.0);
}
