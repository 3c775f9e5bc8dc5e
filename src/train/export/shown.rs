//! What encoders are shown: some pictures of every camera, as png.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::folder::NewFolder;
use crate::bag::{Place, Reader};
use crate::encoder::RgbPicture;
use crate::errors::ConfigErrors;
use crate::spec::SourceSpec;
use crate::train::dataset::Dataset;
use crate::train::job::Job;
use crate::train::survey::Recording;

/// Writes at most so many pictures of every camera, spread evenly over the samples, each into the folder of its modality.
/// Says how many there were where they were fewer.
///
/// # Errors
/// A policy without cameras, messages that cannot be read any more, and what the file system says.
pub(super) fn write(
    folder: &NewFolder,
    job: &Job,
    recordings: &[Recording],
    dataset: &Dataset,
    most: usize,
) -> Result<Vec<String>, ConfigErrors> {
    let mut notes = Vec::new();
    let mut cameras = 0;
    for (i, modality) in job.file.policy.modalities.iter().enumerate() {
        let SourceSpec::Image { encoder } = &modality.source else {
            continue;
        };
        cameras += 1;
        let name = &modality.name;
        let mut written = 0;
        for (recording, numbers) in evenly(dataset, i, most) {
            let recording = &recordings[recording];
            let places: BTreeSet<Place> = (numbers.iter())
                .map(|number| recording.places[i][*number as usize])
                .collect();
            let places = Vec::from_iter(places);
            let mut pngs = Vec::with_capacity(places.len());
            Reader::with(recording.layout.clone()).fetch(&places, |_, _, bytes| {
                let picture =
                    RgbPicture::of_input(recording.message_types[i], bytes, &encoder.input);
                pngs.push(picture.and_then(|picture| picture.png()));
            })?;
            for png in pngs {
                let png =
                    png.map_err(|e| format!("modality {name}: a picture cannot be exported: {e}"))?;
                let path = folder.file(&format!("{name}/{written:06}.png"))?;
                fs::write(path, png).map_err(|e| folder.problem(&e))?;
                written += 1;
            }
        }
        if written < most {
            notes.push(format!("modality {name} has {written} different pictures"));
        }
    }
    match cameras {
        0 => Err(
            "pictures are of cameras, and no modality is of the kind image"
                .to_owned()
                .into(),
        ),
        _ => Ok(notes),
    }
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
