//! What a dataset holds, once its frames are written.

use std::collections::BTreeSet;
use std::ops::Range;

use super::columns::Columns;
use super::folder::NewFolder;
use super::pictures::Seen;
use super::statistics::Vectors;
use crate::train::dataset::Dataset;
use crate::train::job::Job;

/// What a dataset holds.
pub(super) struct Written<'a> {
    pub folder: &'a NewFolder,
    pub job: &'a Job,
    pub dataset: &'a Dataset,
    pub columns: Columns,
    /// Frames per second.
    pub fps: u32,
    /// Sentences, each at its number.
    pub tasks: Vec<String>,
    pub episodes: Vec<EpisodeRow>,
    pub state: Vectors,
    pub action: Vectors,
    pub ready_made: Vec<Vectors>,
    pub seen: Vec<Seen>,
    /// The task of every frame.
    pub task_of: Vec<i64>,
}

/// One episode of a dataset.
pub(super) struct EpisodeRow {
    /// Its frames, counted over the whole dataset.
    pub frames: Range<usize>,
    /// The file that they are in, counted from 0.
    pub file: usize,
    /// The numbers of what was to be done in it.
    pub tasks: BTreeSet<i64>,
}
