//! How long one control period computes, from features to a command, how long one that plays a chunk, and how long it
//! takes to say why: the shipped policy's shape, or that of another one, and policies of two cameras, an instruction and
//! joints.
//!
//! `cargo bench --bench control --no-default-features [-- POLICY_FOLDER]`

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use late_fusion::chunk::{Ensemble, Favor};
use late_fusion::contribution::Contributions;
use late_fusion::control::{
    Controller, Decision, Freshness, RestsOn, TickEvent, TickRecorder, Tracing,
};
use late_fusion::modality::ProjectedFeature;
use late_fusion::policy::Policy;
use late_fusion::realtime::Monotonic;
use late_fusion::safety::{Guard, Limit};
use late_fusion::spec::{
    BilinearSpec, ChunkSpec, FusionSpec, HeadSpec, ModalitySpec, PolicySpec, VoteRule, VoteSpec,
    VoterSpec, Weights, examples,
};
use late_fusion::time::Stamp;
use nalgebra::DVector;

fn main() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/policies/tabletop");
    let given = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let folder = given.map_or(shipped, PathBuf::from);
    let policy = Policy::load(&folder).unwrap_or_else(|errors| panic!("{errors}"));
    let spec = policy.spec().clone();
    measure_policy(policy);
    let temporal = Ensemble::Temporal {
        favor: Favor::Oldest,
        decay: 0.01,
    };
    for ensemble in [Ensemble::None, temporal, Ensemble::Blend { blend_s: 0.1 }] {
        if let Some(policy) = chunked(&spec, &folder) {
            control(policy, ensemble);
        }
    }
    for policy in two_cameras() {
        measure_policy(policy);
    }
    tracing();
}

/// What it costs a tick that it could be traced, and that it is. Each run is of many ticks, for one alone is shorter than
/// the clock can tell.
fn tracing() {
    const TICKS: u32 = 1000;
    let (tracing, mut collector) = Tracing::new();
    let mut recorder = TickRecorder::new(tracing.control());
    println!("tracing, {TICKS} ticks at a time");
    for is_heard in [false, true] {
        let mut timer = Timer::new();
        for _ in 0..2000 {
            collector.collect(Instant::now(), is_heard);
            timer.time(|| (0..TICKS).for_each(|_| trace(black_box(&mut recorder))));
        }
        let what = if is_heard { "somebody" } else { "nobody" };
        timer.print(&format!("{what} listens"));
    }
}

/// As the control thread does it, with the most modalities that there can be.
fn trace(recorder: &mut TickRecorder) {
    let decided = recorder.now();
    recorder.count(|number| {
        Some(TickEvent {
            number,
            policy: 1,
            deadline: decided,
            slept: true,
            skipped: 0,
            woke: decided?,
            decided: decided?,
            done: Monotonic::from_nanos(number),
            decision: Decision::Act { limited: 0 },
            sent: true,
            rests_on: RestsOn::default(),
        })
    });
}

fn measure_policy(mut policy: Policy) {
    let features: Vec<Vec<f32>> = policy
        .spec()
        .modalities
        .iter()
        .map(|modality| vec![0.1; modality.input_width()])
        .collect();
    let features: Vec<Option<&[f32]>> = features.iter().map(|f| Some(f.as_slice())).collect();
    let ages_s = vec![0.0; features.len()];
    let mut action = vec![0.0; policy.spec().actions.len() * policy.steps()];
    println!(
        "{}: {} modalities, {} numbers",
        policy.spec().name,
        features.len(),
        policy.parameters()
    );
    measure("projection, fuse and head", 20_000, || {
        policy.act(black_box(&features), &ages_s, black_box(&mut action));
    });
    let mut contributions = Contributions::new(&policy).unwrap_or_else(|errors| panic!("{errors}"));
    measure("contributions", 5_000, || {
        contributions.compute(&mut policy, black_box(&features), &ages_s);
    });
}

/// The policy with a head for chunks of 8 steps, 50 ms apart, whose last layer is made up; none where there is a vote.
fn chunked(spec: &PolicySpec, folder: &Path) -> Option<Policy> {
    let (mut spec, steps) = (spec.clone(), 8);
    let HeadSpec::Mlp { hidden, chunk } = &mut spec.head;
    if matches!(spec.fusion, FusionSpec::Vote(_)) {
        return None;
    }
    *chunk = Some(ChunkSpec {
        steps,
        step_s: 0.05,
    });
    let (last, outputs) = (hidden.len(), steps * spec.actions.len());
    let width = *hidden.last()?;
    let mut weights = Weights::load(&folder.join("weights.safetensors"))
        .unwrap_or_else(|errors| panic!("{errors}"));
    let made_up = vec![0.01; outputs * width];
    weights.insert(format!("head.{last}.weight"), vec![outputs, width], made_up);
    weights.insert(
        format!("head.{last}.bias"),
        vec![outputs],
        vec![0.0; outputs],
    );
    Some(Policy::build(spec, folder, &weights).unwrap_or_else(|errors| panic!("{errors}")))
}

/// Ticks at 100 Hz, of which every third has a new feature and predicts; with up to 12 chunks that overlap.
fn control(policy: Policy, ensemble: Ensemble) {
    let projections = policy.projections().iter();
    let mut features: Vec<ProjectedFeature> = projections
        .map(|projection| ProjectedFeature {
            epoch: Default::default(),
            made: None,
            stamp: Stamp::default(),
            received: Stamp::default(),
            fault: None,
            present: true,
            values: DVector::repeat(projection.width(), 0.1),
        })
        .collect();
    let mut action = vec![0.0; policy.spec().actions.len()];
    let limits = policy.spec().actions.iter().map(Limit::from).collect();
    let required = Freshness {
        required: true,
        max_age_s: None,
        max_future_s: 0.1,
        ends_with_epoch: false,
    };
    let freshness = vec![required; features.len()];
    let mut controller = Controller::new(policy, Guard::new(limits), freshness, ensemble, 0.01);
    let [mut predicting, mut playing] = [(), ()].map(|()| Timer::new());
    for tick in 0..30_000 {
        let now = Stamp::from_nanos(tick * 10_000_000);
        let timer = match tick % 3 {
            0 => {
                features[0].stamp = now;
                &mut predicting
            }
            _ => &mut playing,
        };
        let elapsed = Duration::from_nanos(now.nanos() as u64);
        let tick =
            timer.time(|| controller.tick(now, elapsed, features.iter(), black_box(&mut action)));
        assert!(matches!(tick.decision, Decision::Act { .. }), "{tick:?}");
    }
    predicting.print(&format!("a tick that predicts 8 steps, {ensemble}"));
    playing.print(&format!("a tick that plays on, {ensemble}"));
}

fn measure(what: &str, runs: usize, mut run: impl FnMut()) {
    let mut timer = Timer::new();
    for _ in 0..runs {
        timer.time(&mut run);
    }
    timer.print(what);
}

/// How long something took, each time.
struct Timer(Histogram<u64>);

impl Timer {
    fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, 1_000_000_000, 3);
        Self(histogram.expect("the bounds are constants that fit"))
    }

    fn time<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let found = run();
        self.0.saturating_record(start.elapsed().as_nanos() as u64);
        found
    }

    fn print(&self, what: &str) {
        let at = |quantile| self.0.value_at_quantile(quantile) as f64 * 1e-3;
        println!(
            "  {what}: p50 {:.1} µs, p99 {:.1} µs, {} runs",
            at(0.5),
            at(0.99),
            self.0.len()
        );
    }
}

/// Name, width, and what it is projected to.
type Modality = (&'static str, usize, Option<usize>);

const MODALITIES: [Modality; 4] = [
    ("scene", 1280, None),
    ("side", 1280, None),
    ("instruction", 384, Some(64)),
    ("joints", 4, None),
];

const HIDDEN: [usize; 3] = [256, 256, 256];

const ACTIONS: usize = 4;

const RANK: usize = 16;

const BINS: usize = 21;

/// Width of all modalities side by side, and of those of one voter.
const ALL: usize = 1280 + 1280 + 64 + 4;
const OF_ONE: usize = 1280 + 64 + 4;

/// Policies that nobody trained, one per way of fusing whose layers are large.
fn two_cameras() -> [Policy; 3] {
    let bilinear = FusionSpec::Bilinear(BilinearSpec {
        rank: RANK,
        pairs: vec![],
    });
    let voter = |camera: &str| VoterSpec {
        name: camera.into(),
        modalities: [camera, "instruction", "joints"].map(str::to_owned).into(),
    };
    let vote = FusionSpec::Vote(VoteSpec {
        rule: VoteRule::Soft,
        bins: Some(BINS),
        choices: vec![],
        voters: vec![voter("scene"), voter("side")],
        weights: Default::default(),
    });
    let mut of_concat = Random::of_modalities();
    of_concat.head(ALL);
    let mut of_bilinear = Random::of_modalities();
    for (i, j) in (0..4).flat_map(|i| (i + 1..4).map(move |j| (MODALITIES[i], MODALITIES[j]))) {
        let pair = format!("fusion.{}.{}", i.0, j.0);
        of_bilinear.add(&format!("{pair}.left"), vec![RANK, fused_width(i)]);
        of_bilinear.add(&format!("{pair}.right"), vec![RANK, fused_width(j)]);
    }
    of_bilinear.head(ALL + 6 * RANK);
    let mut of_vote = Random::of_modalities();
    of_vote.add("vote.centres", vec![ACTIONS, BINS]);
    for voter in ["vote.scene", "vote.side"] {
        of_vote.layers(voter, OF_ONE, ACTIONS * BINS);
    }
    [
        build("concat", FusionSpec::Concat, of_concat),
        build("bilinear", bilinear, of_bilinear),
        build("soft vote of two", vote, of_vote),
    ]
}

fn build(name: &str, fusion: FusionSpec, weights: Random) -> Policy {
    let modality = |(name, width, projection): Modality| ModalitySpec {
        projection,
        ..examples::vector(name, (0..width).map(|i| format!("{name}{i}")))
    };
    let actions = (0..ACTIONS).map(|i| examples::action(&format!("a{i}"), 1.0));
    let spec = PolicySpec {
        name: name.into(),
        head: HeadSpec::Mlp {
            hidden: HIDDEN.into(),
            chunk: None,
        },
        ..examples::policy(MODALITIES.map(modality).into(), fusion, actions.collect())
    };
    Policy::build(spec, Path::new(""), &weights.weights).unwrap_or_else(|errors| panic!("{errors}"))
}

fn fused_width((_, width, projection): Modality) -> usize {
    projection.unwrap_or(width)
}

/// Weights of about the size that training gives: numbers that die out or explode take other times.
struct Random {
    state: u32,
    weights: Weights,
}

impl Random {
    fn of_modalities() -> Self {
        let mut random = Self {
            state: 1,
            weights: Weights::default(),
        };
        for modality in MODALITIES {
            let (name, width, projection) = modality;
            random.constant(&format!("standardize.{name}.mean"), width, 0.0);
            random.constant(&format!("standardize.{name}.std"), width, 1.0);
            random.add(&format!("missing.{name}"), vec![fused_width(modality)]);
            if let Some(projection) = projection {
                random.add(
                    &format!("projection.{name}.weight"),
                    vec![projection, width],
                );
                random.add(&format!("projection.{name}.bias"), vec![projection]);
            }
        }
        random
    }

    fn head(&mut self, input: usize) {
        self.layers("head", input, ACTIONS);
        self.constant("action.mean", ACTIONS, 0.0);
        self.constant("action.std", ACTIONS, 1.0);
    }

    fn layers(&mut self, name: &str, input: usize, output: usize) {
        let mut columns = input;
        for (layer, rows) in HIDDEN.into_iter().chain([output]).enumerate() {
            self.add(&format!("{name}.{layer}.weight"), vec![rows, columns]);
            self.add(&format!("{name}.{layer}.bias"), vec![rows]);
            columns = rows;
        }
    }

    fn add(&mut self, name: &str, shape: Vec<usize>) {
        let scale = 1.0 / (shape[shape.len() - 1] as f32).sqrt();
        let values = (0..shape.iter().product()).map(|_| {
            self.state = self
                .state
                .wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223);
            ((self.state >> 8) as f32 / (1 << 23) as f32 - 1.0) * scale
        });
        let values = values.collect();
        self.weights.insert(name, shape, values);
    }

    fn constant(&mut self, name: &str, width: usize, value: f32) {
        self.weights.insert(name, vec![width], vec![value; width]);
    }
}
