//! The inside of an MCAP file: records one after the other, most of them in compressed chunks.
//!
//! Done by hand where the `mcap` crate's readers trust the lengths in the file: here a length that lies costs
//! no memory, and of a chunk that was cut off everything before the cut is read.

use std::io::{self, Read};

/// The most bytes that one chunk may hold.
const MAX_CHUNK_BYTES: u64 = 1 << 30;

/// Bytes of a record's opcode and length.
pub(super) const FRAME: usize = 9;

/// The records of one chunk.
#[derive(Default)]
pub(super) struct Chunk {
    records: Vec<u8>,
    at: usize,
    damage: Option<String>,
}

impl Chunk {
    /// Replaces the records by those of the chunk record whose content `body` reads. When it ends early, the
    /// records before the cut are there.
    pub(super) fn read(&mut self, body: &mut impl Read) -> io::Result<()> {
        self.records.clear();
        self.at = 0;
        self.damage = None;
        let mut fixed = [0; 32];
        body.read_exact(&mut fixed)?;
        let size = u64_at(&fixed, 16);
        let crc = u32_at(&fixed, 24);
        let mut compression = Vec::new();
        body.take(u32_at(&fixed, 28).into())
            .read_to_end(&mut compression)?;
        let mut compressed_size = [0; 8];
        body.read_exact(&mut compressed_size)?;
        if size > MAX_CHUNK_BYTES {
            self.damage = Some(format!(
                "a chunk announces {size} bytes; at most {MAX_CHUNK_BYTES} are allowed"
            ));
            return Ok(());
        }
        let mut content = body.take(u64::from_le_bytes(compressed_size));
        let unpacked = match compression.as_slice() {
            b"" => content.take(size).read_to_end(&mut self.records),
            b"lz4" => lz4::Decoder::new(&mut content)?
                .take(size)
                .read_to_end(&mut self.records),
            other => {
                self.damage = Some(format!(
                    "a chunk is compressed with {:?}; lz4 and uncompressed are read \
                     (`mcap compress --compression lz4` converts a bag)",
                    String::from_utf8_lossy(other)
                ));
                return Ok(());
            }
        };
        let whole = self.records.len() as u64 == size;
        if let Err(e) = unpacked {
            self.damage = Some(format!("a chunk cannot be unpacked: {e}"));
        } else if !whole {
            self.damage = Some("the last chunk is cut off".to_owned());
        } else if crc != 0 && crc32fast::hash(&self.records) != crc {
            // Which byte is wrong is unknown, so nothing of it can be trusted.
            self.records.clear();
            self.damage = Some("a chunk's checksum is wrong".to_owned());
        }
        Ok(())
    }

    /// Replaces the records by one that stands outside of any chunk.
    pub(super) fn read_single(
        &mut self,
        frame: [u8; FRAME],
        body: &mut impl Read,
    ) -> io::Result<()> {
        self.records.clear();
        self.at = 0;
        self.damage = None;
        self.records.extend_from_slice(&frame);
        body.read_to_end(&mut self.records)?;
        Ok(())
    }

    /// The opcode and content of the next record; `None` at the end of the chunk.
    pub(super) fn next_record(&mut self) -> Option<(u8, &[u8])> {
        let rest = &self.records[self.at..];
        let (frame, rest) = rest.split_at_checked(FRAME)?;
        let length = usize::try_from(u64_at(frame, 1)).ok()?;
        let content = rest.get(..length)?;
        self.at += FRAME + length;
        Some((frame[0], content))
    }

    /// Whether the records that [`next_record`](Self::next_record) gave were all that the chunk should have.
    pub(super) fn damage(&mut self) -> Option<String> {
        let rest = self.records.len() - self.at;
        let inside = || (rest > 0).then(|| "a chunk ends inside of a record".to_owned());
        self.damage.take().or_else(inside)
    }
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut value = [0; 8];
    value.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(value)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut value = [0; 4];
    value.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(value)
}
