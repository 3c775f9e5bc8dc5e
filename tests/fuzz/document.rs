//! Documents of keys and values, with a few places changed.

use std::path::Path;

use serde_yaml::Value;

use crate::MB;
use crate::memory::bounded;
use crate::mutate::{Edit, spoil};

/// A document that is right.
pub struct Document {
    text: String,
    /// As it is written anew: without remarks, so that what is spoilt there matters.
    bare: String,
    value: Value,
}

impl Document {
    /// The one that a text of YAML or JSON stands for.
    pub fn new(text: &str) -> Self {
        let value: Value = serde_yaml::from_str(text).unwrap();
        Self {
            text: text.to_owned(),
            bare: serde_yaml::to_string(&value).unwrap(),
            value,
        }
    }

    /// One that is shipped.
    pub fn shipped(path: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        Self::new(&std::fs::read_to_string(path).unwrap())
    }

    /// As it is.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// With a few places changed.
    pub fn changed(&self, edits: &[Edit]) -> Value {
        let mut value = self.value.clone();
        for edit in edits {
            let mut at = edit.1 as usize % count(&value);
            change(&mut value, &mut at, *edit);
        }
        value
    }

    /// With a few places changed, as YAML; every fourth time its text is spoilt instead.
    pub fn spoilt(&self, which: u8, edits: &[Edit]) -> Vec<u8> {
        match which % 8 {
            0 => spoil(self.text.clone().into_bytes(), edits),
            4 => spoil(self.bare.clone().into_bytes(), edits),
            _ => serde_yaml::to_string(&self.changed(edits))
                .unwrap_or_default()
                .into_bytes(),
        }
    }
}

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().unwrap();
}

/// Gives the file of this name, in a folder of this thread, to the one who reads it.
pub fn with_file<T>(name: &str, bytes: &[u8], reader: impl FnOnce(&Path) -> T) -> T {
    FOLDER.with(|folder| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        bounded(32 * MB, || reader(&path))
    })
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
