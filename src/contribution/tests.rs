//! Shapley values against what can be reckoned by hand.

use super::*;
use crate::policy::Policy;
use crate::spec::*;

/// Modalities of one number each, fused by `fusion` into one action.
fn policy(
    count: usize,
    fusion: FusionSpec,
    weights: &[(&str, Vec<usize>, Vec<f32>)],
) -> Policy<f64> {
    let modalities = (0..count).map(|i| examples::vector(&format!("m{i}"), ["x"]));
    let spec = examples::policy(
        modalities.collect(),
        fusion,
        vec![examples::action("speed", 100.0)],
    );
    let mut tensors = Weights::default();
    for i in 0..count {
        tensors.insert(format!("standardize.m{i}.mean"), vec![1], vec![0.0]);
        tensors.insert(format!("standardize.m{i}.std"), vec![1], vec![1.0]);
    }
    tensors.insert("head.0.bias", vec![1], vec![0.5]);
    tensors.insert("action.mean", vec![1], vec![0.0]);
    tensors.insert("action.std", vec![1], vec![1.0]);
    for (name, shape, values) in weights {
        tensors.insert(*name, shape.clone(), values.clone());
    }
    Policy::build(spec, "".as_ref(), &tensors).unwrap()
}

fn compute(policy: &mut Policy<f64>, features: &[Option<f64>]) -> Contributions {
    let mut contributions = Contributions::new(policy).unwrap();
    let features: Vec<Option<[f64; 1]>> = features.iter().map(|f| f.map(|v| [v])).collect();
    let features: Vec<Option<&[f64]>> = features
        .iter()
        .map(|f| f.as_ref().map(|v| &v[..]))
        .collect();
    contributions.compute(policy, &features, &vec![0.0; features.len()]);
    contributions
}

#[test]
fn of_a_sum_each_modality_has_its_own_term() {
    let weights = ("head.0.weight", vec![1, 3], vec![1.0, -2.0, 4.0]);
    let mut policy = policy(3, FusionSpec::Concat, &[weights]);
    let found = compute(&mut policy, &[Some(3.0), Some(1.0), Some(0.5)]);
    assert_eq!(
        [found.of(0), found.of(1), found.of(2)].concat(),
        [3.0, -2.0, 2.0]
    );
    assert_eq!(
        (found.of_all(), found.of_nothing()),
        (&[3.5][..], &[0.5][..])
    );
}

#[test]
fn a_product_is_shared_by_its_factors_and_what_is_absent_has_no_share() {
    let fusion = FusionSpec::Bilinear(BilinearSpec {
        rank: 1,
        pairs: vec![["m0".into(), "m1".into()]],
    });
    let one = vec![1, 1];
    let mut policy = policy(
        3,
        fusion,
        &[
            ("fusion.m0.m1.left", one.clone(), vec![1.0]),
            ("fusion.m0.m1.right", one, vec![1.0]),
            ("head.0.weight", vec![1, 4], vec![0.0, 0.0, 0.0, 1.0]),
        ],
    );
    let found = compute(&mut policy, &[Some(3.0), Some(4.0), Some(9.0)]);
    assert_eq!(
        [found.of(0), found.of(1), found.of(2)].concat(),
        [6.0, 6.0, 0.0]
    );
    let found = compute(&mut policy, &[Some(3.0), None, Some(9.0)]);
    assert_eq!([found.of(0), found.of(1), found.of(2)].concat(), [0.0; 3]);
    let found = compute(&mut policy, &[None, None, None]);
    assert_eq!(found.of_all(), found.of_nothing());
}

#[test]
fn they_add_up_for_any_policy() {
    let values = |count: usize, seed: u32| -> Vec<f32> {
        let mut state = seed;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(next).collect()
    };
    for count in 1..=6 {
        let mut policy = policy(
            count,
            FusionSpec::Weighted(WeightedSpec {
                weights: WeightsSpec::AttentionAcross { hidden: 3 },
                tau_s: Default::default(),
            }),
            &[
                ("fusion.weight", vec![3, 1], values(3, 7)),
                ("fusion.vector", vec![3], values(3, 8)),
                ("head.0.weight", vec![1, 1], vec![2.0]),
            ],
        );
        let features: Vec<Option<f64>> = values(count, count as u32)
            .iter()
            .map(|v| Some(f64::from(*v)))
            .collect();
        let found = compute(&mut policy, &features);
        let sum: f64 = (0..count).map(|m| found.of(m)[0]).sum();
        let difference = found.of_all()[0] - found.of_nothing()[0];
        assert!(
            (sum - difference).abs() < 1e-12,
            "{count}: {sum} {difference}"
        );
        assert!(difference.abs() > 1e-3);
    }
}

#[test]
fn too_many_modalities_are_refused() {
    let weights = ("head.0.weight", vec![1, 13], vec![0.0; 13]);
    let policy = policy(13, FusionSpec::Concat, &[weights]);
    let text = Contributions::new(&policy).unwrap_err().to_string();
    assert!(text.contains("13") && text.contains("12"), "{text}");
}

#[test]
fn a_share_is_positive_where_a_modality_pushes_the_action_where_it_goes() {
    // The action is 3·a − b + 0·c.
    let weights = ("head.0.weight", vec![1, 3], vec![3.0, -1.0, 0.0]);
    let mut policy = policy(3, FusionSpec::Concat, &[weights]);
    for (a, b, shares) in [
        (1.0, 1.0, [0.75, -0.25, 0.0]),
        (-1.0, -1.0, [0.75, -0.25, 0.0]),
        (1.0, -3.0, [0.5, 0.5, 0.0]),
        (0.0, 0.0, [0.0; 3]),
    ] {
        let found = compute(&mut policy, &[Some(a), Some(b), Some(5.0)]);
        for (found, share) in found.shares().iter().zip(shares) {
            assert!((found - share).abs() < 1e-12, "{a} {b}: {found} {share}");
        }
    }
}
