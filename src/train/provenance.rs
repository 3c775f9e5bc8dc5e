//! What made the features that come ready-made in the bags: one encoder per modality, and the one that the policy names.

use std::collections::BTreeMap;
use std::path::Path;

use super::source::UNSAID;
use super::survey::Recording;
use super::training_input::TrainingInput;
use crate::encoder::fingerprint;
use crate::errors::ConfigErrors;
use crate::spec::{ModalitySpec, SourceSpec, Weights};

/// Checks the fingerprints that the bags' features carry, and takes them over where the training file leaves them open.
///
/// # Errors
/// Every modality whose features were made by more than one encoder, or by another than the training file names, or of
/// which altered copies are asked for.
pub fn settle(
    modalities: &mut [ModalitySpec],
    inputs: &mut [TrainingInput],
    recordings: &[Recording],
) -> Result<(), ConfigErrors> {
    let mut errors = ConfigErrors::new();
    for (i, (modality, training_input)) in modalities.iter_mut().zip(inputs).enumerate() {
        let found = found(recordings, i);
        if let Some(bag) = found.values().next().filter(|_| training_input.copies > 0) {
            let (key, altered) = match modality.source {
                SourceSpec::Text { .. } => ("typos", "sentences can be mistyped"),
                _ => ("augment", "pictures can be altered"),
            };
            errors.add(format!(
                "training.{key}: modality {} comes as features that were made elsewhere in {}, and only {altered}; leave {key} \
                 or this bag out",
                modality.name,
                bag.display()
            ));
        }
        let wanted = fingerprint(
            &training_input.modality(&modality.name),
            &Weights::default(),
        );
        let settled = match wanted {
            Some(wanted) if wanted != UNSAID => as_named(&wanted, &found),
            Some(_) => as_found(&found).map(|encoder| {
                let encoder = encoder.to_owned();
                training_input.source = SourceSpec::Feature { encoder };
                modality.source = training_input.source.clone();
            }),
            None => Ok(()),
        };
        if let Err(problem) = settled {
            errors.add(format!("modality {}: {problem}", modality.name));
        }
    }
    errors.or(())
}

/// The fingerprints that a modality's features carry, each with the first bag that has it.
fn found(recordings: &[Recording], modality: usize) -> BTreeMap<&str, &Path> {
    let mut found = BTreeMap::new();
    for recording in recordings {
        for encoder in &recording.encoders[modality] {
            found.entry(&**encoder).or_insert(&*recording.path);
        }
    }
    found
}

fn as_named(wanted: &str, found: &BTreeMap<&str, &Path>) -> Result<(), String> {
    let others: Vec<_> = found.iter().filter(|(name, _)| **name != wanted).collect();
    match others.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "the training file asks for features of {wanted:?}, and there are {}; record them again, or leave these \
             bags out",
            list(others.into_iter())
        )),
    }
}

fn as_found<'a>(found: &BTreeMap<&'a str, &Path>) -> Result<&'a str, String> {
    let mut names = found.keys();
    match (names.next(), names.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(
            "no message in the bags could be read as a feature, so its encoder is unknown".into(),
        ),
        _ => Err(format!(
            "its features were made by several encoders: {}; a policy learns from one",
            list(found.iter())
        )),
    }
}

fn list<'a>(found: impl Iterator<Item = (&'a &'a str, &'a &'a Path)>) -> String {
    let each: Vec<String> = found
        .map(|(name, bag)| format!("{name:?} (in {})", bag.display()))
        .collect();
    each.join(", ")
}
