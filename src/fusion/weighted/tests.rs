//! Weighted sums against numbers reckoned by hand; tests/reference has the formulas at large.

use std::collections::BTreeMap;

use super::*;
use crate::spec::{FixedWeight, Per};

const MODALITIES: [(&str, usize); 2] = [("a", 2), ("b", 2)];

fn fixed(a: f64, b: f64, tau_s: &[(&str, f64)]) -> Weighted<f64> {
    let values = [("a", a), ("b", b)].map(|(name, v)| (name.to_owned(), FixedWeight::Scalar(v)));
    let spec = WeightedSpec {
        weights: WeightsSpec::Fixed {
            values: values.into(),
        },
        tau_s: tau_s.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect(),
    };
    Weighted::load(&spec, &MODALITIES, &Weights::default()).unwrap()
}

fn fuse(fusion: &mut Weighted<f64>, present: [bool; 2], ages_s: &[f64]) -> Vec<f64> {
    let (a, b) = (
        DVector::from_vec(vec![1.0, 2.0]),
        DVector::from_vec(vec![10.0, 20.0]),
    );
    let projected = [present[0].then_some(&a), present[1].then_some(&b)];
    let mut fused = DVector::repeat(2, 99.0);
    let input = Input {
        projected: &projected,
        ages_s,
    };
    fusion.fuse(input, &mut fused);
    fused.iter().copied().collect()
}

fn near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
}

#[test]
fn weights_are_brought_to_a_sum_of_one_over_what_is_present() {
    let mut fusion = fixed(1.0, 3.0, &[]);
    near(&fuse(&mut fusion, [true, true], &[0.0; 2]), &[7.75, 15.5]);
    assert_eq!(fusion.trace(), FusionTrace::Weights(vec![0.25, 0.75]));
    near(&fuse(&mut fusion, [true, false], &[0.0; 2]), &[1.0, 2.0]);
    assert_eq!(fusion.trace(), FusionTrace::Weights(vec![1.0, 0.0]));
    near(&fuse(&mut fusion, [false, false], &[0.0; 2]), &[0.0, 0.0]);
}

#[test]
fn where_only_what_weighs_nothing_is_present_it_is_fused_all_the_same() {
    let mut fusion = fixed(0.0, 1.0, &[]);
    near(&fuse(&mut fusion, [true, true], &[0.0; 2]), &[10.0, 20.0]);
    near(&fuse(&mut fusion, [true, false], &[0.0; 2]), &[1.0, 2.0]);
}

#[test]
fn an_old_feature_gives_way_and_never_vanishes_alone() {
    let mut fusion = fixed(1.0, 1.0, &[("a", 0.5)]);
    let faded = (-2.0f64).exp();
    let expected = (faded + 10.0) / (faded + 1.0);
    near(
        &fuse(&mut fusion, [true, true], &[1.0, 1.0])[..1],
        &[expected],
    );
    near(&fuse(&mut fusion, [true, false], &[1e6, 0.0]), &[1.0, 2.0]);
    near(&fuse(&mut fusion, [true, true], &[-5.0, 0.0])[..1], &[5.5]);
}

#[test]
fn learned_weights_are_a_softmax_per_dimension() {
    let spec = WeightedSpec {
        weights: WeightsSpec::Learned {
            per: Per::Dimension,
        },
        tau_s: BTreeMap::new(),
    };
    let mut weights = Weights::default();
    let three = 3f32.ln();
    weights.insert("fusion.logits", vec![2, 2], vec![0.0, three, 0.0, 0.0]);
    let mut fusion = Weighted::load(&spec, &MODALITIES, &weights).unwrap();
    let found = fuse(&mut fusion, [true, true], &[0.0; 2]);
    for (found, expected) in found.iter().zip([5.5, 0.75 * 2.0 + 0.25 * 20.0]) {
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
}
