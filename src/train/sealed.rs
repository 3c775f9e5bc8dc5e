//! Files of our own that tell at the door what they are, in which format, and whether they are whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::files;

/// A kind of file: its first bytes, the version of what follows, and the largest that is read.
///
/// A file is the magic, the format as u32, the length of the body as u64, the body, and the CRC-32 of all before it;
/// numbers are little-endian.
pub struct Kind {
    /// How it begins.
    pub magic: [u8; 8],
    /// Changes whenever an earlier release would take the body for something else.
    pub format: u32,
    /// The largest file that is read, in bytes.
    pub most_bytes: u64,
}

/// A file that is whole.
#[derive(Debug)]
pub struct Sealed(Vec<u8>);

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// What the file system says.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// Another program's, or none.
    #[error("it is a file of another kind")]
    Kind,
    /// Of an earlier or a later release.
    #[error("its format is {found}; this release has {known}")]
    Format {
        /// What it says.
        found: u32,
        /// What is read.
        known: u32,
    },
    /// Cut off, or continued.
    #[error("it has {found} bytes instead of {told}")]
    Length {
        /// What is there.
        found: u64,
        /// What it says.
        told: u64,
    },
    /// Whole, but not as it was written.
    #[error("it is damaged: its checksum does not match")]
    Checksum,
    /// Whole, but nothing that we write.
    #[error("its content makes no sense")]
    Content,
}

/// Where the body begins.
pub const BODY: usize = 20;

const CHECKSUM: usize = 4;

impl Kind {
    /// Writes a file whose body is these parts one after the other, for a reader who sees what was there before or all
    /// of the new one, whatever else is written there at the same time, and also when the power fails.
    ///
    /// # Errors
    /// What the file system says; what was there before is then there still.
    pub fn write(&self, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
        // Of this process and this call alone.
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{}.{number}.tmp", std::process::id()));
        let length: u64 = parts.iter().map(|part| part.len() as u64).sum();
        let mut head = self.magic.to_vec();
        head.extend(self.format.to_le_bytes());
        head.extend(length.to_le_bytes());
        let mut sum = crc32fast::Hasher::new();
        let whole = [&[head.as_slice()], parts].concat();
        whole.iter().for_each(|part| sum.update(part));
        let checksum = sum.finalize();
        let write = || {
            let mut file = File::create(&temporary)?;
            for part in whole {
                file.write_all(part)?;
            }
            file.write_all(&checksum.to_le_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, path)
        };
        write().inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })
    }

    /// Reads a file; none where there is none.
    ///
    /// # Errors
    /// Why it is not used.
    pub fn read(&self, path: &Path) -> Result<Option<Sealed>, Refusal> {
        let bytes = match files::read(path, self.most_bytes) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Refusal::Unreadable(e)),
        };
        if !bytes.starts_with(&self.magic) {
            return Err(Refusal::Kind);
        }
        let mut head = &bytes[self.magic.len()..];
        let found = bytes.len() as u64;
        let cut = Refusal::Length {
            found,
            told: (BODY + CHECKSUM) as u64,
        };
        let (Some(format), Some(length)) = (u32_from(&mut head), u64_from(&mut head)) else {
            return Err(cut);
        };
        if format != self.format {
            let known = self.format;
            return Err(Refusal::Format {
                found: format,
                known,
            });
        }
        let told = length.saturating_add((BODY + CHECKSUM) as u64);
        if told != found {
            return Err(Refusal::Length { found, told });
        }
        let (content, mut end) = bytes.split_at(bytes.len() - CHECKSUM);
        let checksum = crc32fast::hash(content);
        match u32_from(&mut end) == Some(checksum) {
            true => Ok(Some(Sealed(bytes))),
            false => Err(Refusal::Checksum),
        }
    }
}

/// Removes what writers that were interrupted left in a folder, of files whose names begin so. What is younger than an hour
/// may still be written.
pub fn sweep(folder: &Path, beginning: &str) {
    const ABANDONED: Duration = Duration::from_secs(3600);
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_temporary = |name: &str| name.starts_with(beginning) && name.ends_with(".tmp");
        let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
        if name.to_str().is_some_and(is_temporary) && age().is_some_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Sealed {
    /// What was written.
    pub fn body(&self) -> &[u8] {
        &self.0[BODY..self.0.len() - CHECKSUM]
    }
}

/// Takes a number from the front.
pub fn u32_from(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*number))
}

/// Takes a number from the front.
pub fn u64_from(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind {
        magic: *b"testfile",
        format: 3,
        most_bytes: 100,
    };

    #[test]
    fn what_was_written_is_read_and_anything_else_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(KIND.read(&path).unwrap().is_none());
        KIND.write(&path, &[b"one", b"", b"two"]).unwrap();
        assert_eq!(KIND.read(&path).unwrap().unwrap().body(), b"onetwo");
        let whole = fs::read(&path).unwrap();
        let refusal = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            KIND.read(&path).unwrap_err().to_string()
        };
        for cut in 0..whole.len() {
            let text = refusal(&whole[..cut]);
            let said = ["another kind", &format!("{cut} bytes instead")];
            assert!(text.contains(said[usize::from(cut >= 8)]), "{cut}: {text}");
            let mut flipped = whole.clone();
            flipped[cut] ^= 1;
            let text = refusal(&flipped);
            let said = match cut {
                0..8 => "another kind",
                8..12 => "format is",
                12..20 => "bytes instead",
                _ => "damaged",
            };
            assert!(text.contains(said), "byte {cut} is another: {text}");
        }
        assert!(refusal(&[0; 101]).contains("at most 100"));
        KIND.write(&path, &[b"again"]).unwrap();
        assert_eq!(KIND.read(&path).unwrap().unwrap().body(), b"again");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_was_left_long_ago_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let two_hours_ago = std::time::SystemTime::now() - Duration::from_secs(7200);
        for (name, is_old) in [
            ("a.1.0.tmp", true),
            ("a.2.0.tmp", false),
            ("a.kept", true),
            ("b.1.0.tmp", true),
        ] {
            let file = File::create(folder.path().join(name)).unwrap();
            if is_old {
                file.set_modified(two_hours_ago).unwrap();
            }
        }
        sweep(folder.path(), "a.");
        let left = fs::read_dir(folder.path()).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a.2.0.tmp", "a.kept", "b.1.0.tmp"]);
        sweep(&folder.path().join("nowhere"), "");
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        assert!(KIND.write(&path, &[b"one"]).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
