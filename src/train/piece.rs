//! A piece of what is kept of a modality: the features of some messages, in half precision where that holds them.
//!
//! The numbers stay in their file and are read when they are asked for. Reads are positioned ones and no mapping: a disk
//! that fails is then an error and no SIGBUS, and the memory that a training is said to take is its own.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::precision::Precision;
use super::sealed::{BODY, Kind, Refusal, u32_from};

/// What came of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its index among the messages of its topic, counted from 0.
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

/// How much belongs to a message: a feature, and those of its copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Width of one feature.
    pub width: usize,
    /// How many features: one, and one for each copy.
    pub features: usize,
}

/// The features of some messages.
#[derive(Debug)]
pub struct Piece {
    /// What came of each message, by their numbers.
    pub entries: Vec<Entry>,
    /// How much belongs to each that is present.
    pub shape: Shape,
    precision: Precision,
    values: Values,
    /// Of everything above.
    checksum: u32,
}

#[derive(Debug)]
enum Values {
    Memory(Vec<u8>),
    File { path: PathBuf, begin: u64 },
}

/// The files.
const KIND: Kind = Kind {
    magic: *b"lf-piece",
    format: 1,
    most_bytes: 1 << 30,
};

/// The most bytes that the features of a piece have in single precision.
const MOST_BYTES: usize = 32 << 20;

/// The most features of a piece. What is lost with an interruption is less than it: seconds of encoding.
const MOST_FEATURES: usize = 512;

impl Shape {
    /// How many numbers belong to a message.
    pub fn numbers(self) -> usize {
        self.width * self.features
    }

    /// How many messages make a piece.
    pub fn messages_per_piece(self) -> usize {
        let bytes = self.numbers() * size_of::<f32>();
        (MOST_BYTES / bytes.max(1)).clamp(1, (MOST_FEATURES / self.features).max(1))
    }
}

impl Piece {
    /// Of messages and the features of those that are present, one after the other; in memory.
    pub fn new(entries: Vec<Entry>, values: &[f32], shape: Shape) -> Self {
        let precision = Precision::of(values, shape.width);
        let values = precision.encode(values);
        let mut piece = Self {
            entries,
            shape,
            precision,
            values: Values::Memory(Vec::new()),
            checksum: 0,
        };
        let mut sum = crc32fast::Hasher::new();
        sum.update(&piece.head());
        sum.update(&values);
        (piece.checksum, piece.values) = (sum.finalize(), Values::Memory(values));
        piece
    }

    /// Writes it to a file, from which its features are read from then on.
    ///
    /// # Errors
    /// What the file system says; the features then stay in memory.
    pub fn keep(&mut self, path: &Path) -> io::Result<()> {
        let head = self.head();
        let Values::Memory(values) = &self.values else {
            return Ok(());
        };
        KIND.write(path, &[&head, values])?;
        self.values = Values::File {
            path: path.to_owned(),
            begin: (BODY + head.len()) as u64,
        };
        Ok(())
    }

    /// The piece in a file; none where there is none.
    ///
    /// # Errors
    /// Why the file is not used.
    pub fn load(path: &Path) -> Result<Option<Self>, Refusal> {
        let Some(sealed) = KIND.read(path)? else {
            return Ok(None);
        };
        Self::of(sealed.body(), path)
            .map(Some)
            .ok_or(Refusal::Content)
    }

    /// Reads the features from one of them on, as many as `into` has room for.
    ///
    /// # Errors
    /// What the file system says, with the file.
    pub fn read(&self, feature: usize, into: &mut [f32]) -> io::Result<()> {
        let size = self.precision.bytes();
        let (begin, length) = (feature * self.shape.width * size, into.len() * size);
        match &self.values {
            Values::Memory(values) => self.precision.decode(&values[begin..][..length], into),
            Values::File { path, begin: first } => {
                let mut bytes = vec![0; length];
                // Opened each time: a training at size has more pieces than a process may have open files.
                File::open(path)
                    .and_then(|file| file.read_exact_at(&mut bytes, first + begin as u64))
                    .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
                self.precision.decode(&bytes, into);
            }
        }
        Ok(())
    }

    /// How many features there are.
    pub fn features(&self) -> usize {
        self.present() * self.shape.features
    }

    /// A word that is another one where the features are others.
    pub fn checksum(&self) -> u32 {
        self.checksum
    }

    /// What stands before the values: the bytes of a number, the shape, the length of the entries, and these as JSON.
    fn head(&self) -> Vec<u8> {
        // Numbers and texts, which JSON has words for.
        let entries = serde_json::to_vec(&self.entries).unwrap_or_default();
        let Shape { width, features } = self.shape;
        let numbers = [self.precision.bytes(), width, features, entries.len()];
        let numbers = numbers.iter().flat_map(|n| (*n as u32).to_le_bytes());
        numbers.chain(entries).collect()
    }

    /// What was written to this file.
    fn of(body: &[u8], path: &Path) -> Option<Self> {
        let mut rest = body;
        let mut number = || Some(u32_from(&mut rest)? as usize);
        let precision = match number()? {
            2 => Precision::Half,
            4 => Precision::Single,
            _ => return None,
        };
        let (width, features, length) = (number()?, number()?, number()?);
        let (entries, values) = rest.split_at_checked(length)?;
        let piece = Self {
            entries: serde_json::from_slice(entries).ok()?,
            shape: Shape { width, features },
            precision,
            values: Values::File {
                path: path.to_owned(),
                begin: (BODY + body.len() - values.len()) as u64,
            },
            checksum: crc32fast::hash(body),
        };
        let bytes = piece.present().checked_mul(features)?.checked_mul(width)?;
        (bytes.checked_mul(precision.bytes())? == values.len()).then_some(piece)
    }

    fn present(&self) -> usize {
        let present = self.entries.iter();
        present
            .filter(|entry| entry.outcome == Outcome::Present)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        width: 2,
        features: 2,
    };

    fn entries(outcomes: &[Outcome]) -> Vec<Entry> {
        let each = outcomes.iter().zip(3..);
        each.map(|(outcome, number)| Entry {
            number,
            stamp_ns: Some(7),
            behind_ns: 0,
            outcome: outcome.clone(),
        })
        .collect()
    }

    fn piece(values: &[f32]) -> Piece {
        let unreadable = Outcome::Unreadable("data is short".into());
        let mut outcomes = vec![Outcome::Absent, unreadable];
        outcomes.extend(vec![Outcome::Present; values.len() / SHAPE.numbers()]);
        Piece::new(entries(&outcomes), values, SHAPE)
    }

    fn values(piece: &Piece) -> Vec<f32> {
        let mut values = vec![0.0; piece.features() * piece.shape.width];
        piece.read(0, &mut values).unwrap();
        values
    }

    #[test]
    fn the_same_numbers_come_from_memory_from_the_file_and_from_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("piece");
        assert!(Piece::load(&path).unwrap().is_none());
        let original: Vec<f32> = (0..40).map(|i| (i as f32 * 0.37).sin()).collect();
        let mut first = piece(&original);
        assert_eq!(first.precision, Precision::Half);
        let before = values(&first);
        for (kept, original) in before.iter().zip(&original) {
            let most = original.abs() / 2048.0;
            assert!((kept - original).abs() <= most, "{original}: {kept}");
        }
        first.keep(&path).unwrap();
        let again = Piece::load(&path).unwrap().unwrap();
        for piece in [&first, &again] {
            assert!(matches!(piece.values, Values::File { .. }));
            assert_eq!(values(piece), before);
        }
        assert_eq!(again.entries, first.entries);
        assert_eq!(again.shape, first.shape);
        assert_eq!(again.checksum(), first.checksum());
        assert_ne!(again.checksum(), piece(&original[4..]).checksum());
        let mut one = [0.0; 2];
        again.read(3, &mut one).unwrap();
        assert_eq!(one, before[6..8]);
    }

    #[test]
    fn what_half_precision_would_spoil_is_kept_in_single_precision() {
        let varied = |size: f32, from: f32| -> Vec<f32> {
            let each = (0..40).map(|i| (i as f32 * 0.37).sin());
            each.map(|v| from + size * v).collect()
        };
        let folder = tempfile::tempdir().unwrap();
        let mut with_infinity = varied(1.0, 0.0);
        with_infinity[5] = f32::INFINITY;
        for (what, original) in [
            ("too large", varied(1e5, 0.0)),
            ("far too large", varied(1e38, 0.0)),
            ("too small", varied(1e-8, 0.0)),
            ("small beside their size", varied(1.0, 10_000.0)),
            ("infinite", with_infinity),
        ] {
            let mut piece = piece(&original);
            assert_eq!(piece.precision, Precision::Single, "{what}");
            piece.keep(&folder.path().join("piece")).unwrap();
            assert_eq!(values(&piece), original, "{what}");
        }
        for (what, original) in [
            ("as large as it goes", varied(6e4, 0.0)),
            ("small", varied(1e-4, 0.0)),
            ("beside a mean", varied(1.0, 10.0)),
            ("always the same", vec![0.123; 40]),
            ("nothing", vec![]),
        ] {
            assert_eq!(piece(&original).precision, Precision::Half, "{what}");
        }
    }

    #[test]
    fn a_file_that_goes_away_is_an_error_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone.features");
        let mut piece = piece(&[0.5; 4]);
        piece.keep(&path).unwrap();
        std::fs::write(&path, [0; 30]).unwrap();
        let error = piece.read(0, &mut [0.0; 2]).unwrap_err().to_string();
        assert!(error.contains("gone.features"), "{error}");
        std::fs::remove_file(&path).unwrap();
        let error = piece.read(0, &mut [0.0; 2]).unwrap_err().to_string();
        assert!(error.contains("gone.features"), "{error}");
    }

    #[test]
    fn a_piece_is_seconds_of_work_and_some_megabytes() {
        let messages = |width, features| Shape { width, features }.messages_per_piece();
        assert_eq!(messages(1280, 1), 512);
        assert_eq!(messages(1280, 9), 56);
        assert_eq!(messages(20_480, 1), 409);
        assert_eq!(messages(250_880, 5), 6);
        assert_eq!(messages(1 << 30, 33), 1);
        assert_eq!(messages(0, 1), 512);
    }
}
