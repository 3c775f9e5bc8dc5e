//! What rosbag2 writes beside the files of a recording: `metadata.yaml`.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::file_name::is_compressed;
use crate::files;

/// The file's name.
pub(super) const NAME: &str = "metadata.yaml";

#[derive(Deserialize)]
struct Metadata {
    rosbag2_bagfile_information: Information,
}

/// Of all that stands there only what decides how the files are read.
#[derive(Deserialize)]
struct Information {
    storage_identifier: String,
    relative_file_paths: Vec<PathBuf>,
    #[serde(default)]
    compression_format: String,
    #[serde(default)]
    compression_mode: String,
}

/// The files of the recording in a folder that has a `metadata.yaml`, in their order.
///
/// # Errors
/// What is wrong with it, in words: a file that cannot be understood, a storage or a compression that is not read,
/// and files that are not there.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let path = folder.join(NAME);
    let text = files::read_text(&path).map_err(|e| format!("{NAME} cannot be read: {e}"))?;
    let Metadata {
        rosbag2_bagfile_information: information,
    } = serde_yaml::from_str(&text)
        .map_err(|e| format!("{NAME} is not what rosbag2 writes: {e}"))?;
    match information.storage_identifier.as_str() {
        "mcap" | "sqlite3" => {}
        other => {
            return Err(format!(
                "{NAME} says that the recording is stored with {other:?}; mcap and sqlite3 are read. {}",
                converts(folder)
            ));
        }
    }
    let Information {
        compression_format: format,
        compression_mode: mode,
        ..
    } = &information;
    let is_compressed = !(mode.is_empty() || mode.eq_ignore_ascii_case("none"));
    let is_known = mode.eq_ignore_ascii_case("file") || mode.eq_ignore_ascii_case("message");
    if is_compressed && !(is_known && format == "zstd") {
        return Err(format!(
            "{NAME} says that the recording is compressed with compression_format {format:?} and compression_mode \
             {mode:?}; zstd with FILE or MESSAGE is read. {}",
            converts(folder)
        ));
    }
    if information.relative_file_paths.is_empty() {
        return Err(format!(
            "relative_file_paths in {NAME} is empty, so there is nothing to read"
        ));
    }
    let listed = &information.relative_file_paths;
    if let Some(outside) = listed.iter().find(|file| !is_below(file)) {
        return Err(format!(
            "{NAME} lists {}; only files in its own folder or below are allowed",
            outside.display()
        ));
    }
    let mut seen = BTreeSet::new();
    if let Some(again) = listed.iter().find(|file| !seen.insert(folder.join(file))) {
        return Err(format!("{NAME} lists {} twice", again.display()));
    }
    let files = listed.iter();
    let files: Vec<PathBuf> = files.map(|file| unpacked(folder.join(file))).collect();
    let missing: Vec<String> = files
        .iter()
        .filter(|file| !file.is_file())
        .map(|file| {
            file.strip_prefix(folder)
                .unwrap_or(file)
                .display()
                .to_string()
        })
        .collect();
    match missing.is_empty() {
        true => Ok(files),
        false => Err(format!(
            "{NAME} lists {}, which {} not there; name the files that are there to read only those",
            missing.join(", "),
            if missing.len() == 1 { "is" } else { "are" }
        )),
    }
}

/// The file that lies beside a compressed one where someone unpacked it, as rosbag2 does to play it.
fn unpacked(file: PathBuf) -> PathBuf {
    let beside = file.with_extension("");
    match is_compressed(&file) && beside.is_file() {
        true => beside,
        false => file,
    }
}

/// Whether a path leads to a place below the one that it starts from, links aside.
fn is_below(path: &Path) -> bool {
    path.components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn converts(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "Convert it with `ros2 bag convert -i {folder} -o to_mcap.yaml`, where to_mcap.yaml says `output_bags: [{{uri: \
         {folder}_mcap, storage_id: mcap, all: true}}]`"
    )
}
