//! Every fusion method against an independent float64 implementation (`reference.py`), in both precisions.

mod finite;

use std::collections::BTreeMap;

use late_fusion::contribution::Contributions;
use late_fusion::number::Number;
use late_fusion::policy::Policy;
use late_fusion::spec::{PolicySpec, Weights};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    spec: PolicySpec,
    tensors: BTreeMap<String, Tensor>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Tensor {
    shape: Vec<usize>,
    values: Vec<f32>,
}

#[derive(Deserialize)]
struct Case {
    features: BTreeMap<String, Vec<f64>>,
    ages_s: BTreeMap<String, f64>,
    action: Vec<f64>,
    contributions: Option<BTreeMap<String, Vec<f64>>>,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

/// The largest difference to the reference, relative to the largest number of the action (and to one).
fn largest_difference<T: Number>() -> f64 {
    let mut largest = 0.0f64;
    let mut cases = 0;
    for vector in vectors() {
        let mut weights = Weights::default();
        for (name, tensor) in vector.tensors {
            weights.insert(name, tensor.shape, tensor.values);
        }
        let name = vector.spec.name.clone();
        let mut policy = Policy::<T>::build(vector.spec, "".as_ref(), &weights)
            .unwrap_or_else(|errors| panic!("{name}: {errors}"));
        let mut contributions = Contributions::new(&policy).unwrap();
        for case in &vector.cases {
            cases += 1;
            let modalities = policy.spec().modalities.iter();
            let (features, ages_s): (Vec<Option<Vec<T>>>, Vec<f64>) = modalities
                .map(|m| {
                    let feature = case.features.get(&m.name);
                    let feature = feature.map(|f| f.iter().map(|v| Number::from_f64(*v)).collect());
                    (feature, case.ages_s[&m.name])
                })
                .unzip();
            let features: Vec<Option<&[T]>> = features.iter().map(|f| f.as_deref()).collect();
            let mut action = vec![f64::NAN; case.action.len()];
            policy.act(&features, &ages_s, &mut action);
            let mut compare = |found: &[f64], expected: &[f64]| {
                assert_eq!(found.len(), expected.len(), "{name}");
                let scale = expected.iter().fold(1.0f64, |a, b| a.max(b.abs()));
                for (found, expected) in found.iter().zip(expected) {
                    let difference = (found - expected).abs() / scale;
                    assert!(
                        difference < 1e-3,
                        "{name}, {:?}: {found} {expected}",
                        case.features
                    );
                    largest = largest.max(difference);
                }
            };
            compare(&action, &case.action);
            if let Some(expected) = &case.contributions {
                contributions.compute(&mut policy, &features, &ages_s);
                for (i, m) in policy.spec().modalities.iter().enumerate() {
                    compare(contributions.of(i), &expected[&m.name]);
                }
            }
        }
    }
    assert!(cases > 400, "{cases} cases");
    largest
}

#[test]
fn in_64_bits_the_formulas_are_the_references() {
    let difference = largest_difference::<f64>();
    assert!(difference < 1e-9, "{difference}");
}

#[test]
fn in_32_bits_they_are_within_rounding() {
    let difference = largest_difference::<f32>();
    assert!(difference < 1e-5, "{difference}");
}
