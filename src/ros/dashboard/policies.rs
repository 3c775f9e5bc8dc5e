//! The policies that could take over: the folders beside that of the active one.

use std::path::{Path, PathBuf};

/// More than anybody reads in a list.
const MOST: usize = 200;

/// Entries of a folder that are looked at.
const MOST_ENTRIES: usize = 10_000;

/// Their names, in alphabetical order.
pub(super) fn beside(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(shelf(folder)).into_iter().flatten();
    let found = entries.take(MOST_ENTRIES).flatten();
    let found = found.filter(|entry| entry.path().join("policy.yaml").is_file());
    let mut names: Vec<String> = found
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names.truncate(MOST);
    names
}

/// The folder of one of them; `None` for a name that is not in the list.
pub(super) fn folder_of(folder: &Path, name: &str) -> Option<PathBuf> {
    let is_one = beside(folder).iter().any(|known| known == name);
    is_one.then(|| shelf(folder).join(name))
}

/// The folder that they all lie in.
fn shelf(folder: &Path) -> &Path {
    match folder.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_beside_the_policy_and_is_one_can_be_named() {
        let shelf = tempfile::tempdir().unwrap();
        for name in ["second", "first", "notes"] {
            std::fs::create_dir(shelf.path().join(name)).unwrap();
        }
        for name in ["second", "first"] {
            std::fs::write(shelf.path().join(name).join("policy.yaml"), "").unwrap();
        }
        std::fs::write(shelf.path().join("policy.yaml"), "").unwrap();
        let folder = shelf.path().join("first");
        assert_eq!(beside(&folder), ["first", "second"]);
        let second = folder_of(&folder, "second");
        assert_eq!(second, Some(shelf.path().join("second")));
        for name in ["notes", "..", ".", "", "../first", "/etc", "second/"] {
            assert_eq!(folder_of(&folder, name), None, "{name}");
        }
        assert_eq!(beside(Path::new("")), beside(Path::new("x")));
    }
}
