//! Entries that several parts of a policy have: widths, checksums and names.

use std::collections::BTreeSet;

use crate::errors::ConfigErrors;

/// A width that a layer may have.
pub(super) fn check_width(key: &str, width: usize, errors: &mut ConfigErrors) {
    if !(1..=1 << 20).contains(&width) {
        errors.add(format!("{key} is {width}; 1 to {} are allowed", 1 << 20));
    }
}

/// A checksum, as sha256sum prints it.
pub(super) fn check_hash(key: &str, hash: &str, errors: &mut ConfigErrors) {
    if hash.len() != 64 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
        errors.add(format!(
            "{key} is {hash:?}; it must be the 64 hexadecimal digits that sha256sum prints"
        ));
    }
}

/// Names that tell things of one kind apart.
pub(super) fn check_names<'a>(
    what: &str,
    names: impl Iterator<Item = &'a String>,
    errors: &mut ConfigErrors,
) {
    let mut seen = BTreeSet::new();
    for name in names {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            errors.add(format!(
                "{what} {name:?}: a name is made of lower-case letters, digits and _"
            ));
        }
        if !seen.insert(name) {
            errors.add(format!(
                "{what} {name:?} appears twice; names must be unique"
            ));
        }
    }
}
