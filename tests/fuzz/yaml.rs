//! The files that people write: parameters, policies and training files; and a policy's weights beside them.

use std::path::Path;
use std::sync::OnceLock;

use late_fusion::config::{
    ENCODER_NAME, EncoderConfig, NODE_NAME, NodeConfig, Overrides, RosArguments,
};
use late_fusion::spec::{PolicySpec, Weights};
use serde_yaml::{Mapping, Value};

use crate::MB;
use crate::memory::bounded;
use crate::mutate::{Edit, spoil, try_out};

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// What a value is replaced by: of another type, at an edge, or of a shape that nobody expects.
fn strange(value: u64) -> Value {
    let texts = [
        "null",
        "[]",
        "{}",
        "-1",
        "0",
        "1e308",
        "-1e-308",
        ".inf",
        ".nan",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "true",
        "''",
        "'\\0'",
        "[[[[[[1]]]]]]",
        "{a: {b: {c: 1}}}",
        "4294967296",
        "1000000000",
        "[1, two, {three: 3}]",
        "../../../../etc/passwd",
        "'\u{202e}\u{0}'",
        "2147483648",
        "!tag 1",
    ];
    let index = value as usize % (texts.len() + 1);
    match texts.get(index) {
        Some(text) => serde_yaml::from_str(text).unwrap_or(Value::Null),
        None => Value::String("x".repeat(10_000)),
    }
}

/// How many values there are in a value, itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Mapping(map) => map.values().map(count).sum(),
        Value::Sequence(list) => list.iter().map(count).sum(),
        _ => 0,
    }
}

/// Changes one place of a document: `at` counts down to it.
fn change(value: &mut Value, at: &mut usize, (kind, _, number): Edit) {
    if *at == 0 {
        match (kind % 4, &mut *value) {
            (0, Value::Mapping(map)) => {
                let key = map.keys().nth(number as usize % map.len().max(1)).cloned();
                key.and_then(|key| map.remove(key));
            }
            (1, Value::Mapping(map)) => {
                map.insert(strange(number >> 8), strange(number));
            }
            (2, Value::Sequence(list)) => {
                if let Some(one) = list.first().cloned() {
                    list.extend(std::iter::repeat_n(one, number as usize % 70));
                }
            }
            (3, Value::Sequence(list)) => list.clear(),
            _ => *value = strange(number),
        }
        *at = usize::MAX;
        return;
    }
    let below: Vec<&mut Value> = match value {
        Value::Mapping(map) => map.values_mut().collect(),
        Value::Sequence(list) => list.iter_mut().collect(),
        _ => vec![],
    };
    for each in below {
        if *at == usize::MAX {
            return;
        }
        *at -= 1;
        change(each, at, (kind, 0, number));
    }
}

/// The document with a few places changed; every fourth time its text is spoilt instead.
fn spoilt(text: &str, which: u8, edits: &[Edit]) -> Vec<u8> {
    if which.is_multiple_of(4) {
        return spoil(text.as_bytes().to_vec(), edits);
    }
    let mut document: Value = serde_yaml::from_str(text).unwrap_or(Value::Mapping(Mapping::new()));
    for edit in edits {
        let mut at = edit.1 as usize % count(&document);
        change(&mut document, &mut at, *edit);
    }
    serde_yaml::to_string(&document)
        .unwrap_or_default()
        .into_bytes()
}

/// Gives the file of this name, in a folder of its own, to the one who reads it.
fn with_file<T>(name: &str, bytes: &[u8], reader: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    bounded(32 * MB, || reader(&path))
}

/// A sample file's text and the reader of the door that it comes in by; whether it could be read.
fn sample(path: &'static str) -> &'static str {
    static TEXTS: OnceLock<[(&str, String); 3]> = OnceLock::new();
    let texts = TEXTS.get_or_init(|| [PARAMETERS, POLICY, TRAINING].map(|path| (path, read(path))));
    let found = texts.iter().find(|(known, _)| *known == path);
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
    assert!(read_parameters(sample(PARAMETERS).as_bytes()));
    assert!(read_policy(sample(POLICY).as_bytes()));
    #[cfg(feature = "train")]
    assert!(read_training(sample(TRAINING).as_bytes()));
    assert!(read_weights(&weights()));
}

#[test]
fn no_parameter_file_panics_or_costs_memory() {
    try_out(2_000, |which, edits| {
        read_parameters(&spoilt(sample(PARAMETERS), which, edits));
    });
}

#[test]
fn no_policy_panics_or_costs_memory() {
    try_out(2_000, |which, edits| {
        read_policy(&spoilt(sample(POLICY), which, edits));
    });
}

#[cfg(feature = "train")]
#[test]
fn no_training_file_panics_or_costs_memory() {
    try_out(2_000, |which, edits| {
        read_training(&spoilt(sample(TRAINING), which, edits));
    });
}

#[test]
fn no_weights_panic_or_cost_memory() {
    try_out(5_000, |_, edits| {
        read_weights(&spoil(weights(), edits));
    });
}
