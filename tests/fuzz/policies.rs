//! Policies at work: what `policy.yaml` says, with the weights that belong to it.

use std::path::Path;

use late_fusion::errors::ConfigErrors;
use late_fusion::policy::Policy;
use late_fusion::spec::{MAX_MODALITIES, PolicySpec, Weights, convert};

use crate::MB;
use crate::document::Document;
use crate::memory::bounded;
use crate::mutate::{Edit, spoil, try_out};

const FUSIONS: [&str; 9] = [
    "{method: concat}",
    "{method: weighted, weights: {kind: fixed, values: {a: 0.5, b: 0.5, m: 1}}, tau_s: {a: 0.5}}",
    "{method: weighted, weights: {kind: learned, per: modality}}",
    "{method: weighted, weights: {kind: attention_within}}",
    "{method: weighted, weights: {kind: attention_across, hidden: 3}}",
    "{method: bilinear, rank: 2, pairs: [[a, b]]}",
    "{method: cross_attention, maps: {m: 2}, queries: [a], heads: 2}",
    "{method: vote, rule: soft, bins: 3, voters: [{name: x, modalities: [a, b]}, {name: y, modalities: [m]}]}",
    "{method: vote, rule: majority, choices: [{name: go, action: [0.5, 0.5]}, {name: stay, action: [0.0, 0.0]}]}",
];

fn text(fusion: &str) -> String {
    // Projected to one width where they are added up; a map is fused as it is.
    let projection = match fusion.contains("weighted") {
        true => ", projection: 4, projection_hidden: [3], projection_activation: tanh",
        false => "",
    };
    format!(
        "format: 3
name: small
description: A policy of every kind of fusion.
modalities:
- {{name: a, kind: vector, names: [x, y], width: 2, history: 2{projection}}}
- {{name: b, kind: vector, names: [x], width: 1{projection}}}
- {{name: m, kind: feature, encoder: eye 1, width: 8{projection}}}
fusion: {fusion}
head: {{kind: mlp, hidden: [5], chunk: {{steps: 2, step_s: 0.1}}}}
actions:
- {{name: vx, unit: m/s, min: -1.0, max: 1.0, max_rate: 2.0, quantity: velocity}}
- {{name: wz, unit: rad/s, min: -1.0, max: 1.0, smoothing: 0.1, deadband: 0.01}}
recorded: {{label_rate_hz: 10.0, observation_age_s: {{a: 0.1}}}}
"
    )
}

/// The weights that a policy asks for, as it names them one after the other.
fn weights(spec: &PolicySpec, folder: &Path) -> Weights {
    let mut weights = Weights::default();
    for _ in 0..20 {
        let built: Result<Policy, ConfigErrors> = Policy::build(spec.clone(), folder, &weights);
        let Err(errors) = built else {
            return weights;
        };
        for error in errors.iter() {
            let found = error
                .split_once("tensor ")
                .unwrap_or_else(|| panic!("{error}"))
                .1;
            let (name, rest) = found
                .split_once(" is missing")
                .unwrap_or_else(|| panic!("{error}"));
            let shape = rest.rsplit_once('[').unwrap().1.trim_end_matches(']');
            let shape: Vec<usize> = shape
                .split(", ")
                .map(|size| size.parse().unwrap())
                .collect();
            let count = shape.iter().product();
            weights.insert(name, shape, vec![0.25; count]);
        }
    }
    panic!("{} asks for ever more", spec.name);
}

struct Sample {
    document: Document,
    weights: Vec<u8>,
}

fn samples(folder: &Path) -> Vec<Sample> {
    let each = FUSIONS.iter().map(|fusion| {
        let text = text(fusion);
        std::fs::write(folder.join("policy.yaml"), &text).unwrap();
        let spec = PolicySpec::load(folder).unwrap_or_else(|e| panic!("{fusion}: {e}"));
        let path = folder.join("weights.safetensors");
        weights(&spec, folder).save(&path).unwrap();
        Sample {
            document: Document::new(&text),
            weights: std::fs::read(path).unwrap(),
        }
    });
    each.collect()
}

/// Loads a policy and lets it act on all features and on none; whether it could be loaded.
fn act(folder: &Path, policy: &[u8], weights: &[u8]) -> bool {
    std::fs::write(folder.join("policy.yaml"), policy).unwrap();
    std::fs::write(folder.join("weights.safetensors"), weights).unwrap();
    bounded(32 * MB, || {
        let Ok(mut policy) = Policy::load(folder) else {
            return false;
        };
        let modalities = &policy.spec().modalities;
        let features: Vec<Vec<f32>> = modalities
            .iter()
            .map(|m| vec![0.5; m.input_width()])
            .collect();
        let all: Vec<Option<&[f32]>> = features.iter().map(|f| Some(f.as_slice())).collect();
        let none = vec![None; all.len()];
        let ages = [0.1; MAX_MODALITIES];
        let mut action = vec![0.0; policy.steps() * policy.spec().actions.len()];
        for features in [&all, &none] {
            policy.act(features, &ages[..features.len()], &mut action);
            let _ = policy.trace();
        }
        true
    })
}

#[test]
fn what_is_spoilt_here_acted() {
    let folder = tempfile::tempdir().unwrap();
    for sample in samples(folder.path()) {
        let text = sample.document.text();
        assert!(
            act(folder.path(), text.as_bytes(), &sample.weights),
            "{text}"
        );
    }
}

#[test]
fn no_policy_with_its_weights_panics_or_costs_memory() {
    let folder = tempfile::tempdir().unwrap();
    let samples = samples(folder.path());
    try_out(3_000, |which, edits| {
        let sample = &samples[usize::from(which) / 4 % samples.len()];
        let whole = || sample.document.text().as_bytes().to_vec();
        let half = edits.len() / 2;
        let (policy, weights): (Vec<u8>, &[Edit]) = match which % 4 {
            0 => (whole(), edits),
            1 => (
                sample.document.spoilt(which / 4, &edits[..half]),
                &edits[half..],
            ),
            _ => (sample.document.spoilt(which / 4, edits), &[]),
        };
        act(
            folder.path(),
            &policy,
            &spoil(sample.weights.clone(), weights),
        );
    });
}

/// A policy of the format before.
const OLD: &str = "
format: 2
name: small
modalities:
- {name: words, kind: vector, names: [a, b], width: 2, align: 3, align_hidden: [4], squash: true}
- {name: joints, kind: vector, names: [x], width: 1, squash: false}
fusion: {method: concat}
head: {kind: mlp, hidden: []}
actions: [{name: speed, unit: m/s, min: -1.0, max: 1.0}]
";

#[test]
fn no_older_policy_panics_or_costs_memory() {
    let folder = tempfile::tempdir().unwrap();
    let mut weights = Weights::default();
    weights.insert("align.words", vec![1], vec![0.5]);
    let path = folder.path().join("weights.safetensors");
    let old = Document::new(OLD);
    let converted = |policy: &[u8]| {
        std::fs::write(folder.path().join("policy.yaml"), policy).unwrap();
        weights.save(&path).unwrap();
        bounded(32 * MB, || convert(folder.path()).is_ok())
    };
    assert!(converted(OLD.as_bytes()));
    try_out(1_000, |which, edits| {
        converted(&old.spoilt(which, edits));
    });
}
