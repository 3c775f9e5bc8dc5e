//! Features on disk, so that the same pictures are encoded once however often one trains.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::augment::Augmentation;
use crate::message::MessageType;
use crate::spec::SourceSpec;

/// The features of some messages of one modality in one bag.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// What came of each message, by their numbers.
    pub entries: Vec<Entry>,
    /// The features of those that are present, one after the other, each followed by those of its altered copies.
    pub values: Vec<f32>,
}

/// What came of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The how-manieth message of its topic it is, counted from 0.
    pub number: u32,
    /// Its stamp in nanoseconds, where it has one.
    pub stamp_ns: Option<i64>,
    /// How much older the oldest number of its feature is, in nanoseconds.
    #[serde(default)]
    pub behind_ns: i64,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// A feature.
    Present,
    /// Nothing to fuse, such as a blank instruction.
    Absent,
    /// An error; the node would have dropped the message.
    Unreadable(String),
}

/// A folder of features. Files are named by the hash of all that decides about their content.
pub struct Cache {
    folder: PathBuf,
}

/// All that decides about the features of one modality in one bag.
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
}

/// Changes whenever the same key would give other numbers than before.
const FORMAT: &str = "late_fusion features 2";

const DIGEST: usize = 32;

impl Cache {
    /// The folder for features of what is written to `out`, where nobody names another.
    pub fn beside(out: &Path) -> PathBuf {
        let folder = out.parent().unwrap_or(Path::new(""));
        folder.join(".cache/late_fusion/features")
    }

    /// A cache in this folder, which is made with the first file.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The features of this key, unless there are none or their file is damaged.
    pub fn load(&self, key: &Key) -> Option<Features> {
        decode(&fs::read(self.path(key)).ok()?)
    }

    /// Keeps features for the next time; a reader sees all of them or none.
    ///
    /// # Errors
    /// What the file system says.
    pub fn store(&self, key: &Key, features: &Features) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let path = self.path(key);
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        fs::write(&temporary, encode(features)?)
            .and_then(|()| fs::rename(&temporary, &path))
            .inspect_err(|_| {
                let _ = fs::remove_file(&temporary);
            })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
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
            hash.update(serde_json::to_string(augmentation).unwrap_or_default());
        }
        self.folder
            .join(format!("{}.features", in_hex(&hash.finalize())))
    }
}

/// One line of JSON with the entries, the numbers, and the digest of both.
fn encode(features: &Features) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(&features.entries)?;
    bytes.push(b'\n');
    bytes.extend(features.values.iter().flat_map(|v| v.to_le_bytes()));
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Option<Features> {
    let (content, digest) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST)?)?;
    if Sha256::digest(content).as_slice() != digest {
        return None;
    }
    let line = content.iter().position(|byte| *byte == b'\n')?;
    let values = content[line + 1..].chunks_exact(4);
    Some(Features {
        entries: serde_json::from_slice(&content[..line]).ok()?,
        values: values
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect(),
    })
}

/// Bytes in hexadecimal.
pub(super) fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> Features {
        let entry = |number, outcome| Entry {
            number,
            stamp_ns: Some(7),
            behind_ns: 0,
            outcome,
        };
        Features {
            entries: vec![
                entry(3, Outcome::Present),
                entry(4, Outcome::Unreadable("data is short".into())),
                entry(9, Outcome::Absent),
            ],
            values: vec![1.5, f32::MIN_POSITIVE, -0.0],
        }
    }

    fn key<'a>(source: &'a SourceSpec, numbers: &'a [u32]) -> Key<'a> {
        Key {
            source,
            message: MessageType::Float32MultiArray,
            bag_sha256: "00",
            topic: "numbers",
            numbers,
            augmentation: None,
        }
    }

    #[test]
    fn features_read_back_equal_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("deep/down"));
        let source = SourceSpec::Vector { names: vec![] };
        let key = key(&source, &[3, 4, 9]);
        assert_eq!(cache.load(&key), None);
        cache.store(&key, &features()).unwrap();
        assert_eq!(cache.load(&key), Some(features()));
        let path = cache.path(&key);
        let whole = fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(cache.load(&key), None, "cut at {cut}");
            let mut flipped = whole.clone();
            flipped[cut] ^= 1;
            fs::write(&path, flipped).unwrap();
            assert_eq!(cache.load(&key), None, "byte {cut} is another");
        }
        cache.store(&key, &features()).unwrap();
        assert_eq!(cache.load(&key), Some(features()));
        assert_eq!(fs::read_dir(cache.folder()).unwrap().count(), 1);
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
