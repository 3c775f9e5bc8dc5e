//! Definitions of message types, as bags bring them, and messages of types that are known by them alone.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use late_fusion::message::{FieldReader, Laid, Layout, msg_of_idl};
use serde::Deserialize;

use crate::MB;
use crate::memory::bounded;
use crate::mutate::{Edit, spoil, try_out};

/// What `tests/golden/fields.py` wrote.
#[derive(Deserialize)]
struct Golden {
    #[serde(rename = "type")]
    name: String,
    definition: String,
    idl: Option<String>,
    little: String,
    numbers: BTreeMap<String, f64>,
}

/// A type with a message of it, and the paths of all its numbers.
struct Sample {
    name: String,
    definition: String,
    idl: Option<String>,
    message: Vec<u8>,
    paths: Vec<String>,
}

fn samples() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let golden: Vec<Golden> =
            serde_json::from_str(include_str!("../golden/fields.json")).unwrap();
        let sample = |golden: Golden| Sample {
            message: base64::decode(golden.little).unwrap(),
            paths: golden.numbers.into_keys().collect(),
            name: golden.name,
            definition: golden.definition,
            idl: golden.idl,
        };
        golden.into_iter().map(sample).collect()
    })
}

/// Reads all that a definition lets be read, and lays a message out; returns how many numbers were read.
fn read(sample: &Sample, definition: &str, message: &[u8]) -> usize {
    bounded(8 * MB, || {
        let Ok(layout) = Layout::parse(&sample.name, definition) else {
            return 0;
        };
        // A layout is kept as long as its process lives; here that is as long as the test.
        let layout: &'static Layout = Box::leak(Box::new(layout));
        let _ = FieldReader::whole(layout).read(message, |_, _| {});
        let _ = Laid::new(layout, &sample.paths, "base");
        let mut count = 0;
        if let Ok(mut reader) = FieldReader::new(layout, &sample.paths) {
            let _ = reader.read(message, |_, _| count += 1);
        }
        count
    })
}

#[test]
fn what_is_spoilt_here_was_whole() {
    for sample in samples() {
        let count = read(sample, &sample.definition, &sample.message);
        assert_eq!(count, sample.paths.len(), "{}", sample.name);
    }
}

#[test]
fn no_definition_panics_or_costs_memory() {
    try_out(5_000, |which, edits: &[Edit]| {
        let sample = &samples()[usize::from(which) % samples().len()];
        let definition = spoil(sample.definition.clone().into_bytes(), edits);
        read(
            sample,
            &String::from_utf8_lossy(&definition),
            &sample.message,
        );
    });
}

#[test]
fn no_definition_in_idl_panics_or_costs_memory() {
    let in_idl: Vec<&Sample> = samples().iter().filter(|s| s.idl.is_some()).collect();
    try_out(5_000, |which, edits: &[Edit]| {
        let sample = in_idl[usize::from(which) % in_idl.len()];
        let idl = spoil(sample.idl.clone().unwrap_or_default().into_bytes(), edits);
        let msg = bounded(8 * MB, || msg_of_idl(&String::from_utf8_lossy(&idl)));
        read(sample, &msg.unwrap_or_default(), &sample.message);
    });
}

#[test]
fn no_message_of_a_defined_type_panics_or_costs_memory() {
    try_out(5_000, |which, edits: &[Edit]| {
        let sample = &samples()[usize::from(which) % samples().len()];
        let message = spoil(sample.message.clone(), edits);
        read(sample, &sample.definition, &message);
    });
}
