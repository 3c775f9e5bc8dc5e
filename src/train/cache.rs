//! Features on disk, so that the same pictures and sentences are encoded once however often one trains.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use super::augment::{Augmentation, DRAWING};
use super::piece::{Piece, Shape};
use super::sealed::sweep;
use super::typos::{SLIPS, Typos};
use crate::message::MessageType;
use crate::spec::SourceSpec;

/// A folder of pieces of features. Files are named by the hash of all that decides about their content, so that trainings
/// which write at the same time write the same.
pub struct Cache {
    folder: PathBuf,
    /// Whether it was said that something cannot be kept.
    has_complained: AtomicBool,
}

/// All that decides about the features of some messages of one modality in one bag.
#[derive(Clone)]
pub struct Key<'a> {
    /// The encoder's files by hash, and its preparation and pooling.
    pub source: &'a SourceSpec,
    /// The type of the messages.
    pub message: MessageType,
    /// SHA-256 of the bag.
    pub bag_sha256: &'a str,
    /// The topic in the bag.
    pub topic: &'a str,
    /// The numbers of the messages.
    pub numbers: &'a [u32],
    /// What is altered about the copies of its pictures.
    pub augmentation: Option<&'a Augmentation>,
    /// What is mistyped in the copies of its sentences.
    pub typos: Option<Typos>,
}

impl<'a> Key<'a> {
    /// The same for other messages.
    pub fn with(&self, numbers: &'a [u32]) -> Self {
        Self {
            numbers,
            ..self.clone()
        }
    }
}

/// Changes whenever the same key would give other numbers than before.
const FORMAT: &str = "late_fusion features 3";

impl Cache {
    /// The folder for features of what is written to `out`, where nobody names another.
    pub fn beside(out: &Path) -> PathBuf {
        let folder = out.parent().unwrap_or(Path::new(""));
        folder.join(".cache/late_fusion/features")
    }

    /// A cache in this folder, which is made with the first file.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            has_complained: AtomicBool::new(false),
        }
    }

    /// Removes what trainings that were interrupted while they wrote left here.
    pub fn sweep(&self) {
        sweep(&self.folder, "");
    }

    /// The features of this key, where they are kept.
    ///
    /// # Errors
    /// A file that is there and is not used, and why.
    pub fn load(&self, key: &Key, shape: Shape) -> Result<Option<Piece>, String> {
        let path = self.path(key);
        let refused = |why: String| format!("{}: {why}", path.display());
        let Some(piece) = Piece::load(&path).map_err(|e| refused(e.to_string()))? else {
            return Ok(None);
        };
        if piece.shape != shape {
            let Shape { width, features } = piece.shape;
            return Err(refused(format!(
                "it has {features} feature(s) of {width} numbers for each message; {} of {} are needed",
                shape.features, shape.width
            )));
        }
        let numbers = piece.entries.iter().map(|entry| &entry.number);
        match numbers.eq(key.numbers) {
            true => Ok(Some(piece)),
            false => Err(refused("it is about other messages".to_owned())),
        }
    }

    /// Keeps a piece for the next time, and reads it from its file from then on. Where that fails it stays in memory, which is
    /// said once.
    pub fn keep(&self, key: &Key, piece: &mut Piece) {
        let kept = fs::create_dir_all(&self.folder).and_then(|()| piece.keep(&self.path(key)));
        if let Err(e) = kept
            && !self.has_complained.swap(true, Ordering::Relaxed)
        {
            log::warn!(
                "features cannot be kept in {}: {e}; they stay in memory, and will be computed again next time",
                self.folder.display()
            );
        }
    }

    fn path(&self, key: &Key) -> PathBuf {
        let mut hash = Sha256::new();
        // Without their places, so that a moved encoder is still the same encoder.
        let source = serde_json::to_string(&key.source.canonical()).unwrap_or_default();
        let parts = [
            FORMAT,
            &source,
            key.message.ros_name(),
            key.bag_sha256,
            key.topic,
        ];
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        for number in key.numbers {
            hash.update(number.to_le_bytes());
        }
        if let Some(augmentation) = key.augmentation {
            hash.update(DRAWING);
            hash.update(serde_json::to_string(augmentation).unwrap_or_default());
        }
        if let Some(typos) = key.typos {
            hash.update(SLIPS);
            hash.update((typos.most_words as u64).to_le_bytes());
        }
        self.folder
            .join(format!("{}.features", in_hex(&hash.finalize())))
    }
}

/// Bytes in hexadecimal.
pub(super) fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::piece::{Entry, Outcome};
    use super::*;

    fn key<'a>(source: &'a SourceSpec, numbers: &'a [u32]) -> Key<'a> {
        Key {
            source,
            message: MessageType::Float32MultiArray,
            bag_sha256: "00",
            topic: "numbers",
            numbers,
            augmentation: None,
            typos: None,
        }
    }

    #[test]
    fn what_is_kept_is_found_and_what_is_not_used_is_named_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("deep/down"));
        let source = SourceSpec::Vector { names: vec![] };
        let key = key(&source, &[3]);
        let shape = |width| Shape { width, features: 1 };
        let entry = |number| Entry {
            number,
            stamp_ns: Some(7),
            behind_ns: 0,
            outcome: Outcome::Present,
        };
        assert!(cache.load(&key, shape(2)).unwrap().is_none());
        let keep = || {
            let mut piece = Piece::new(vec![entry(3)], &[1.5, -0.0], shape(2));
            cache.keep(&key, &mut piece);
        };
        keep();
        let found = cache.load(&key, shape(2)).unwrap().unwrap();
        let mut values = [0.0; 2];
        found.read(0, &mut values).unwrap();
        assert_eq!(values, [1.5, -0.0]);
        let refusal = |width| cache.load(&key, shape(width)).unwrap_err();
        assert!(refusal(3).contains("of 2 numbers"), "{}", refusal(3));
        let path = cache.path(&key);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let name = path.display().to_string();
        assert!(refusal(2).starts_with(&name) && refusal(2).contains("bytes instead"));
        let mut other = Piece::new(vec![entry(4)], &[1.5, -0.0], shape(2));
        cache.keep(&key, &mut other);
        assert!(refusal(2).contains("other messages"), "{}", refusal(2));
        keep();
        assert!(cache.load(&key, shape(2)).unwrap().is_some());
        assert_eq!(fs::read_dir(&cache.folder).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_kept_stays_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let cache = Cache::new(folder.path().join("file"));
        let source = SourceSpec::Vector { names: vec![] };
        let entry = Entry {
            number: 3,
            stamp_ns: None,
            behind_ns: 0,
            outcome: Outcome::Present,
        };
        let shape = Shape {
            width: 1,
            features: 1,
        };
        let mut piece = Piece::new(vec![entry], &[0.5], shape);
        cache.keep(&key(&source, &[3]), &mut piece);
        let mut values = [0.0];
        piece.read(0, &mut values).unwrap();
        assert_eq!(values, [0.5]);
    }

    #[test]
    fn everything_that_decides_is_part_of_the_name() {
        let cache = Cache::new(PathBuf::new());
        let one = SourceSpec::Vector {
            names: vec!["a".into()],
        };
        let other = SourceSpec::Vector {
            names: vec!["b".into()],
        };
        let base = cache.path(&key(&one, &[1]));
        assert_ne!(base, cache.path(&key(&other, &[1])));
        assert_ne!(base, cache.path(&key(&one, &[2])));
        let augmentation = Augmentation::default();
        for change in 0..4 {
            let mut key = key(&one, &[1]);
            match change {
                0 => key.message = MessageType::JointState,
                1 => key.bag_sha256 = "01",
                2 => key.topic = "others",
                _ => key.augmentation = Some(&augmentation),
            }
            assert_ne!(base, cache.path(&key), "change {change}");
        }
    }
}
