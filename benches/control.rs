//! How long one control period computes, from features to a command, how long one that plays a chunk, and how long it
//! takes to say why: the shipped policy's shape, or that of another one.
//!
//! `cargo bench --bench control --no-default-features [-- POLICY_FOLDER]`

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hdrhistogram::Histogram;
use late_fusion::chunk::{Ensemble, Favour};
use late_fusion::contribution::Contributions;
use late_fusion::control::{Controller, Decision, Freshness};
use late_fusion::guard::{Guard, Limit};
use late_fusion::modality::Feature;
use late_fusion::policy::{ChunkSpec, FusionSpec, HeadSpec, Policy, PolicySpec, Weights};
use late_fusion::time::Stamp;

fn main() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/policies/tabletop");
    let given = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let folder = given.map_or(shipped, PathBuf::from);
    let mut policy = Policy::load(&folder).unwrap_or_else(|problems| panic!("{problems}"));
    let features: Vec<Vec<f32>> = policy
        .spec()
        .modalities
        .iter()
        .map(|modality| vec![0.1; modality.input_width()])
        .collect();
    let features: Vec<Option<&[f32]>> = features.iter().map(|f| Some(f.as_slice())).collect();
    let ages_s = vec![0.0; features.len()];
    let mut action = vec![0.0; policy.spec().actions.len() * policy.steps()];
    let numbers = policy.parameters();
    let act = format!("align, fuse and head of {numbers} numbers");
    measure(&act, 20_000, || {
        policy.act(black_box(&features), &ages_s, black_box(&mut action));
    });
    let mut contributions =
        Contributions::new(&policy).unwrap_or_else(|problems| panic!("{problems}"));
    let why = format!("contributions of {} modalities", features.len());
    measure(&why, 1_000, || {
        contributions.compute(&mut policy, black_box(&features), &ages_s);
    });
    let temporal = Ensemble::Temporal {
        favour: Favour::Oldest,
        decay: 0.01,
    };
    for ensemble in [Ensemble::None, temporal, Ensemble::Blend { blend_s: 0.1 }] {
        if let Some(policy) = chunked(policy.spec(), &folder) {
            control(policy, ensemble);
        }
    }
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
        .unwrap_or_else(|problems| panic!("{problems}"));
    let made_up = vec![0.01; outputs * width];
    weights.insert(format!("head.{last}.weight"), vec![outputs, width], made_up);
    weights.insert(
        format!("head.{last}.bias"),
        vec![outputs],
        vec![0.0; outputs],
    );
    Some(Policy::build(spec, folder, &weights).unwrap_or_else(|problems| panic!("{problems}")))
}

/// Ticks at 100 Hz, of which every third has a new feature and predicts; with up to 12 chunks that overlap.
fn control(policy: Policy, ensemble: Ensemble) {
    let modalities = policy.spec().modalities.iter();
    let mut features: Vec<Feature> = modalities
        .map(|modality| Feature {
            stamp: Stamp::default(),
            present: true,
            values: vec![0.1; modality.input_width()],
        })
        .collect();
    let mut action = vec![0.0; policy.spec().actions.len()];
    let limits = policy.spec().actions.iter().map(Limit::from).collect();
    let required = Freshness {
        required: true,
        max_age_s: None,
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
        let decision = timer.time(|| controller.tick(now, features.iter(), black_box(&mut action)));
        assert!(matches!(decision, Decision::Act { .. }), "{decision:?}");
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
            "{what}: p50 {:.1} µs, p99 {:.1} µs, {} runs",
            at(0.5),
            at(0.99),
            self.0.len()
        );
    }
}
