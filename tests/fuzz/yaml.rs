//! The files that people write: parameters, policies and training files; and a policy's weights beside them.

use std::sync::OnceLock;

use late_fusion::config::{
    ENCODER_NAME, EncoderConfig, NODE_NAME, NodeConfig, Overrides, RosArguments,
};
use late_fusion::spec::{PolicySpec, Weights};

use crate::document::{Document, with_file};
use crate::mutate::{spoil, try_out};

/// A shipped file.
fn sample(path: &'static str) -> &'static Document {
    static DOCUMENTS: OnceLock<[(&str, Document); 3]> = OnceLock::new();
    let documents = DOCUMENTS
        .get_or_init(|| [PARAMETERS, POLICY, TRAINING].map(|path| (path, Document::shipped(path))));
    let found = documents.iter().find(|(known, _)| *known == path);
    &found.unwrap().1
}

const PARAMETERS: &str = "config/late_fusion.param.yaml";
const POLICY: &str = "models/policies/tabletop/policy.yaml";
const TRAINING: &str = "config/train/tabletop.yaml";

fn read_parameters(bytes: &[u8]) -> bool {
    with_file("node.param.yaml", bytes, |path| {
        let arguments = RosArguments::of_files([path.to_owned()]);
        let Ok(overrides) = Overrides::read(&arguments) else {
            return false;
        };
        let given = |name: &str| overrides.of(&arguments.node(name));
        let encoder = given(ENCODER_NAME).map(EncoderConfig::from_parameters);
        let node = given(NODE_NAME).and_then(NodeConfig::from_parameters);
        drop(encoder);
        node.is_ok()
    })
}

fn read_policy(bytes: &[u8]) -> bool {
    with_file("policy.yaml", bytes, |path| {
        PolicySpec::load(path.parent().unwrap()).is_ok()
    })
}

/// Reads a training file: where it is good, the first thing that is missed is a bag.
#[cfg(feature = "train")]
fn read_training(bytes: &[u8]) -> bool {
    with_file("training.yaml", bytes, |path| {
        let nowhere = path.with_file_name("nowhere");
        let options = late_fusion::train::Options {
            file: path.to_owned(),
            bags: vec![nowhere.clone()],
            out: nowhere.clone(),
            cache: nowhere,
            onnxruntime: None,
            seed: None,
            force: false,
            checkpoint_every: std::time::Duration::ZERO,
        };
        let Err(errors) = late_fusion::train::dataset(&options) else {
            return true;
        };
        !errors.to_string().contains("training file")
    })
}

/// A weights file with two tensors: the length of its header, the header, the numbers.
fn weights() -> Vec<u8> {
    let header = r#"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"F32","shape":[1],"data_offsets":[24,28]}}"#;
    let numbers = [0.5_f32; 7].map(f32::to_le_bytes).concat();
    [
        &(header.len() as u64).to_le_bytes()[..],
        header.as_bytes(),
        &numbers,
    ]
    .concat()
}

fn read_weights(bytes: &[u8]) -> bool {
    with_file("weights.safetensors", bytes, |path| {
        Weights::load(path).is_ok()
    })
}

#[test]
fn what_is_spoilt_here_was_right() {
    assert!(read_parameters(sample(PARAMETERS).text().as_bytes()));
    assert!(read_policy(sample(POLICY).text().as_bytes()));
    #[cfg(feature = "train")]
    assert!(read_training(sample(TRAINING).text().as_bytes()));
    assert!(read_weights(&weights()));
}

#[test]
fn no_parameter_file_panics_or_costs_memory() {
    try_out(2_000, |which, edits| {
        read_parameters(&sample(PARAMETERS).spoilt(which, edits));
    });
}

#[test]
fn no_policy_panics_or_costs_memory() {
    try_out(2_000, |which, edits| {
        read_policy(&sample(POLICY).spoilt(which, edits));
    });
}

#[cfg(feature = "train")]
#[test]
fn no_training_file_panics_or_costs_memory() {
    try_out(2_000, |which, edits| {
        read_training(&sample(TRAINING).spoilt(which, edits));
    });
}

#[test]
fn no_weights_panic_or_cost_memory() {
    try_out(5_000, |_, edits| {
        read_weights(&spoil(weights(), edits));
    });
}
