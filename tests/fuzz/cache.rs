//! Features that training kept for the next time.

use std::path::{Path, PathBuf};

use late_fusion::message::MessageType;
use late_fusion::spec::SourceSpec;
use late_fusion::train::{Cache, Entry, Features, Key, Outcome};
use sha2::{Digest, Sha256};

use crate::document::folder_in_memory;
use crate::memory::bounded;
use crate::mutate::{spoil, try_out};

const DIGEST: usize = 32;

/// A folder with one file of features, its path, and what is in it.
fn kept(key: &Key) -> (tempfile::TempDir, PathBuf, Features) {
    let entry = |number, stamp_ns, outcome| Entry {
        number,
        stamp_ns,
        behind_ns: 0,
        outcome,
    };
    let features = Features {
        entries: vec![
            entry(0, Some(7), Outcome::Present),
            entry(1, None, Outcome::Absent),
            entry(
                5,
                Some(i64::MAX),
                Outcome::Unreadable("data is short".into()),
            ),
        ],
        values: vec![0.5; 8],
    };
    let folder = folder_in_memory();
    Cache::new(folder.path().to_owned())
        .store(key, &features)
        .unwrap();
    let files = std::fs::read_dir(folder.path()).unwrap();
    let path = files.map(|entry| entry.unwrap().path()).next().unwrap();
    (folder, path, features)
}

fn load(folder: &Path, key: &Key, path: &Path, bytes: &[u8]) -> Option<Features> {
    std::fs::write(path, bytes).unwrap();
    let cache = Cache::new(folder.to_owned());
    bounded(64 * bytes.len() + (64 << 10), || cache.load(key))
}

#[test]
fn no_cached_features_panic_cost_memory_or_are_taken_for_others() {
    let source = SourceSpec::Vector { names: vec![] };
    let key = Key {
        source: &source,
        message: MessageType::Float32MultiArray,
        bag_sha256: "00",
        topic: "numbers",
        numbers: &[0, 1, 5],
        augmentation: None,
    };
    let (folder, path, features) = kept(&key);
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(load(folder.path(), &key, &path, &whole), Some(features));
    try_out(5_000, |which, edits| {
        if which.is_multiple_of(4) {
            let bytes = spoil(whole.clone(), edits);
            let found = load(folder.path(), &key, &path, &bytes);
            assert_eq!(found.is_some(), bytes == whole);
            return;
        }
        // By somebody who knows how the digest is made.
        let mut bytes = spoil(whole[..whole.len() - DIGEST].to_vec(), edits);
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        load(folder.path(), &key, &path, &bytes);
    });
}
