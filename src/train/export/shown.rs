//! What encoders are shown: some pictures of every camera, as png.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::folder::NewFolder;
use crate::bag::{Place, Reader};
use crate::encoder::RgbPicture;
use crate::errors::ConfigErrors;
use crate::spec::{ModalitySpec, PolicySpec, SourceSpec};
use crate::train::dataset::Dataset;
use crate::train::job::Job;
use crate::train::survey::Recording;

/// Refuses a policy that has nothing to show.
///
/// # Errors
/// A policy without cameras.
pub(super) fn need_camera(policy: &PolicySpec) -> Result<(), ConfigErrors> {
    let is_camera = |modality: &ModalitySpec| matches!(modality.source, SourceSpec::Image { .. });
    match policy.modalities.iter().any(is_camera) {
        true => Ok(()),
        false => Err(
            "pictures are of cameras, and no modality is of the kind image"
                .to_owned()
                .into(),
        ),
    }
}

/// Writes at most so many pictures of every camera, spread evenly over the samples, each into the folder of its modality.
/// Says how many there were where they were fewer.
///
/// # Errors
/// Messages that cannot be read any more, and what the file system says.
pub(super) fn write(
    folder: &NewFolder,
    job: &Job,
    recordings: &[Recording],
    dataset: &Dataset,
    most: usize,
) -> Result<Vec<String>, ConfigErrors> {
    let mut notes = Vec::new();
    for (i, modality) in job.file.policy.modalities.iter().enumerate() {
        let SourceSpec::Image { encoder } = &modality.source else {
            continue;
        };
        let name = &modality.name;
        let mut written = 0;
        for (recording, numbers) in evenly(dataset, i, most) {
            let recording = &recordings[recording];
            let places: BTreeSet<Place> = (numbers.iter())
                .map(|number| recording.places[i][*number as usize])
                .collect();
            let write = |number: usize, bytes: &[u8]| -> Result<(), ConfigErrors> {
                let message_type = recording.message_types[i];
                let png = RgbPicture::of_input(message_type, bytes, &encoder.input)
                    .and_then(|picture| picture.png())
                    .map_err(|e| format!("modality {name}: a picture cannot be exported: {e}"))?;
                let path = folder.file(&format!("{name}/{number:06}.png"))?;
                fs::write(path, png).map_err(|e| folder.problem(&e))
            };
            let mut outcome = Ok(());
            let places = Vec::from_iter(places);
            Reader::with(recording.layout.clone()).fetch(&places, |place, _, bytes| {
                if outcome.is_ok() {
                    outcome = write(written + place, bytes);
                }
            })?;
            outcome?;
            written += places.len();
        }
        if written < most {
            notes.push(format!("modality {name} has {written} different pictures"));
        }
    }
    Ok(notes)
}

/// Of at most so many samples, as far from each other as they can be, the messages of a modality by recording.
fn evenly(dataset: &Dataset, modality: usize, most: usize) -> BTreeMap<usize, BTreeSet<u32>> {
    let mut all: Vec<(usize, u32)> = (dataset.episodes.iter())
        .flat_map(|episode| {
            let numbers = &dataset.messages[modality][episode.samples.clone()];
            numbers.iter().map(|number| (episode.recording, *number))
        })
        .collect();
    // Several samples may have used one picture.
    all.sort_unstable();
    all.dedup();
    let count = most.min(all.len());
    let mut chosen: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
    for i in 0..count {
        let (recording, number) = all[i * all.len() / count];
        chosen.entry(recording).or_default().insert(number);
    }
    chosen
}
