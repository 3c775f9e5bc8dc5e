//! `late_fusion export`: what a training would learn from, for other programs.
//!
//! Samples are paired as for a training, by the same code. Either their messages become a LeRobot dataset (`dataset`,
//! with the `columns` of its frames, `pictures`, `statistics` and `metadata`), or the features of the frozen encoders
//! become a table (`features`), or some pictures are written as encoders are `shown` them. `table` writes Parquet for both.

mod columns;
mod dataset;
mod features;
mod folder;
mod metadata;
mod pictures;
mod shown;
mod statistics;
mod table;
mod written;

use self::folder::NewFolder;
use super::job::Job;
use super::{Losses, Options};
use crate::errors::ConfigErrors;

/// What recordings are turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A LeRobot dataset v3.0.
    LeRobot,
    /// The features that the frozen encoders make, with the labels, in one Parquet file, and the policy without its
    /// weights.
    Features,
    /// At most so many pictures of every camera, as its encoder is given them before normalization, in png files.
    Pictures(usize),
}

/// What an export came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// Episodes.
    pub episodes: usize,
    /// Frames of a dataset, or rows of a table: one for each label that has all modalities beside it.
    pub frames: usize,
    /// Frames per second.
    pub rate_hz: f64,
    /// Labels that had not all modalities beside them, and those that could not be read.
    pub left_out: usize,
    /// For each modality by its name, why.
    pub losses: Vec<(String, Losses)>,
    /// What one should know.
    pub notes: Vec<String>,
}

/// Writes the folder `options.out`, which must not be there yet.
///
/// # Errors
/// As for [`train`](super::train), what cannot be exported, and what the file system says.
pub fn export(options: &Options, format: Format) -> Result<Exported, ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let folder = NewFolder::claim(&options.out).map_err(|e| errors.extend(e));
    let job = Job::prepare(options).map_err(|e| errors.extend(e));
    let (Ok(folder), Ok(mut job)) = (folder, job) else {
        return Err(errors);
    };
    match format {
        Format::LeRobot => job.assume_pictures(),
        Format::Pictures(_) => {
            shown::need_camera(&job.file.policy)?;
            job.assume_pictures();
        }
        Format::Features => job.without_copies(),
    }
    let recordings = job.survey()?;
    let demonstrations = job.demonstrations(&recordings)?;
    let notes = match format {
        Format::LeRobot => dataset::write(&folder, &job, &recordings, &demonstrations.dataset)?,
        Format::Features => features::write(&folder, &mut job, &demonstrations.dataset)?,
        Format::Pictures(most) => {
            shown::write(&folder, &job, &recordings, &demonstrations.dataset, most)?
        }
    };
    folder.show()?;
    let found: usize = recordings
        .iter()
        .flat_map(|recording| &recording.episodes)
        .map(|episode| episode.labels.len())
        .sum();
    let bad: usize = recordings.iter().map(|r| r.counts.bad_labels).sum();
    let frames = demonstrations.dataset.len();
    let names = job.file.policy.modalities.iter().map(|m| m.name.clone());
    Ok(Exported {
        episodes: demonstrations.dataset.episodes.len(),
        frames,
        rate_hz: job.file.policy.recorded.label_rate_hz.unwrap_or_default(),
        left_out: found - frames + bad,
        losses: names.zip(demonstrations.losses).collect(),
        notes,
    })
}
