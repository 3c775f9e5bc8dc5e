//! Features that training kept for the next time.

use std::path::{Path, PathBuf};

use late_fusion::message::MessageType;
use late_fusion::spec::SourceSpec;
use late_fusion::train::{Cache, Entry, Key, Outcome, Piece, Shape};

use crate::document::folder_in_memory;
use crate::memory::bounded;
use crate::mutate::{spoil, try_out};

const CHECKSUM: usize = 4;

const SHAPE: Shape = Shape {
    width: 4,
    features: 2,
};

/// A folder with one file of features, and its path.
fn kept(key: &Key) -> (tempfile::TempDir, PathBuf) {
    let entry = |number, stamp_ns, outcome| Entry {
        number,
        stamp_ns,
        behind_ns: 0,
        outcome,
    };
    let entries = vec![
        entry(0, Some(7), Outcome::Present),
        entry(1, None, Outcome::Absent),
        entry(
            5,
            Some(i64::MAX),
            Outcome::Unreadable("data is short".into()),
        ),
    ];
    let folder = folder_in_memory();
    let mut piece = Piece::new(entries, &[0.5; 8], SHAPE);
    Cache::new(folder.path().to_owned()).keep(key, &mut piece);
    let files = std::fs::read_dir(folder.path()).unwrap();
    let path = files.map(|entry| entry.unwrap().path()).next().unwrap();
    (folder, path)
}

/// All features of the file, if it is used.
fn load(folder: &Path, key: &Key, path: &Path, bytes: &[u8]) -> Option<Vec<f32>> {
    std::fs::write(path, bytes).unwrap();
    let cache = Cache::new(folder.to_owned());
    bounded(64 * bytes.len() + (64 << 10), || {
        let piece = cache.load(key, SHAPE).ok().flatten()?;
        let mut values = vec![0.0; piece.features() * SHAPE.width];
        piece.read(0, &mut values).unwrap();
        Some(values)
    })
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
        typos: None,
    };
    let (folder, path) = kept(&key);
    let whole = std::fs::read(&path).unwrap();
    let found = load(folder.path(), &key, &path, &whole);
    assert_eq!(found, Some(vec![0.5; 8]));
    try_out(5_000, |which, edits| {
        if which.is_multiple_of(4) {
            let bytes = spoil(whole.clone(), edits);
            let found = load(folder.path(), &key, &path, &bytes);
            assert_eq!(found.is_some(), bytes == whole);
            return;
        }
        // By somebody who knows how the lengths and the checksum are made.
        let (head, body) = whole[..whole.len() - CHECKSUM].split_at(20);
        let body = spoil(body.to_vec(), edits);
        let mut bytes = head[..12].to_vec();
        bytes.extend((body.len() as u64).to_le_bytes());
        bytes.extend(body);
        let checksum = crc32fast::hash(&bytes);
        bytes.extend(checksum.to_le_bytes());
        load(folder.path(), &key, &path, &bytes);
    });
}
