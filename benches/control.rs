//! How long one control period computes: the shipped policy's shape, from three features to a command.
//!
//! `cargo bench --bench control --no-default-features`

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use hdrhistogram::Histogram;
use late_fusion::policy::Policy;

const RUNS: usize = 20_000;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/policies/tabletop");
    let mut policy = Policy::load(&folder).unwrap_or_else(|problems| panic!("{problems}"));
    let features: Vec<Vec<f32>> = policy
        .spec()
        .modalities
        .iter()
        .map(|modality| vec![0.1; modality.width])
        .collect();
    let features: Vec<Option<&[f32]>> = features.iter().map(|f| Some(f.as_slice())).collect();
    let ages_s = vec![0.0; features.len()];
    let mut action = vec![0.0; policy.spec().actions.len()];
    let mut took_ns = Histogram::<u64>::new_with_bounds(1, 1_000_000_000, 3)
        .expect("the bounds are constants that fit");
    for _ in 0..RUNS {
        let start = Instant::now();
        policy.act(black_box(&features), &ages_s, black_box(&mut action));
        took_ns.saturating_record(start.elapsed().as_nanos() as u64);
    }
    let at = |quantile| took_ns.value_at_quantile(quantile) as f64 * 1e-3;
    println!(
        "align, fuse and head of {} numbers: p50 {:.1} µs, p99 {:.1} µs, {RUNS} runs",
        policy.parameters(),
        at(0.5),
        at(0.99)
    );
}
