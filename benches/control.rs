//! How long one control period computes, from features to a command, and how long it takes to say why: the shipped
//! policy's shape, or that of another one, and policies of two cameras, an instruction and joints.
//!
//! `cargo bench --bench control --no-default-features [-- POLICY_FOLDER]`

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hdrhistogram::Histogram;
use late_fusion::contribution::Contributions;
use late_fusion::policy::{
    ActionSpec, BilinearSpec, FORMAT, FusionSpec, HeadSpec, ModalitySpec, Policy, PolicySpec,
    SourceSpec, VoteRule, VoteSpec, VoterSpec, Weights,
};

fn main() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/policies/tabletop");
    let given = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let folder = given.map_or(shipped, PathBuf::from);
    let policy = Policy::load(&folder).unwrap_or_else(|problems| panic!("{problems}"));
    measure_policy(policy);
    for policy in two_cameras() {
        measure_policy(policy);
    }
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
    measure("align, fuse and head", 20_000, || {
        policy.act(black_box(&features), &ages_s, black_box(&mut action));
    });
    let mut contributions =
        Contributions::new(&policy).unwrap_or_else(|problems| panic!("{problems}"));
    measure("contributions", 5_000, || {
        contributions.compute(&mut policy, black_box(&features), &ages_s);
    });
}

fn measure(what: &str, runs: usize, mut run: impl FnMut()) {
    let mut took_ns = Histogram::<u64>::new_with_bounds(1, 1_000_000_000, 3)
        .expect("the bounds are constants that fit");
    for _ in 0..runs {
        let start = Instant::now();
        run();
        took_ns.saturating_record(start.elapsed().as_nanos() as u64);
    }
    let at = |quantile| took_ns.value_at_quantile(quantile) as f64 * 1e-3;
    println!(
        "  {what}: p50 {:.1} µs, p99 {:.1} µs, {runs} runs",
        at(0.5),
        at(0.99)
    );
}

/// Name, width, and what it is aligned to.
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
    let modality = |(name, width, align): Modality| ModalitySpec {
        name: name.into(),
        source: SourceSpec::Vector {
            names: (0..width).map(|i| format!("{name}{i}")).collect(),
        },
        width,
        history: 1,
        align,
    };
    let action = |i: usize| ActionSpec {
        name: format!("a{i}"),
        unit: String::new(),
        min: -1.0,
        max: 1.0,
        stop: 0.0,
    };
    let spec = PolicySpec {
        format: FORMAT,
        name: name.into(),
        description: String::new(),
        modalities: MODALITIES.map(modality).into(),
        fusion,
        head: HeadSpec::Mlp {
            hidden: HIDDEN.into(),
            chunk: None,
        },
        actions: (0..ACTIONS).map(action).collect(),
    };
    Policy::build(spec, Path::new(""), &weights.weights)
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn fused_width((_, width, align): Modality) -> usize {
    align.unwrap_or(width)
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
            let (name, width, align) = modality;
            random.constant(&format!("standardise.{name}.mean"), width, 0.0);
            random.constant(&format!("standardise.{name}.std"), width, 1.0);
            random.add(&format!("absent.{name}"), vec![fused_width(modality)]);
            if let Some(align) = align {
                random.add(&format!("align.{name}.weight"), vec![align, width]);
                random.add(&format!("align.{name}.bias"), vec![align]);
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
