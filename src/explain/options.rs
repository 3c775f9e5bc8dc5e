//! What to explain.

use std::path::PathBuf;

use crate::config::RosArguments;

/// What to explain, and where to write it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The node's parameters, and which node it is.
    pub parameters: RosArguments,
    /// A policy folder to explain instead of the one in the parameter file.
    pub policy: Option<PathBuf>,
    /// A recording: a file, or a folder that holds one.
    pub bag: PathBuf,
    /// The folder to write to.
    pub out: PathBuf,
    /// Which episode, counted from 1; the first where there are any, else the whole recording.
    pub episode: Option<usize>,
    /// The first second, counted from the beginning of the episode or recording.
    pub from_s: Option<f64>,
    /// The last second.
    pub to_s: Option<f64>,
    /// Explain every n-th control period; otherwise as many as give [`MOST_MOMENTS`] at most.
    pub every: Option<usize>,
}

/// More samples than this are thinner than what one sees in the picture.
pub const MOST_MOMENTS: usize = 400;
