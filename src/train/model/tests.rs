//! The trainable model against the one that the node runs, and its gradients against finite differences.

use candle_core::Var;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::policy::{ActionSpec, ModalitySpec, Policy, SourceSpec};

/// Three modalities of 40, 7 and 2 numbers, the first two aligned where asked, and three actions.
fn spec(align: [Option<usize>; 3]) -> PolicySpec {
    let modalities = [("scene", 40), ("words", 7), ("joints", 2)];
    PolicySpec {
        format: crate::policy::FORMAT,
        name: "twin".into(),
        description: String::new(),
        modalities: modalities
            .into_iter()
            .zip(align)
            .map(|((name, width), align)| ModalitySpec {
                name: name.into(),
                source: SourceSpec::Vector {
                    names: (0..width).map(|i| format!("n{i}")).collect(),
                },
                width,
                history: 1,
                align,
            })
            .collect(),
        fusion: FusionSpec::Concat,
        head: HeadSpec::Mlp {
            hidden: vec![32, 16],
            chunk: None,
        },
        actions: ["x", "y", "z"]
            .map(|name| ActionSpec {
                name: name.into(),
                unit: "m/s".into(),
                min: -1.0,
                max: 1.0,
                stop: 0.0,
            })
            .into(),
    }
}

struct Numbers(StdRng);

impl Numbers {
    fn between(&mut self, low: f32, high: f32, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.0.random_range(low..high)).collect()
    }

    fn standard(&mut self, width: usize) -> Standard {
        Standard {
            mean: self.between(-2.0, 2.0, width),
            std: self.between(0.2, 3.0, width),
        }
    }

    fn features(&mut self, spec: &PolicySpec) -> Vec<Vec<f32>> {
        spec.modalities
            .iter()
            .map(|m| self.between(-3.0, 3.0, m.width))
            .collect()
    }
}

fn model(spec: &PolicySpec, numbers: &mut Numbers) -> Model {
    let standards = spec
        .modalities
        .iter()
        .map(|m| numbers.standard(m.width))
        .collect();
    Model::new(spec, standards, 3).unwrap()
}

fn batch(features: &[Vec<f32>]) -> Vec<Tensor> {
    let row = |values: &Vec<f32>| Tensor::from_slice(values, (1, values.len()), &Device::Cpu);
    features.iter().map(|values| row(values).unwrap()).collect()
}

const ALIGNMENTS: [[Option<usize>; 3]; 3] = [
    [None, None, None],
    [None, Some(5), None],
    [Some(16), Some(16), Some(16)],
];

#[test]
fn the_node_computes_what_was_trained() {
    for align in ALIGNMENTS {
        let spec = spec(align);
        let mut numbers = Numbers(StdRng::seed_from_u64(1));
        let model = model(&spec, &mut numbers);
        let action = numbers.standard(3);
        let weights = model.weights(&action).unwrap();
        let mut policy = Policy::<f32>::build(spec.clone(), "".as_ref(), &weights).unwrap();
        for _ in 0..100 {
            let features = numbers.features(&spec);
            let trained = model.forward(&batch(&features)).unwrap();
            let trained: Vec<f32> = trained.flatten_all().unwrap().to_vec1().unwrap();
            let present: Vec<Option<&[f32]>> =
                features.iter().map(|f| Some(f.as_slice())).collect();
            let mut run = [0.0; 3];
            policy.act(&present, &[0.0; 3], &mut run);
            for i in 0..3 {
                let trained = f64::from(trained[i] * action.std[i] + action.mean[i]);
                assert!(
                    (trained - run[i]).abs() < 1e-5,
                    "{align:?}: {trained} was trained, {} is run",
                    run[i]
                );
            }
        }
    }
}

/// Central differences in f32. In one parameter the loss is a parabola between the kinks of the ReLUs, for which they
/// are exact but for rounding (1e-6 / step); where two steps disagree there is a kink, and no derivative to compare with.
#[test]
fn gradients_equal_finite_differences() {
    const STEP: f32 = 1.0 / 64.0;
    const ROUNDING: f32 = 5e-4;
    let spec = spec([None, Some(3), Some(2)]);
    let mut numbers = Numbers(StdRng::seed_from_u64(2));
    let model = model(&spec, &mut numbers);
    let features = batch(&numbers.features(&spec));
    let loss = || {
        let action = model.forward(&features).unwrap();
        action.sqr().unwrap().sum_all().unwrap()
    };
    let gradients = loss().backward().unwrap();
    let slope = |var: &Var, at: usize, step: f32| {
        let values: Vec<f32> = var.flatten_all().unwrap().to_vec1().unwrap();
        let with = |change: f32| {
            let mut values = values.clone();
            values[at] += change;
            let values = Tensor::from_vec(values, var.dims(), &Device::Cpu).unwrap();
            var.set(&values).unwrap();
            loss().to_scalar::<f32>().unwrap()
        };
        let slope = (with(step) - with(-step)) / (2.0 * step);
        with(0.0);
        slope
    };
    let (mut compared, mut moving) = (0, 0);
    for var in model.parameters().vars() {
        let gradient = gradients.get(var).expect("every parameter has a gradient");
        let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
        for at in (0..gradient.len()).step_by(3) {
            let (measured, half) = (slope(var, at, STEP), slope(var, at, STEP / 2.0));
            let allowed = ROUNDING * (1.0 + measured.abs());
            if (measured - half).abs() > allowed {
                continue;
            }
            compared += 1;
            moving += usize::from(measured.abs() > 10.0 * ROUNDING);
            assert!(
                (measured - gradient[at]).abs() < 2.0 * allowed,
                "{measured} measured, {} computed",
                gradient[at]
            );
        }
    }
    assert!(
        compared > 500 && moving > 100,
        "{compared} compared, {moving} of them not zero"
    );
}

#[test]
fn the_seed_decides_the_initial_parameters() {
    let spec = spec([None; 3]);
    let weights = |seed| {
        let standard = |width| Standard {
            mean: vec![0.0; width],
            std: vec![1.0; width],
        };
        let standards = spec.modalities.iter().map(|m| standard(m.width)).collect();
        let model = Model::new(&spec, standards, seed).unwrap();
        model.weights(&standard(3)).unwrap()
    };
    assert_eq!(weights(1), weights(1));
    assert_ne!(weights(1), weights(2));
}
