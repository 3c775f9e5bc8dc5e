//! The files of an encoder, and that they are the ones the policy was trained with.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::external::external_files;
use crate::errors::ConfigErrors;
use crate::files;

/// The largest model, as protobuf has it; what is larger keeps its weights in files beside it.
const MOST_MODEL: u64 = 2 << 30;

/// SHA-256 of a file, in hexadecimal as `sha256sum` prints it.
///
/// # Errors
/// A file that cannot be read.
pub fn sha256_of(path: &Path) -> Result<String, ConfigErrors> {
    hash(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

fn hash(path: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    std::io::copy(&mut files::open(path)?, &mut hash)?;
    Ok(in_hex(hash))
}

fn in_hex(hash: Sha256) -> String {
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What decides what a model computes: its file, and the files beside it in which weights lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelHashes {
    /// SHA-256 of the ONNX file.
    pub sha256: String,
    /// SHA-256 of the files that it refers to, by their names as it has them, relative to its folder.
    pub external_data: BTreeMap<String, String>,
}

/// The hashes of an ONNX model, whose weights may lie in files beside it.
///
/// # Errors
/// A file that cannot be read, one that is no ONNX model, one that refers to files outside its folder.
pub fn hashes_of_model(path: &Path) -> Result<ModelHashes, ConfigErrors> {
    hashes(path).map_err(|why| format!("{}: {why}", path.display()).into())
}

fn hashes(path: &Path) -> Result<ModelHashes, String> {
    let (model, sha256) = read(path, MOST_MODEL).map_err(|e| e.to_string())?;
    Ok(ModelHashes {
        sha256,
        external_data: external_hashes(path, &model)?,
    })
}

/// A file and its hash, read in one go, so that what is looked at is what was hashed.
fn read(path: &Path, most: u64) -> std::io::Result<(Vec<u8>, String)> {
    let content = files::read(path, most)?;
    let hash = in_hex(Sha256::new_with_prefix(&content));
    Ok((content, hash))
}

/// The hashes of the files that a model at a path refers to, by their names.
fn external_hashes(path: &Path, model: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let files = external_files(model).map_err(|why| format!("it is not an ONNX model: {why}"))?;
    let mut external_data = BTreeMap::new();
    for file in files {
        let mut parts = Path::new(&file).components().peekable();
        if parts.peek().is_none() || !parts.all(|part| matches!(part, Component::Normal(_))) {
            return Err(format!(
                "it keeps weights in {file:?}; only files in its own folder or below are allowed"
            ));
        }
        let hash = hash(&folder.join(&file))
            .map_err(|e| format!("it keeps weights in {file}, which cannot be read: {e}"))?;
        external_data.insert(file, hash);
    }
    Ok(external_data)
}

/// The content of one of an encoder's files, once it is known to be the expected one, with its path. `key` is what the
/// file is called in the policy, and `most` how many bytes it may have.
pub(super) fn verified(
    key: &str,
    folder: &Path,
    file: &Path,
    expected_sha256: &str,
    most: u64,
) -> Result<(PathBuf, Vec<u8>), ConfigErrors> {
    let path = folder.join(file);
    let what = format!("{key} {}", path.display());
    let (content, found) = read(&path, most).map_err(|e| format!("{what} cannot be read: {e}"))?;
    check_hash(&what, &found, expected_sha256)?;
    Ok((path, content))
}

/// The path and the content of a model, once it and all files that it refers to are known to be the expected ones.
pub(super) fn verified_model(
    folder: &Path,
    file: &Path,
    expected_sha256: &str,
    expected_external_data: &BTreeMap<String, String>,
) -> Result<(PathBuf, Vec<u8>), ConfigErrors> {
    let path = folder.join(file);
    let what = format!("encoder.model {}", path.display());
    let (model, sha256) =
        read(&path, MOST_MODEL).map_err(|e| format!("{what} cannot be read: {e}"))?;
    // What another model refers to does not matter.
    check_hash(&what, &sha256, expected_sha256)?;
    let found = external_hashes(&path, &model).map_err(|why| format!("{what}: {why}"))?;
    let mut errors = ConfigErrors::new();
    for (file, hash) in &found {
        match expected_external_data.get(file) {
            Some(expected) => {
                let what = format!("encoder.external_data {file} of {}", path.display());
                if let Err(other) = check_hash(&what, hash, expected) {
                    errors.extend(other);
                }
            }
            None => errors.add(format!(
                "{what} keeps weights in {file}, and the policy does not say which weights: if the file of sha256 {hash} \
                 is the one that it was trained with, add external_data: {{{file}: {hash}}} to this encoder in \
                 policy.yaml; otherwise train the policy again"
            )),
        }
    }
    for file in expected_external_data.keys() {
        if !found.contains_key(file) {
            errors.add(format!(
                "encoder.external_data has {file:?}, and {} keeps no weights in a file of that name",
                path.display()
            ));
        }
    }
    errors.or((path, model))
}

fn check_hash(what: &str, found: &str, expected: &str) -> Result<(), ConfigErrors> {
    if found.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    Err(ConfigErrors::from(format!(
        "{what} is another file than the policy was trained with: its sha256 is {found}, the policy says {expected}"
    )))
}
