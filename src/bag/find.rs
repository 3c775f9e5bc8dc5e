//! The bags that a user names: files, or folders that are searched for files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::errors::ConfigErrors;

/// Every `.mcap` file among `paths` and below the folders among them, each once, sorted.
///
/// # Errors
/// Every path that cannot be read, and every folder without a bag.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let mut found = BTreeSet::new();
    for path in paths {
        let before = found.len();
        match path.metadata() {
            Err(e) => errors.add(format!("bag {}: {e}", path.display())),
            Ok(data) if data.is_dir() => {
                search(path, &mut found, &mut errors);
                if found.len() == before && errors.is_empty() {
                    errors.add(format!(
                        "folder {}: there is no .mcap file in it or below it",
                        path.display()
                    ));
                }
            }
            Ok(_) => {
                found.insert(path.clone());
            }
        }
    }
    if paths.is_empty() {
        errors.add("no bag is named; name .mcap files, or folders that hold them");
    }
    errors.or(found.into_iter().collect())
}

fn search(folder: &Path, found: &mut BTreeSet<PathBuf>, errors: &mut ConfigErrors) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) => return errors.add(format!("folder {}: {e}", folder.display())),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        // Links to folders are not followed: they may lead in a circle.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            search(&path, found, errors);
        } else if path.extension().is_some_and(|e| e == "mcap") && path.is_file() {
            found.insert(path);
        }
    }
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
        assert_eq!(bags, [at("b/c/y.mcap"), at("b/x.mcap"), at("z.mcap")]);
    }

    #[test]
    fn what_is_missing_or_holds_no_bag_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let text = find(&[folder.path().to_owned()]).unwrap_err().to_string();
        assert!(text.contains("no .mcap file"), "{text}");
        let missing = folder.path().join("monday.mcap");
        let text = find(&[missing]).unwrap_err().to_string();
        assert!(text.contains("monday.mcap"), "{text}");
        assert!(find(&[]).is_err());
    }
}
