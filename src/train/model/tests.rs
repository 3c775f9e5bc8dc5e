//! The trainable model against the one that the node runs, and its gradients against finite differences.

mod learned_pooling;

use candle_core::Var;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::policy::Policy;
use crate::spec::{ModalitySpec, examples};

/// Three modalities of 40, 7 and 2 numbers, projected as asked, and three actions.
fn spec(projection: [Option<usize>; 3], fusion: &str, head: &str) -> PolicySpec {
    let modalities = [("scene", 40), ("words", 7), ("joints", 2)];
    let modalities = modalities.into_iter().zip(projection);
    let modalities = modalities.map(|((name, width), projection)| ModalitySpec {
        projection,
        ..examples::vector(name, (0..width).map(|i| format!("n{i}")))
    });
    PolicySpec {
        head: serde_yaml::from_str(head).unwrap(),
        ..examples::policy(
            modalities.collect(),
            serde_yaml::from_str(fusion).unwrap(),
            ["x", "y", "z"]
                .map(|name| examples::action(name, 1.0))
                .into(),
        )
    }
}

const HEAD: &str = "{kind: mlp, hidden: [16, 8]}";
const CHUNK: &str = "{kind: mlp, hidden: [16], chunk: {steps: 3, step_s: 0.1}}";

/// Every method, small enough to try every parameter.
fn specs() -> Vec<PolicySpec> {
    let some = [None, Some(5), None];
    let mut squashed = spec(some, "{method: concat}", HEAD);
    squashed.modalities[1].projection_activation = Activation::Tanh;
    squashed.modalities[1].projection_hidden = vec![6, 4];
    let all = [Some(4); 3];
    let fixed = "{method: weighted, weights: {kind: fixed, values: {scene: 0.5, words: [1, 0, 2, 3], joints: 0}}}";
    vec![
        squashed,
        spec([None; 3], "{method: concat}", HEAD),
        spec(some, "{method: concat}", CHUNK),
        spec(all, fixed, HEAD),
        spec(
            all,
            "{method: weighted, weights: {kind: learned, per: modality}}",
            HEAD,
        ),
        spec(
            all,
            "{method: weighted, weights: {kind: learned, per: dimension}}",
            CHUNK,
        ),
        spec(
            all,
            "{method: weighted, weights: {kind: attention_within}}",
            HEAD,
        ),
        spec(
            all,
            "{method: weighted, weights: {kind: attention_across, hidden: 3}}",
            HEAD,
        ),
        spec(some, "{method: bilinear, rank: 6}", HEAD),
        spec(
            some,
            "{method: bilinear, rank: 2, pairs: [[scene, words]]}",
            CHUNK,
        ),
        spec(
            some,
            "{method: cross_attention, maps: {scene: 2}, queries: [words], heads: 3}",
            HEAD,
        ),
        spec(some, "{method: vote, rule: soft, bins: 5}", HEAD),
        spec(some, "{method: vote, rule: weighted, bins: 4}", CHUNK),
        spec(
            all,
            "{method: vote, rule: soft, choices: [{name: go, action: [1, 0, 0]}, {name: no, action: [0, 0.5, 0]}], \
             voters: [{name: both, modalities: [scene, words]}, {name: last, modalities: [joints, words]}]}",
            CHUNK,
        ),
    ]
}

struct Numbers(StdRng);

impl Numbers {
    fn between(&mut self, low: f32, high: f32, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.0.random_range(low..high)).collect()
    }

    fn standard(&mut self, width: usize) -> Normalizer {
        Normalizer {
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

/// A model whose parameters are all stirred, so that those which begin as zeros count.
fn model(spec: &PolicySpec, numbers: &mut Numbers) -> Model {
    let standards = spec
        .modalities
        .iter()
        .map(|m| numbers.standard(m.width))
        .collect();
    let inputs: Vec<TrainingInput> = spec
        .modalities
        .iter()
        .map(TrainingInput::undetermined)
        .collect();
    let model = Model::new(spec, &inputs, standards, true, 3).unwrap();
    for (_, var) in model.parameters().named() {
        let stir = numbers.between(-0.3, 0.3, var.elem_count());
        let stir = Tensor::from_vec(stir, var.dims(), &Device::Cpu).unwrap();
        var.set(&(var.as_tensor() + stir).unwrap()).unwrap();
    }
    model
}

/// One sample, with some modalities left out, whose label is all zeros.
fn batch(spec: &PolicySpec, features: &[Vec<f32>], there: [bool; 3]) -> Batch {
    let row = |values: &Vec<f32>| Tensor::from_slice(values, (1, values.len()), &Device::Cpu);
    let presence = |there: bool| Tensor::new(&[[f32::from(there)]], &Device::Cpu).unwrap();
    let outputs = spec.actions.len() * spec.head.steps();
    Batch {
        features: features.iter().map(|values| row(values).unwrap()).collect(),
        presence: Some(there.map(presence).to_vec()),
        labels: vec![vec![0.0; outputs]],
        standardized: Tensor::zeros((1, outputs), candle_core::DType::F32, &Device::Cpu).unwrap(),
    }
}

/// What the model says, as the policy would: standardized actions, or the expectation under a vote of all voters.
fn output(model: &Model, batch: &Batch) -> Vec<f64> {
    let parts = model.parts(batch, &mut Undisturbed).unwrap();
    let output = match &model.decision {
        Decision::Fused { fusion, head } => head.forward(&fusion.fuse(&parts).unwrap()).unwrap(),
        Decision::Vote(vote) => vote.expectation(&parts).unwrap(),
    };
    let output: Vec<f32> = output.flatten_all().unwrap().to_vec1().unwrap();
    output.into_iter().map(f64::from).collect()
}

#[test]
fn the_node_computes_what_was_trained() {
    for spec in specs() {
        let mut numbers = Numbers(StdRng::seed_from_u64(1));
        let model = model(&spec, &mut numbers);
        let standard = numbers.standard(3);
        let mut soft = spec.clone();
        // Of votes the expectation is compared: which bin wins may hang on the last digit.
        let is_vote = match &mut soft.fusion {
            FusionSpec::Vote(vote) => {
                vote.rule = crate::spec::VoteRule::Soft;
                true
            }
            _ => false,
        };
        let hits = [(3, 4), (2, 4), (1, 4)];
        let weights = model.weights(&standard, &hits).unwrap();
        assert!(Policy::<f32>::build(spec.clone(), "".as_ref(), &weights).is_ok());
        let mut policy = Policy::<f32>::build(soft, "".as_ref(), &weights).unwrap();
        for round in 0..40 {
            // All there, or for votes nothing: then all voters vote, as they do while learning.
            let there: [bool; 3] = match is_vote {
                true => [round % 2 == 0; 3],
                false => std::array::from_fn(|m| round >> m & 1 == 0),
            };
            let features = numbers.features(&spec);
            let trained = output(&model, &batch(&spec, &features, there));
            let present: Vec<Option<&[f32]>> = features
                .iter()
                .zip(there)
                .map(|(f, there)| there.then_some(f.as_slice()))
                .collect();
            let mut run = vec![0.0; 3 * spec.head.steps()];
            policy.act(&present, &[0.0; 3], &mut run);
            for (i, run) in run.iter().enumerate() {
                let trained = match is_vote {
                    true => trained[i],
                    false => {
                        trained[i] * f64::from(standard.std[i % 3])
                            + f64::from(standard.mean[i % 3])
                    }
                };
                assert!(
                    (trained - run).abs() < 1e-5 * (1.0 + trained.abs()),
                    "{:?}, {there:?}: {trained} was trained, {run} is run",
                    spec.fusion
                );
            }
        }
    }
}

/// Central differences in f32. In one parameter the loss is smooth between the kinks of the ReLUs, where they are exact
/// but for rounding (1e-6 / step) and curvature; where two steps disagree there is a kink, and no derivative to compare
/// with.
#[test]
fn gradients_equal_finite_differences() {
    for spec in specs() {
        compare_gradients(&spec, &Numbers(StdRng::seed_from_u64(2)).features(&spec));
    }
}

fn compare_gradients(spec: &PolicySpec, features: &[Vec<f32>]) {
    let model = model(spec, &mut Numbers(StdRng::seed_from_u64(5)));
    let batches = [[true; 3], [true, false, true], [false, true, true]]
        .map(|there| batch(spec, features, there));
    let loss = || {
        let losses = batches
            .iter()
            .map(|batch| model.loss(batch, &mut Undisturbed).unwrap());
        losses.reduce(|a, b| (a + b).unwrap()).unwrap()
    };
    let compared = compare(&model, loss);
    assert!(
        compared.0 > 100 && compared.1 > 20,
        "{:?}: {compared:?} compared, and of them not zero",
        spec.fusion
    );
}

fn compare(model: &Model, loss: impl Fn() -> Tensor) -> (usize, usize) {
    const STEP: f32 = 1.0 / 64.0;
    const ROUNDING: f32 = 1e-3;
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
    for (_, var) in model.parameters().named() {
        let gradient = gradients.get(var).expect("every parameter has a gradient");
        let gradient: Vec<f32> = gradient.flatten_all().unwrap().to_vec1().unwrap();
        for at in (0..gradient.len()).step_by(3) {
            let (measured, half) = (slope(var, at, STEP), slope(var, at, STEP / 2.0));
            let allowed = ROUNDING * (1.0 + measured.abs());
            if (measured - half).abs() > allowed {
                continue;
            }
            compared += 1;
            moving += usize::from(measured.abs() > 5.0 * ROUNDING);
            assert!(
                (half - gradient[at]).abs() < 3.0 * allowed,
                "{half} measured, {} computed",
                gradient[at]
            );
        }
    }
    (compared, moving)
}

#[test]
fn the_seed_decides_the_initial_parameters() {
    let spec = spec([None; 3], "{method: concat}", HEAD);
    let weights = |seed| {
        let standards = spec
            .modalities
            .iter()
            .map(|m| Normalizer::untouched(m.width))
            .collect();
        let inputs: Vec<TrainingInput> = spec
            .modalities
            .iter()
            .map(TrainingInput::undetermined)
            .collect();
        let model = Model::new(&spec, &inputs, standards, false, seed).unwrap();
        model.weights(&Normalizer::untouched(3), &[]).unwrap()
    };
    assert_eq!(weights(1), weights(1));
    assert_ne!(weights(1), weights(2));
}

/// Counts what goes through it, and leaves the hidden units out.
#[derive(Default)]
struct LeavesOut {
    features: usize,
    hidden: Vec<usize>,
}

impl Disturb for LeavesOut {
    fn feature(&mut self, feature: Tensor) -> candle_core::Result<Tensor> {
        self.features += 1;
        Ok(feature)
    }

    fn hidden(&mut self, units: Tensor) -> candle_core::Result<Tensor> {
        self.hidden.push(units.dim(1)?);
        units.zeros_like()
    }
}

#[test]
fn every_hidden_layer_of_what_decides_is_disturbed_while_learning() {
    for spec in specs() {
        let mut numbers = Numbers(StdRng::seed_from_u64(6));
        let model = model(&spec, &mut numbers);
        let HeadSpec::Mlp { hidden, .. } = &spec.head;
        let deciders = match &spec.fusion {
            FusionSpec::Vote(vote) => {
                let names = spec.modalities.iter().map(|m| m.name.as_str());
                vote.voters_of(names).len()
            }
            _ => 1,
        };
        let losses = [(); 2].map(|()| {
            let mut out = LeavesOut::default();
            let batch = batch(&spec, &numbers.features(&spec), [true; 3]);
            let loss = model.loss(&batch, &mut out).unwrap();
            assert_eq!(out.features, spec.modalities.len());
            assert_eq!(out.hidden, hidden.repeat(deciders));
            loss.to_scalar::<f32>().unwrap()
        });
        // Without hidden units nothing of the features is left.
        assert_eq!(losses[0], losses[1], "{:?}", spec.fusion);
    }
}
