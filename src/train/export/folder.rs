//! The folder of an export, which appears whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::errors::ConfigErrors;

/// A folder that is not there yet.
pub(super) struct NewFolder {
    folder: PathBuf,
    /// Beside the folder, so that renaming stays within one file system.
    temporary: PathBuf,
}

impl NewFolder {
    /// Checks that nothing has the name, and makes a hidden folder beside it.
    ///
    /// # Errors
    /// Something that is there already, or what the file system says.
    pub fn claim(folder: &Path) -> Result<Self, ConfigErrors> {
        let place = folder.display();
        let problem = |e: io::Error| ConfigErrors::from(format!("output folder {place}: {e}"));
        let absolute = std::path::absolute(folder).map_err(problem)?;
        let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
            return Err(format!("output folder {place}: it needs a name").into());
        };
        if absolute.exists() {
            return Err(format!(
                "output folder {place}: there is something of that name already, and an export never replaces \
                 anything; name a new folder"
            )
            .into());
        }
        fs::create_dir_all(parent).map_err(problem)?;
        // Without links, so that relative paths from here lead where they seem to.
        let folder = parent.canonicalize().map_err(problem)?.join(name);
        let hidden = format!(".{}.{}.tmp", name.display(), std::process::id());
        let temporary = folder.with_file_name(hidden);
        fs::create_dir(&temporary).map_err(problem)?;
        Ok(Self { folder, temporary })
    }

    /// What it will be called, without links on the way.
    pub fn name(&self) -> &Path {
        &self.folder
    }

    /// The place of a file in it while it is written, below folders that are there.
    ///
    /// # Errors
    /// What the file system says.
    pub fn file(&self, name: &str) -> Result<PathBuf, ConfigErrors> {
        let path = self.temporary.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| self.problem(&e))?;
        }
        Ok(path)
    }

    /// Writes a file of it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, name: &str, content: &str) -> Result<(), ConfigErrors> {
        fs::write(self.file(name)?, content).map_err(|e| self.problem(&e))
    }

    /// Shows it under its name.
    ///
    /// # Errors
    /// What the file system says.
    pub fn show(self) -> Result<(), ConfigErrors> {
        fs::rename(&self.temporary, &self.folder).map_err(|e| self.problem(&e))
    }

    /// What went wrong, with the folder's name.
    pub fn problem(&self, why: &dyn std::fmt::Display) -> ConfigErrors {
        format!("output folder {}: {why}", self.folder.display()).into()
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        // After it was shown there is nothing of that name; otherwise nothing half-written stays.
        let _ = fs::remove_dir_all(&self.temporary);
    }
}
