//! The policy's folder, which appears whole or not at all.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::page::page;
use super::report::Report;
use crate::errors::ConfigErrors;
use crate::spec::{PolicySpec, SourceSpec, Weights};

/// The files of a policy.
const FILES: [&str; 4] = [
    "policy.yaml",
    "weights.safetensors",
    "report.json",
    "report.html",
];

/// A place where a policy may be written.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
    /// Beside the folder, so that renaming stays within one file system.
    temporary: PathBuf,
}

impl Output {
    /// Checks that a policy may be written to `folder`, before anything is computed. With `force`, a policy that
    /// is there may be replaced; anything else never is.
    ///
    /// # Errors
    /// Why it may not.
    pub fn claim(folder: &Path, force: bool) -> Result<Self, ConfigErrors> {
        let place = folder.display();
        let problem = |e: io::Error| ConfigErrors::from(format!("output folder {place}: {e}"));
        let absolute = std::path::absolute(folder).map_err(problem)?;
        let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
            return Err(format!("output folder {place}: it needs a name").into());
        };
        if absolute.is_dir() {
            for entry in fs::read_dir(&absolute).map_err(problem)?.flatten() {
                let found = entry.file_name();
                if !FILES.iter().any(|file| found == **file) {
                    return Err(format!(
                        "output folder {place}: {} in it is not part of a policy; name a new folder",
                        found.display()
                    )
                    .into());
                }
                if !force {
                    return Err(format!(
                        "output folder {place}: there is a policy in it; name a new folder, or replace it with --force"
                    )
                    .into());
                }
            }
        } else if absolute.exists() {
            return Err(format!("output folder {place}: it is a file").into());
        }
        fs::create_dir_all(parent).map_err(problem)?;
        // Without links, so that relative paths from here lead where they seem to.
        let folder = parent.canonicalize().map_err(problem)?.join(name);
        let hidden = format!(".{}.{}.tmp", name.display(), std::process::id());
        Ok(Self {
            temporary: folder.with_file_name(hidden),
            folder,
        })
    }

    /// The folder, without links on the way.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where gradient descent is written down until there is a policy: beside the folder.
    pub fn checkpoint(&self) -> PathBuf {
        let name = self.folder.file_name().unwrap_or_default();
        let hidden = format!(".{}.checkpoint", name.display());
        self.folder.with_file_name(hidden)
    }

    /// Writes everything, then shows it under its name.
    ///
    /// # Errors
    /// What the file system says; what was there before is then there still.
    pub fn write(
        &self,
        spec: &PolicySpec,
        weights: &Weights,
        report: &Report,
    ) -> Result<(), ConfigErrors> {
        let written = self
            .fill(spec, weights, report)
            .and_then(|()| self.swap().map_err(|e| self.problem(&e)));
        // After a success it is gone already; after a failure nothing half-written stays.
        let _ = fs::remove_dir_all(&self.temporary);
        written
    }

    fn fill(
        &self,
        spec: &PolicySpec,
        weights: &Weights,
        report: &Report,
    ) -> Result<(), ConfigErrors> {
        let at = |name: &str| self.temporary.join(name);
        let failed = |e: io::Error| self.problem(&e);
        fs::create_dir_all(&self.temporary).map_err(failed)?;
        let yaml = serde_yaml::to_string(spec).map_err(|e| self.problem(&e))?;
        let yaml =
            format!("# Written by `late_fusion train`; paths start from this folder.\n{yaml}");
        fs::write(at("policy.yaml"), yaml).map_err(failed)?;
        weights.save(&at("weights.safetensors"))?;
        let json = serde_json::to_string_pretty(report).map_err(|e| self.problem(&e))?;
        fs::write(at("report.json"), json + "\n").map_err(failed)?;
        fs::write(at("report.html"), page(report)).map_err(failed)
    }

    fn swap(&self) -> io::Result<()> {
        if !self.folder.is_dir() {
            return fs::rename(&self.temporary, &self.folder);
        }
        let old = self.temporary.with_extension("old");
        fs::rename(&self.folder, &old)?;
        if let Err(e) = fs::rename(&self.temporary, &self.folder) {
            fs::rename(&old, &self.folder)?;
            return Err(e);
        }
        fs::remove_dir_all(old)
    }

    fn problem(&self, what: &dyn std::fmt::Display) -> ConfigErrors {
        format!("output folder {}: {what}", self.folder.display()).into()
    }
}

/// Rewrites the encoders' paths, which start from `before`, to start from `after`.
///
/// # Errors
/// A file that is not there.
pub fn relocate(source: &mut SourceSpec, before: &Path, after: &Path) -> Result<(), ConfigErrors> {
    let move_one = |path: &mut PathBuf| -> Result<(), ConfigErrors> {
        let file = before.join(&*path);
        let file = file
            .canonicalize()
            .map_err(|e| format!("{}: {e}", file.display()))?;
        *path = relative(&file, after);
        Ok(())
    };
    match source {
        SourceSpec::Image { encoder } => move_one(&mut encoder.model),
        SourceSpec::Text { encoder } => {
            move_one(&mut encoder.model).and_then(|()| move_one(&mut encoder.tokenizer))
        }
        SourceSpec::Vector { .. } | SourceSpec::Feature { .. } => Ok(()),
    }
}

/// The way from a folder to a file, both absolute and without links.
fn relative(file: &Path, folder: &Path) -> PathBuf {
    let (file, folder): (Vec<Component>, Vec<Component>) =
        (file.components().collect(), folder.components().collect());
    let shared = file.iter().zip(&folder).take_while(|(a, b)| a == b).count();
    let up = folder[shared..].iter().map(|_| Component::ParentDir);
    up.chain(file[shared..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_lead_from_the_folder_to_the_file() {
        let way = |file: &str, folder: &str| relative(file.as_ref(), folder.as_ref());
        let file = "/a/models/encoders/e/model.onnx";
        assert_eq!(
            way(file, "/a/models/policies/p"),
            Path::new("../../encoders/e/model.onnx")
        );
        assert_eq!(way(file, "/a/models/encoders/e"), Path::new("model.onnx"));
        assert_eq!(
            way(file, "/b"),
            Path::new("../a/models/encoders/e/model.onnx")
        );
    }

    #[test]
    fn only_a_policy_is_ever_replaced_and_only_when_asked() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("policy");
        assert!(Output::claim(&folder, false).is_ok(), "a new folder");
        fs::create_dir(&folder).unwrap();
        assert!(Output::claim(&folder, false).is_ok(), "an empty folder");
        fs::write(folder.join("policy.yaml"), "").unwrap();
        let text = Output::claim(&folder, false).unwrap_err().to_string();
        assert!(text.contains("--force"), "{text}");
        assert!(Output::claim(&folder, true).is_ok(), "asked for");
        fs::write(folder.join("thesis.tex"), "").unwrap();
        let text = Output::claim(&folder, true).unwrap_err().to_string();
        assert!(text.contains("thesis.tex"), "{text}");
    }
}
