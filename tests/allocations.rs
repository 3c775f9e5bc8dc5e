//! After its first ticks the control thread allocates nothing: a tick and its command, counted by the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use late_fusion::contribution::Contributions;
use late_fusion::control::{Controller, Decision, Freshness, TickMeter};
use late_fusion::guard::{Guard, Limit};
use late_fusion::message::{ActionMapping, MessageType};
use late_fusion::modality::{Feature, feature_slot};
use late_fusion::policy::{
    ActionSpec, FORMAT, FusionSpec, HeadSpec, ModalitySpec, Policy, PolicySpec, SourceSpec, Weights,
};
use late_fusion::time::Stamp;

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
        // SAFETY: as this function was called.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WIDTH: usize = 64;
const PERIOD_S: f64 = 0.025;

fn policy() -> Policy {
    let names = (0..WIDTH).map(|i| format!("x{i}")).collect();
    let spec = PolicySpec {
        format: FORMAT,
        name: "test".into(),
        description: String::new(),
        modalities: vec![ModalitySpec {
            name: "joints".into(),
            source: SourceSpec::Vector { names },
            width: WIDTH,
            history: 1,
            align: Some(8),
        }],
        fusion: FusionSpec::Concat,
        head: HeadSpec::Mlp {
            hidden: vec![32],
            chunk: None,
        },
        actions: vec![ActionSpec {
            name: "speed".into(),
            unit: "m/s".into(),
            min: -1.0,
            max: 1.0,
            stop: 0.0,
        }],
    };
    let mut weights = Weights::default();
    for (name, shape) in [
        ("standardise.joints.mean", vec![WIDTH]),
        ("standardise.joints.std", vec![WIDTH]),
        ("align.joints.weight", vec![8, WIDTH]),
        ("align.joints.bias", vec![8]),
        ("head.0.weight", vec![32, 8]),
        ("head.0.bias", vec![32]),
        ("head.1.weight", vec![1, 32]),
        ("head.1.bias", vec![1]),
        ("action.mean", vec![1]),
        ("action.std", vec![1]),
    ] {
        let values = vec![0.1; shape.iter().product()];
        weights.insert(name, shape, values);
    }
    Policy::build(spec, Path::new(""), &weights).unwrap()
}

#[test]
fn a_tick_and_its_command_allocate_nothing() {
    let policy = policy();
    let limits = policy.spec().actions.iter().map(Limit::from).collect();
    let freshness = vec![Freshness {
        required: true,
        max_age_s: Some(0.5),
    }];
    let mapping =
        ActionMapping::new(MessageType::JointTrajectory, &["speed"], &BTreeMap::new()).unwrap();
    let mut template = mapping.template("base", PERIOD_S);
    let mut controller = Controller::new(policy, Guard::new(limits), freshness, PERIOD_S);
    let (mut writer, mut reader) = feature_slot(WIDTH);
    let mut meter = TickMeter::new();
    let mut action = [0.0];
    let mut counted = 0;
    let mut decisions = [0; 2];
    for tick in 0..200 {
        // Fresh for a while, then stale: acting and stopping are both counted.
        let now = Stamp::from_nanos(1_000_000_000 + tick * 25_000_000);
        if tick < 100 {
            writer.write(Feature {
                stamp: now,
                present: true,
                values: vec![0.5; WIDTH],
            });
        }
        let before = ALLOCATIONS.with(Cell::get);
        let decision = controller.tick(now, std::iter::once(reader.read()), &mut action);
        let command = template.encode(now, &action);
        assert!(!command.is_empty());
        meter.count(Instant::now(), decision);
        if tick > 0 {
            counted += ALLOCATIONS.with(Cell::get) - before;
        }
        decisions[usize::from(matches!(decision, Decision::Stop(_)))] += 1;
    }
    assert_eq!(decisions, [120, 80]);
    assert_eq!(counted, 0);
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

#[test]
fn no_way_of_fusing_allocates_nor_saying_why() {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("reference/vectors.json")).unwrap();
    assert!(vectors.len() > 30);
    for vector in vectors {
        let mut weights = Weights::default();
        for (name, tensor) in vector.tensors {
            weights.insert(name, tensor.shape, tensor.values);
        }
        let name = vector.spec.name.clone();
        let mut policy = Policy::<f32>::build(vector.spec, Path::new(""), &weights).unwrap();
        let modalities = policy.spec().modalities.iter();
        let features: Vec<Vec<f32>> = modalities.map(|m| vec![0.5; m.width]).collect();
        let mut action = vec![0.0; policy.spec().actions.len() * policy.steps()];
        let ages_s = vec![0.1; features.len()];
        let mut contributions = Contributions::new(&policy).unwrap();
        // nalgebra takes room for the largest product when it first needs it.
        for (round, present) in [(0, usize::MAX), (1, usize::MAX), (1, 1), (1, 2), (1, 0)] {
            let there: Vec<Option<&[f32]>> = features
                .iter()
                .enumerate()
                .map(|(i, feature)| (present >> i & 1 == 1).then_some(feature.as_slice()))
                .collect();
            let before = ALLOCATIONS.with(Cell::get);
            policy.act(&there, &ages_s, &mut action);
            contributions.compute(&mut policy, &there, &ages_s);
            let made = ALLOCATIONS.with(Cell::get) - before;
            assert!(round == 0 || made == 0, "{name}: {made}");
        }
    }
}
