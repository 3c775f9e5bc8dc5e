//! The bytes of one file of a recording, which may be compressed as a whole.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// What every zstd frame begins with. No MCAP file and no CDR message does.
pub(super) const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The largest window that a zstd frame may ask for, as a power of two: 128 MiB, zstd's own default.
pub(super) const WINDOW_LOG_MAX: u32 = 27;

/// A file that is read in pieces: a mapped file that someone cuts while it is read would end the process, and a
/// recording may be larger than the memory.
pub(super) struct Input {
    path: PathBuf,
    stream: Stream,
    at: u64,
}

enum Stream {
    Plain { file: BufReader<File>, length: u64 },
    Zstd(zstd::Decoder<'static, BufReader<File>>),
}

impl Input {
    /// Opens a file. Whether it is compressed is read from its content, not from its name.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut start = Vec::new();
        file.by_ref()
            .take(ZSTD_MAGIC.len() as u64)
            .read_to_end(&mut start)?;
        file.rewind()?;
        let file = BufReader::with_capacity(1 << 18, file);
        let stream = match start == ZSTD_MAGIC {
            true => Stream::Zstd(decoder(file)?),
            false => Stream::Plain { file, length },
        };
        Ok(Self {
            path: path.to_owned(),
            stream,
            at: 0,
        })
    }

    /// Bytes from the beginning, of the content where the file is compressed.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Bytes in all, where the file itself is the content.
    pub fn length(&self) -> Option<u64> {
        match self.stream {
            Stream::Plain { length, .. } => Some(length),
            Stream::Zstd(_) => None,
        }
    }

    /// Leaves out bytes; false where the file ends before.
    pub fn skip(&mut self, bytes: u64) -> io::Result<bool> {
        match &mut self.stream {
            Stream::Plain { file, length } => {
                let there = length.saturating_sub(self.at).min(bytes);
                file.seek_relative(i64::try_from(there).unwrap_or(i64::MAX))?;
                self.at += there;
                Ok(there == bytes)
            }
            Stream::Zstd(decoder) => {
                let skipped = io::copy(&mut decoder.take(bytes), &mut io::sink());
                match skipped {
                    Ok(skipped) => {
                        self.at += skipped;
                        Ok(skipped == bytes)
                    }
                    Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
                    Err(e) => Err(e),
                }
            }
        }
    }

    /// Goes to a place. Going back in a compressed file means to unpack it from its beginning once more.
    pub fn seek(&mut self, to: u64) -> io::Result<()> {
        if to < self.at {
            match &mut self.stream {
                Stream::Plain { file, .. } => {
                    let back = i64::try_from(self.at - to).unwrap_or(i64::MAX);
                    file.seek_relative(-back)?;
                    self.at = to;
                }
                Stream::Zstd(_) => {
                    let mut file = File::open(&self.path)?;
                    file.seek(SeekFrom::Start(0))?;
                    let file = BufReader::with_capacity(1 << 18, file);
                    self.stream = Stream::Zstd(decoder(file)?);
                    self.at = 0;
                }
            }
        }
        match self.skip(to - self.at)? {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

fn decoder(file: BufReader<File>) -> io::Result<zstd::Decoder<'static, BufReader<File>>> {
    let mut decoder = zstd::Decoder::with_buffer(file)?;
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    Ok(decoder)
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.stream {
            Stream::Plain { file, .. } => file.read(buffer),
            Stream::Zstd(decoder) => decoder.read(buffer),
        }?;
        self.at += read as u64;
        Ok(read)
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.path.display(), self.at)
    }
}
