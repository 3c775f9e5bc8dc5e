//! How long one control period computes, from features to a command, and how long it takes to say why: the shipped
//! policy's shape, or that of another one.
//!
//! `cargo bench --bench control --no-default-features [-- POLICY_FOLDER]`

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hdrhistogram::Histogram;
use late_fusion::contribution::Contributions;
use late_fusion::policy::Policy;

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
        "{what}: p50 {:.1} µs, p99 {:.1} µs, {runs} runs",
        at(0.5),
        at(0.99)
    );
}
