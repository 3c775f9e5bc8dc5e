//! After its first ticks the control thread allocates and frees nothing: a tick and its command, and the exchange of one
//! policy for another, counted by the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use late_fusion::chunk::{Ensemble, Favor};
use late_fusion::contribution::Contributions;
use late_fusion::control::{
    CommandLatency, Controller, Decision, Freshness, Punctuality, Returned, StopReason, Tick,
    TickMeter, handover,
};
use late_fusion::message::{ActionMapping, FeatureTemplate, MessageType, PointTimes};
use late_fusion::modality::{ProjectedFeature, feature_slot};
use late_fusion::policy::Policy;
use late_fusion::safety::{Guard, Limit};
use late_fusion::spec::{
    ChunkSpec, FusionSpec, HeadSpec, ModalitySpec, PolicySpec, Weights, examples,
};
use late_fusion::time::Stamp;
use nalgebra::DVector;

#[path = "allocations/control_thread.rs"]
mod control_thread;
#[path = "allocations/movement.rs"]
mod movement;

/// The system's allocator, with a count per thread: the test harness has threads of its own.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed on unchanged; the count is a plain number of this thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: as this function was called.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: as this function was called.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WIDTH: usize = 64;
const PROJECTED: usize = 8;
const PERIOD_S: f64 = 0.025;

fn policy(chunk: Option<ChunkSpec>) -> Policy {
    let steps = chunk.map_or(1, |chunk| chunk.steps);
    let joints = ModalitySpec {
        projection: Some(PROJECTED),
        ..examples::vector("joints", (0..WIDTH).map(|i| format!("x{i}")))
    };
    let speed = examples::action("speed", 1.0);
    let spec = PolicySpec {
        head: HeadSpec::Mlp {
            hidden: vec![32],
            chunk,
        },
        ..examples::policy(vec![joints], FusionSpec::Concat, vec![speed])
    };
    let mut weights = Weights::default();
    for (name, shape) in [
        ("standardize.joints.mean", vec![WIDTH]),
        ("standardize.joints.std", vec![WIDTH]),
        ("projection.joints.weight", vec![PROJECTED, WIDTH]),
        ("projection.joints.bias", vec![8]),
        ("head.0.weight", vec![32, 8]),
        ("head.0.bias", vec![32]),
        ("head.1.weight", vec![steps, 32]),
        ("head.1.bias", vec![steps]),
        ("action.mean", vec![1]),
        ("action.std", vec![1]),
    ] {
        let values = vec![0.1; shape.iter().product()];
        weights.insert(name, shape, values);
    }
    Policy::build(spec, Path::new(""), &weights).unwrap()
}

fn controller(policy: Policy, ensemble: Ensemble) -> Controller {
    let limits = policy.spec().actions.iter().map(Limit::from).collect();
    let fresh = Freshness {
        required: true,
        max_age_s: Some(0.5),
        max_future_s: 0.1,
        ends_with_epoch: false,
    };
    let freshness = vec![fresh; policy.spec().modalities.len()];
    Controller::new(policy, Guard::new(limits), freshness, ensemble, PERIOD_S)
}

fn elapsed(now: Stamp) -> Duration {
    Duration::from_nanos(now.nanos() as u64)
}

/// A feature of this moment.
fn fresh(now: Stamp) -> ProjectedFeature {
    ProjectedFeature {
        epoch: Default::default(),
        stamp: now,
        received: now,
        fault: None,
        made: None,
        present: true,
        values: DVector::repeat(PROJECTED, 0.5),
    }
}

#[test]
fn a_tick_and_its_command_allocate_nothing() {
    let mapping = ActionMapping::new(
        "action",
        MessageType::JointTrajectory,
        &["speed"],
        &BTreeMap::new(),
    )
    .unwrap();
    let mut template = mapping.template("base", PointTimes::one(PERIOD_S));
    let mut controller = controller(policy(None), Ensemble::None);
    let (mut writer, mut reader) = feature_slot(PROJECTED);
    let mut meter = TickMeter::new();
    let mut punctuality = Punctuality::new(Duration::from_secs_f64(PERIOD_S));
    let mut latency = CommandLatency::new(1);
    let began = Instant::now();
    let mut action = [0.0];
    let mut counted = 0;
    let mut decisions = [0; 2];
    for tick in 0..200 {
        // Fresh for a while, then stale: acting and stopping are both counted.
        let now = Stamp::from_nanos(1_000_000_000 + tick * 25_000_000);
        if tick < 100 {
            writer.write(fresh(now));
        }
        let before = ALLOCATIONS.with(Cell::get);
        let Tick { decision, .. } = controller.tick(
            now,
            elapsed(now),
            std::iter::once(reader.read()),
            &mut action,
        );
        let command = template.encode(now, &action);
        assert!(!command.is_empty());
        // Five seconds in all, so that percentiles are computed as well.
        let sent = began + elapsed(Stamp::from_nanos(tick * 25_000_000));
        punctuality.woke(sent, Duration::from_micros(70), 0);
        punctuality.sent(sent, Duration::from_micros(20));
        assert!(punctuality.is_overrun(Duration::from_secs(1)));
        latency.count(sent, std::iter::once((Some(sent), tick < 100)));
        meter.count(sent, decision, true);
        if tick > 0 {
            counted += ALLOCATIONS.with(Cell::get) - before;
        }
        decisions[usize::from(matches!(decision, Decision::Stop(_)))] += 1;
    }
    assert_eq!(decisions, [120, 80]);
    assert_eq!(counted, 0);
}

#[test]
fn coming_to_rest_and_driving_again_allocates_nothing() {
    let mut controller = controller(policy(None), Ensemble::None);
    let (mut writer, mut reader) = feature_slot(PROJECTED);
    let mut meter = TickMeter::new();
    let mut action = [0.0];
    let mut counted = 0;
    for tick in 0..200 {
        let now = Stamp::from_nanos(1_000_000_000 + tick * 25_000_000);
        writer.write(fresh(now));
        let before = ALLOCATIONS.with(Cell::get);
        let features = std::iter::once(reader.read());
        controller.tick(now, elapsed(now), features, &mut action);
        assert!(controller.is_armed());
        if tick % 10 == 9 {
            let stop = controller.stop(elapsed(now), StopReason::Deactivated, &mut action);
            meter.count(Instant::now(), stop, true);
            controller.rest(&mut action);
            meter.pause();
            assert!(!controller.is_armed());
        }
        if tick > 0 {
            counted += ALLOCATIONS.with(Cell::get) - before;
        }
    }
    assert_eq!(counted, 0);
}

#[test]
fn a_feature_is_sent_without_allocating() {
    let mut template = FeatureTemplate::new("late_fusion/1/image/6ff7eab7/64/00");
    let feature = [0.5; WIDTH];
    for round in 0..4 {
        // The first message of a frame lays it out.
        let before = ALLOCATIONS.with(Cell::get);
        for values in [&feature[..], &[]] {
            let stamp = Stamp::from_nanos(round);
            assert!(!template.encode(stamp, "camera", values).is_empty());
        }
        let made = ALLOCATIONS.with(Cell::get) - before;
        assert_eq!(made > 0, round == 0, "round {round}: {made}");
    }
}

#[test]
fn a_policy_takes_over_without_an_allocation() {
    let (mut sender, mut receiver) = handover();
    let (mut writer, mut reader) = feature_slot(PROJECTED);
    let now = Stamp::from_nanos(1_000_000_000);
    writer.write(fresh(now));
    let mut present = Box::new(controller(policy(None), Ensemble::None));
    let mut action = [0.0];
    present.tick(
        now,
        elapsed(now),
        std::iter::once(reader.read()),
        &mut action,
    );
    for withdrawn in [false, true, false, false] {
        sender.offer(Box::new(controller(policy(None), Ensemble::None)));
        if withdrawn {
            sender.withdraw();
        }
        let before = ALLOCATIONS.with(Cell::get);
        if let Some(candidate) = receiver.pending() {
            let features = std::iter::once(reader.read());
            assert!(candidate.missing(now, features).next().is_none());
            candidate.succeed(&present);
        }
        let previous = receiver.take(&mut present);
        let Tick { decision, .. } = present.tick(
            now,
            elapsed(now),
            std::iter::once(reader.read()),
            &mut action,
        );
        if let Some(previous) = previous {
            receiver.give_back(previous);
        }
        assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0);
        assert!(matches!(decision, Decision::Act { .. }), "{decision:?}");
        let returned = sender.returned().unwrap();
        assert_eq!(matches!(returned, Returned::Withdrawn(_)), withdrawn);
    }
}

/// A policy of tests/reference, with tensors that nobody looks at here.
#[derive(serde::Deserialize)]
struct Vector {
    spec: PolicySpec,
    tensors: BTreeMap<String, Tensor>,
}

#[derive(serde::Deserialize)]
struct Tensor {
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// Every policy of tests/reference.
fn policies() -> Vec<Policy> {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("reference/vectors.json")).unwrap();
    assert!(vectors.len() > 30);
    let build = |vector: Vector| {
        let mut weights = Weights::default();
        for (name, tensor) in vector.tensors {
            weights.insert(name, tensor.shape, tensor.values);
        }
        Policy::build(vector.spec, Path::new(""), &weights).unwrap()
    };
    vectors.into_iter().map(build).collect()
}

const ENSEMBLES: [Ensemble; 3] = [
    Ensemble::None,
    Ensemble::Temporal {
        favor: Favor::Oldest,
        decay: 0.01,
    },
    Ensemble::Blend { blend_s: 5.0 },
];

/// Runs a controller for a minute and more, and returns how often it acted and stopped.
fn run(policy: Policy, ensemble: Ensemble) -> [usize; 2] {
    let name = policy.spec().name.clone();
    let projections = policy.projections().iter();
    let mut features: Vec<ProjectedFeature> = projections
        .map(|projection| ProjectedFeature::absent(projection.width()))
        .collect();
    let mut action = vec![0.0; policy.spec().actions.len()];
    let mut controller = controller(policy, ensemble);
    let mut decisions = [0; 2];
    for tick in 0..3000 {
        let now = Stamp::from_nanos(1_000_000_000 + tick * 25_000_000);
        // More chunks than there is room for, then some that are played, then silence and a stop; three times.
        let arrives = match tick % 1000 {
            0..800 => true,
            800..900 => tick % 4 == 0,
            _ => false,
        };
        for feature in features.iter_mut().filter(|_| arrives) {
            feature.stamp = now;
            feature.present = true;
        }
        let before = ALLOCATIONS.with(Cell::get);
        let Tick { decision, .. } =
            controller.tick(now, elapsed(now), features.iter(), &mut action);
        let made = ALLOCATIONS.with(Cell::get) - before;
        assert!(tick == 0 || made == 0, "{name}, {ensemble}: {made}");
        decisions[usize::from(matches!(decision, Decision::Stop(_)))] += 1;
    }
    decisions
}

#[test]
fn chunks_are_predicted_played_and_forgotten_without_an_allocation() {
    let long = ChunkSpec {
        steps: 256,
        step_s: PERIOD_S,
    };
    for ensemble in ENSEMBLES {
        let chunked = policies().into_iter().filter(|policy| policy.steps() > 1);
        let chunked: Vec<Policy> = chunked.chain([policy(Some(long))]).collect();
        assert!(chunked.len() > 1);
        for policy in chunked {
            assert_eq!(run(policy, ensemble), [2751, 249], "{ensemble}");
        }
    }
}

#[test]
fn no_way_of_fusing_allocates_nor_saying_why() {
    for mut policy in policies() {
        let name = policy.spec().name.clone();
        let modalities = policy.spec().modalities.iter();
        let features: Vec<Vec<f32>> = modalities.map(|m| vec![0.5; m.width]).collect();
        let mut action = vec![0.0; policy.spec().actions.len() * policy.steps()];
        let ages_s = vec![0.1; features.len()];
        let mut contributions = Contributions::new(&policy).unwrap();
        // On a thread of its own, as a policy drives on another thread than the one that it was made on.
        let driven = std::thread::spawn(move || {
            let subsets = [usize::MAX, usize::MAX, 1, 2, 0].map(|present| {
                let each = features.iter().enumerate();
                each.map(|(i, feature)| (present >> i & 1 == 1).then_some(feature.as_slice()))
                    .collect::<Vec<Option<&[f32]>>>()
            });
            for there in &subsets {
                let before = ALLOCATIONS.with(Cell::get);
                policy.act(there, &ages_s, &mut action);
                assert_eq!(ALLOCATIONS.with(Cell::get) - before, 0, "{name}");
            }
            // nalgebra takes room for the largest product when it first needs it, and no thread but the explainer's does.
            for (round, there) in subsets.iter().enumerate() {
                let before = ALLOCATIONS.with(Cell::get);
                contributions.compute(&mut policy, there, &ages_s);
                let made = ALLOCATIONS.with(Cell::get) - before;
                assert!(round == 0 || made == 0, "{name}: {made}");
            }
        });
        driven.join().unwrap();
    }
}
