//! The recordings that a user names: files, or folders that are searched for files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::file_name::{LEROBOT, is_compressed, is_recording};
use super::files::Bag;
use super::metadata;
use super::split::join;
use crate::errors::ConfigErrors;

/// Every recording among `paths` and below the folders among them, each once, sorted.
///
/// A folder with a `metadata.yaml` is one recording, and so is a dataset of LeRobot. Files without one are joined where
/// their names and times say that they are one recording; that is noted. A file that is named is read with those named
/// beside it, and no other.
///
/// # Errors
/// Every path that cannot be read, every folder without a recording, and every recording of a kind that is not read.
pub fn find(paths: &[PathBuf]) -> Result<Vec<Bag>, ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let mut found = Found::default();
    for path in paths {
        let place = path.display();
        match path.metadata() {
            Err(e) => errors.add(format!("bag {place}: {e}")),
            Ok(data) if data.is_dir() => {
                let (before, told) = (found.count(), errors.iter().count());
                found.search(path, &mut errors);
                if found.count() == before && errors.iter().count() == told {
                    errors.add(format!(
                        "folder {place}: there is no recording in it or below it (.mcap, .mcap.zstd, .db3, a folder with \
                         a {}, or a LeRobot dataset with its {LEROBOT})",
                        metadata::NAME
                    ));
                }
            }
            Ok(_) if path.file_name().is_some_and(|name| name == metadata::NAME) => {
                let folder = folder_of(path);
                let folder = match folder.as_os_str().is_empty() {
                    true => Path::new("."),
                    false => &folder,
                };
                found.recorded(folder, &mut errors);
            }
            Ok(_) => {
                found.files.insert(path.clone());
            }
        }
    }
    if paths.is_empty() {
        errors.add("no bag is named; name .mcap or .db3 files, or folders that hold them");
    }
    errors.or(found.bags())
}

#[derive(Default)]
struct Found {
    /// Folders with a `metadata.yaml`, and datasets of LeRobot.
    folders: BTreeMap<PathBuf, Bag>,
    /// Files that were named, or found without one.
    files: BTreeSet<PathBuf>,
}

impl Found {
    fn count(&self) -> usize {
        self.folders.len() + self.files.len()
    }

    fn search(&mut self, folder: &Path, errors: &mut ConfigErrors) {
        if folder.join(metadata::NAME).is_file() {
            return self.recorded(folder, errors);
        }
        if folder.join(LEROBOT).is_file() {
            let files = vec![folder.join(LEROBOT)];
            let bag = Bag::of_files(folder.to_owned(), files, Vec::new());
            self.folders.insert(folder.to_owned(), bag);
            return;
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) => return errors.add(format!("folder {}: {e}", folder.display())),
        };
        for entry in entries.flatten() {
            let path = entry.path();
            // Links to folders are not followed: they may lead in a circle.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.search(&path, errors);
            } else if is_recording(&path) && path.is_file() {
                // What rosbag2 leaves beside a compressed file that it played is that file once more.
                if !(is_compressed(&path) && path.with_extension("").is_file()) {
                    self.files.insert(path);
                }
            }
        }
    }

    /// Takes in a folder that has a `metadata.yaml`.
    fn recorded(&mut self, folder: &Path, errors: &mut ConfigErrors) {
        let files = match metadata::files(folder) {
            Ok(files) => files,
            Err(why) => return errors.add(format!("bag {}: {why}", folder.display())),
        };
        let others = recordings_in(folder).into_iter();
        let others: Vec<String> = others
            .filter(|path| !files.contains(path))
            .filter_map(|path| Some(path.file_name()?.display().to_string()))
            .collect();
        let mut notes = Vec::new();
        if !others.is_empty() {
            notes.push(format!(
                "{} is left out, because {} does not list it",
                others.join(", "),
                metadata::NAME
            ));
        }
        let bag = Bag::of_files(folder.to_owned(), files, notes);
        self.folders.insert(folder.to_owned(), bag);
    }

    fn bags(self) -> Vec<Bag> {
        let Self { folders, mut files } = self;
        for file in folders.values().flat_map(Bag::files) {
            files.remove(file);
        }
        // Files that were named one by one, of folders in which rosbag2 says what belongs together.
        let mut named: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
        let mut plain = Vec::new();
        for file in files {
            let folder = folder_of(&file);
            match folder.join(metadata::NAME).is_file() {
                true => named.entry(folder).or_default().push(file),
                false => plain.push(file),
            }
        }
        let mut bags: Vec<Bag> = folders.into_values().collect();
        for (folder, files) in named {
            let listed = metadata::files(&folder).unwrap_or_default();
            let (of_it, others): (Vec<_>, Vec<_>) =
                files.into_iter().partition(|file| listed.contains(file));
            plain.extend(others);
            bags.extend(some_of(&listed, of_it));
        }
        bags.extend(join(plain));
        bags.sort_by(|a, b| a.path().cmp(b.path()));
        bags
    }
}

/// The files among those of one recording that were named: one recording for each stretch without a gap.
fn some_of(listed: &[PathBuf], named: Vec<PathBuf>) -> Vec<Bag> {
    let mut bags: Vec<Bag> = Vec::new();
    let mut before = false;
    for file in listed {
        let is_named = named.contains(file);
        match bags.last_mut().filter(|_| before && is_named) {
            Some(bag) => bag.files.push(file.clone()),
            None if is_named => bags.push(Bag::single(file.clone())),
            None => {}
        }
        before = is_named;
    }
    for bag in &mut bags {
        if bag.files.len() < listed.len() {
            bag.notes.push(format!(
                "{} of the {} files of this recording are read; name its folder to read it whole",
                bag.files.len(),
                listed.len()
            ));
        }
    }
    bags
}

fn recordings_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| is_recording(path)).collect();
    paths.sort();
    paths
}

fn folder_of(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_and_every_bag_comes_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("b/c")).unwrap();
        for name in ["z.mcap", "b/c/y.mcap", "b/x.mcap", "b/notes.txt"] {
            std::fs::write(at(name), b"").unwrap();
        }
        let bags = find(&[at(""), at("z.mcap")]).unwrap();
        let paths: Vec<&Path> = bags.iter().map(Bag::path).collect();
        assert_eq!(paths, [at("b/c/y.mcap"), at("b/x.mcap"), at("z.mcap")]);
    }

    #[test]
    fn what_is_missing_or_holds_no_bag_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let text = find(&[folder.path().to_owned()]).unwrap_err().to_string();
        assert!(text.contains("no recording in it"), "{text}");
        let missing = folder.path().join("monday.mcap");
        let text = find(&[missing]).unwrap_err().to_string();
        assert!(text.contains("monday.mcap"), "{text}");
        assert!(find(&[]).is_err());
    }
}
