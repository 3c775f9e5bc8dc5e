//! Altered copies of pictures: what is learned from them hangs less on where a camera stood, on the light, and on how good
//! the camera is.
//!
//! A copy is made of a picture as its encoder is given it: of the encoder's size, before normalization, whatever the
//! message's encoding was.

mod alteration;
mod occlusion;
mod quantity;
mod ranges;
mod tone;
mod warp;

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Serialize;
use serde_yaml::{Mapping, Value};
use sha2::{Digest, Sha256};

pub use self::alteration::Alteration;
use self::ranges::{Ranges, keys, shown};
use crate::errors::ConfigErrors;
use crate::spec::{ModalitySpec, SourceSpec};

/// The `training.augment` of a training file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Augment {
    /// How many copies of every picture are encoded beside it.
    pub copies: usize,
    /// What is altered about them.
    #[serde(flatten)]
    ranges: Ranges,
    /// Ranges that a modality has instead.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    modalities: BTreeMap<String, Ranges>,
}

/// What is altered about the pictures of one modality.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Augmentation {
    /// How many copies follow every picture.
    pub copies: usize,
    ranges: Ranges,
    is_depth: bool,
}

/// More copies would be more of the same.
const MOST_COPIES: u64 = 32;

/// Changes whenever the same ranges would give other copies than before.
pub const DRAWING: &str = "drawing 2";

const PLACE: &str = "training.augment";

const EXAMPLE: &str = "{copies: 2, brightness: [0.7, 1.4], shift: [-0.05, 0.05]}";

impl Augment {
    /// Reads the value of the key.
    ///
    /// # Errors
    /// Everything that cannot be read or is not allowed, each with its value and what is allowed.
    pub fn read(value: Value) -> Result<Self, ConfigErrors> {
        let Value::Mapping(mut keys) = value else {
            return Err(format!("{PLACE} is {}; it is as in {EXAMPLE}", shown(&value)).into());
        };
        let mut errors = ConfigErrors::new();
        let found = &mut errors;
        let copies = copies(keys.remove("copies"), found);
        let modalities = each_modality(keys.remove("modalities"), found);
        let ranges = Ranges::read(keys, &["copies", "modalities"], PLACE, found);
        if found.is_empty() && ranges.are_neutral() && modalities.values().all(Ranges::are_neutral)
        {
            found.add(format!(
                "{PLACE} alters nothing; give ranges for some of {}, as in {EXAMPLE}",
                self::keys()
            ));
        }
        errors.or(Self {
            copies,
            ranges,
            modalities,
        })
    }

    /// Adds what does not fit the policy to `errors`.
    pub fn check(&self, modalities: &[ModalitySpec], errors: &mut ConfigErrors) {
        let cameras = || modalities.iter().filter(|m| is_image(&m.source));
        for camera in cameras().filter(|camera| camera.history > 1) {
            errors.add(format!(
                "{PLACE}: modality {} has a history of {}; altered copies are for a history of 1, or its pictures would jump",
                camera.name, camera.history
            ));
        }
        if !cameras().any(|camera| self.of(&camera.name, &camera.source).is_some()) {
            errors.add(format!(
                "{PLACE} alters the pictures of no modality: pictures are of the kind image, and distances are only moved and \
                 hidden in part (zoom, shift, rotation_deg, perspective, occlusion)"
            ));
        }
        for (name, ranges) in &self.modalities {
            let place = format!("{PLACE}.modalities.{name}");
            let Some(camera) = cameras().find(|camera| camera.name == *name) else {
                let known: Vec<&str> = cameras().map(|camera| camera.name.as_str()).collect();
                errors.add(format!(
                    "{place}: there is no modality of pictures of this name; there are: {}",
                    known.join(", ")
                ));
                continue;
            };
            for quantity in ranges.quantities() {
                if is_depth(&camera.source) && !quantity.is_of_depth() {
                    errors.add(format!(
                        "{place}.{} is for colors, and this modality's pictures are distances; zoom, shift, rotation_deg, \
                         perspective and occlusion are allowed",
                        quantity.rules().key
                    ));
                }
            }
        }
    }

    /// What is altered about the pictures of a modality, if anything.
    pub fn of(&self, name: &str, source: &SourceSpec) -> Option<Augmentation> {
        let is_depth = is_depth(source);
        let ranges = self.ranges.with(self.modalities.get(name));
        let ranges = match is_depth {
            true => ranges.of_depth(),
            false => ranges,
        };
        (is_image(source) && !ranges.are_neutral()).then_some(Augmentation {
            copies: self.copies,
            ranges,
            is_depth,
        })
    }
}

impl Augmentation {
    /// The copies of one picture, of which the first [`Augmentation::copies`] are learned from: of a message, known by its
    /// recording's digest, its topic and its number there, always the same ones, so that the cache and a second training see
    /// what the first one saw.
    pub fn of_message(
        &self,
        recording: &str,
        topic: &str,
        number: u32,
    ) -> impl Iterator<Item = Alteration> {
        let mut hash = Sha256::new();
        for text in [recording, topic] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        hash.update(number.to_le_bytes());
        let mut random = StdRng::from_seed(hash.finalize().into());
        std::iter::repeat_with(move || Alteration::draw(&self.ranges, self.is_depth, &mut random))
    }
}

fn copies(value: Option<Value>, errors: &mut ConfigErrors) -> usize {
    let found = value.as_ref().and_then(Value::as_u64);
    match (found, value) {
        (Some(copies), _) if (1..=MOST_COPIES).contains(&copies) => return copies as usize,
        (_, Some(value)) => errors.add(format!(
            "{PLACE}.copies is {}; 1 to {MOST_COPIES} are allowed",
            shown(&value)
        )),
        (_, None) => errors.add(format!(
            "{PLACE}: the key `copies` is missing; 1 to {MOST_COPIES} are allowed"
        )),
    }
    0
}

fn each_modality(value: Option<Value>, errors: &mut ConfigErrors) -> BTreeMap<String, Ranges> {
    let given = match value {
        None => return BTreeMap::new(),
        Some(Value::Mapping(given)) => given,
        Some(other) => {
            errors.add(format!(
                "{PLACE}.modalities is {}; it is as in {{wrist: {{shift: [0, 0]}}}}",
                shown(&other)
            ));
            return BTreeMap::new();
        }
    };
    let mut modalities = BTreeMap::new();
    for (name, value) in given {
        let name = shown(&name);
        let place = format!("{PLACE}.modalities.{name}");
        match value {
            Value::Mapping(keys) => {
                modalities.insert(name, Ranges::read(keys, &[], &place, errors));
            }
            other => errors.add(format!(
                "{place} is {}; ranges are needed, as in {{shift: [0, 0]}}",
                shown(&other)
            )),
        }
    }
    modalities
}

/// What is said of the key that was there before, if it is there.
pub fn refuse_random_shift(training: &Mapping, errors: &mut ConfigErrors) {
    let Some(before) = training.get("random_shift") else {
        return;
    };
    let copies = before.get("copies").and_then(Value::as_u64).unwrap_or(2);
    let most = before.get("max_fraction").and_then(Value::as_f64);
    let most = most.unwrap_or(0.05);
    errors.add(format!(
        "training.random_shift is now {PLACE}; write augment: {{copies: {copies}, shift: [-{most}, {most}]}}"
    ));
}

fn is_image(source: &SourceSpec) -> bool {
    matches!(source, SourceSpec::Image { .. })
}

fn is_depth(source: &SourceSpec) -> bool {
    matches!(source, SourceSpec::Image { encoder } if encoder.input.depth.is_some())
}

#[cfg(test)]
mod tests;
