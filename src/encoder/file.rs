//! The files of an encoder, and that they are the ones the policy was trained with.

use std::fs::File;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::errors::ConfigErrors;

/// SHA-256 of a file, in hexadecimal as `sha256sum` prints it.
///
/// # Errors
/// A file that cannot be read.
pub fn sha256_of(path: &Path) -> Result<String, ConfigErrors> {
    hash(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

fn hash(path: &Path) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    std::io::copy(&mut File::open(path)?, &mut hash)?;
    let digest = hash.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The path of one of an encoder's files, once its content is known to be the expected one. `key` is what the file
/// is called in the policy.
pub(super) fn verified(
    key: &str,
    folder: &Path,
    file: &Path,
    expected_sha256: &str,
) -> Result<PathBuf, ConfigErrors> {
    let path = folder.join(file);
    let found = hash(&path).map_err(|e| format!("{key} {} cannot be read: {e}", path.display()))?;
    if found.eq_ignore_ascii_case(expected_sha256) {
        Ok(path)
    } else {
        Err(ConfigErrors::from(format!(
            "{key} {} is another file than the policy was trained with: its sha256 is {found}, \
             the policy says {expected_sha256}",
            path.display()
        )))
    }
}
