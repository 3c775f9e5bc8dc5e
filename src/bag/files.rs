//! The files of one recording.

use std::path::{Path, PathBuf};

/// One recording: a file, or the files that a recorder split it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bag {
    path: PathBuf,
    pub(super) files: Vec<PathBuf>,
    pub(super) notes: Vec<String>,
}

impl Bag {
    /// A recording in one file.
    pub fn single(path: PathBuf) -> Self {
        Self {
            files: vec![path.clone()],
            path,
            notes: Vec::new(),
        }
    }

    /// A recording that is called `path`, in several files in their order, with what one should know about it.
    pub(super) fn of_files(path: PathBuf, files: Vec<PathBuf>, notes: Vec<String>) -> Self {
        Self { path, files, notes }
    }

    /// What it is called: its folder where rosbag2 says what is in it, otherwise its first file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its files, in their order.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// What one should know about how it was found, each with the recording's name.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        let place = self.path.display();
        self.notes
            .iter()
            .map(move |note| format!("bag {place}: {note}"))
    }
}
