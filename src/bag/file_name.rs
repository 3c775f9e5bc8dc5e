//! What the files of recordings are called.

use std::path::Path;

/// What makes a folder a dataset of LeRobot.
pub(super) const LEROBOT: &str = "meta/info.json";

/// Whether a file is called as recordings are.
pub(super) fn is_recording(path: &Path) -> bool {
    [".mcap", ".mcap.zstd", ".db3", ".db3.zstd"]
        .iter()
        .any(|ending| ends_in(path, ending))
}

/// Whether a file is called as compressed ones are.
pub(super) fn is_compressed(path: &Path) -> bool {
    ends_in(path, ".zstd")
}

fn ends_in(path: &Path, ending: &str) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().ends_with(ending.as_bytes()))
}
