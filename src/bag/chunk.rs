//! The inside of an MCAP file: records one after the other, most of them in compressed chunks.
//!
//! Done by hand where the `mcap` crate's readers trust the lengths in the file or give up at the first damage: here a
//! length that lies costs no memory, and of a chunk that was cut off everything before the cut is read.

use std::io::{self, Read};

use mcap::records::op;

use super::input::{WINDOW_LOG_MAX, ZSTD_MAGIC};

/// The most bytes that one chunk may hold, and that a record outside of chunks may have.
pub(super) const MAX_CHUNK_BYTES: u64 = 1 << 30;

/// The most bytes that a message may have that was compressed by itself.
pub(super) const MAX_MESSAGE_BYTES: u64 = 1 << 28;

/// Room for so many bytes is made before any has appeared.
const RESERVED_BYTES: u64 = 8 << 20;

/// Bytes of a record's opcode and length.
pub(super) const FRAME: usize = 9;

/// Bytes of a message record before the message: channel, sequence, log time and publish time.
pub(super) const MESSAGE_HEADER: usize = 2 + 4 + 8 + 8;

/// Where in it the log time is.
pub(super) const LOG_TIME: std::ops::Range<usize> = 6..14;

/// The longest name of a compression.
const MAX_NAME_BYTES: u32 = 64;

/// Records that lie one after the other, out of one chunk or out of the file itself.
pub(super) struct Chunk {
    /// The records, each behind its opcode and length.
    pub records: Vec<u8>,
    /// Their checksum.
    pub crc: u32,
    /// What is wrong with them, if anything.
    pub damage: Option<String>,
}

impl Chunk {
    /// Of the chunk record whose content `body` reads, into a room that is empty. When it ends early, the records before
    /// the cut are there.
    pub fn unpack(body: &mut impl Read, room: Vec<u8>) -> io::Result<Self> {
        let mut fixed = [0; 32];
        body.read_exact(&mut fixed)?;
        let size = u64_at(&fixed, 16);
        let crc = u32_at(&fixed, 24);
        let name_bytes = u32_at(&fixed, 28);
        let mut chunk = Self::within(room);
        if name_bytes > MAX_NAME_BYTES {
            return Ok(chunk.damaged(format!(
                "a chunk's compression has a name of {name_bytes} bytes; at most {MAX_NAME_BYTES} are allowed"
            )));
        }
        let mut compression = vec![0; name_bytes as usize];
        body.read_exact(&mut compression)?;
        let mut compressed_size = [0; 8];
        body.read_exact(&mut compressed_size)?;
        if size > MAX_CHUNK_BYTES {
            return Ok(chunk.damaged(format!(
                "a chunk announces {size} bytes; at most {MAX_CHUNK_BYTES} are allowed"
            )));
        }
        let mut content = body.take(u64::from_le_bytes(compressed_size));
        let records = &mut chunk.records;
        records.reserve_exact(size.min(RESERVED_BYTES) as usize);
        let unpacked = match compression.as_slice() {
            b"" => content.take(size).read_to_end(records),
            b"lz4" => {
                lz4::Decoder::new(&mut content).and_then(|lz4| lz4.take(size).read_to_end(records))
            }
            b"zstd" => unpack_zstd(&mut content, size, records),
            other => {
                let name = String::from_utf8_lossy(other).into_owned();
                return Ok(chunk.damaged(format!(
                    "a chunk is compressed with {name:?}; zstd, lz4 and uncompressed are read \
                     (`mcap compress --compression zstd` converts a bag)"
                )));
            }
        };
        let whole = chunk.records.len() as u64 == size;
        chunk.crc = crc32fast::hash(&chunk.records);
        if let Err(e) = unpacked {
            chunk.damage = Some(format!("a chunk cannot be unpacked: {e}"));
        } else if !whole {
            chunk.damage = Some("a chunk holds less than it announces".to_owned());
        } else if crc != 0 && chunk.crc != crc {
            // Which byte is wrong is unknown, so nothing of it can be trusted.
            chunk.records.clear();
            chunk.damage = Some("a chunk's checksum is wrong".to_owned());
        }
        Ok(chunk)
    }

    /// Of records outside of any chunk, of which `body` reads `length` bytes.
    pub fn plain(body: &mut impl Read, length: u64, room: Vec<u8>) -> io::Result<Self> {
        let mut chunk = Self::within(room);
        if length > MAX_CHUNK_BYTES {
            return Ok(chunk.damaged(format!(
                "a record has {length} bytes; at most {MAX_CHUNK_BYTES} are allowed"
            )));
        }
        body.take(length).read_to_end(&mut chunk.records)?;
        if chunk.records.len() as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        chunk.crc = crc32fast::hash(&chunk.records);
        Ok(chunk)
    }

    /// Nothing yet, with room for records.
    pub fn within(records: Vec<u8>) -> Self {
        Self {
            records,
            crc: 0,
            damage: None,
        }
    }

    fn damaged(mut self, damage: String) -> Self {
        self.damage = Some(damage);
        self
    }
}

/// A message as it was sent. rosbag2 can compress each by itself, and says so only beside the file; but no CDR message
/// begins as a zstd frame does.
pub(super) fn unpacked<'a>(
    message: &'a [u8],
    scratch: &'a mut Vec<u8>,
) -> Result<&'a [u8], String> {
    if !message.starts_with(&ZSTD_MAGIC) {
        return Ok(message);
    }
    scratch.clear();
    let read = unpack_zstd(&mut &*message, MAX_MESSAGE_BYTES + 1, scratch)
        .map_err(|e| format!("a compressed message cannot be unpacked: {e}"))?;
    match read as u64 > MAX_MESSAGE_BYTES {
        true => Err(format!(
            "a compressed message has more than {MAX_MESSAGE_BYTES} bytes, which are allowed"
        )),
        false => Ok(scratch),
    }
}

/// Unpacks at most `most` bytes of a zstd frame. Memory is asked for as the content appears, not as it is announced.
fn unpack_zstd(content: &mut impl Read, most: u64, unpacked: &mut Vec<u8>) -> io::Result<usize> {
    let mut decoder = zstd::Decoder::new(content)?;
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    decoder.take(most).read_to_end(unpacked)
}

/// The opcode and content of the record at a place, and where the next one is; none where no whole record is.
pub(super) fn record_at(records: &[u8], at: usize) -> Option<(u8, &[u8], usize)> {
    let (frame, rest) = records.get(at..)?.split_at_checked(FRAME)?;
    let length = usize::try_from(u64_at(frame, 1)).ok()?;
    let content = rest.get(..length)?;
    Some((frame[0], content, at + FRAME + length))
}

/// Adds a record.
pub(super) fn append(records: &mut Vec<u8>, opcode: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    records.push(opcode);
    records.extend_from_slice(&(length as u64).to_le_bytes());
    for part in parts {
        records.extend_from_slice(part);
    }
}

/// Adds the records of a topic, with a schema of its own: the name of its type, how its definition is written, and the
/// definition.
pub(super) fn append_topic(
    records: &mut Vec<u8>,
    number: u16,
    name: &str,
    serialization: &str,
    schema: (&str, &str, &str),
) -> Result<(), String> {
    // Of schemas, 0 says that there is none.
    let id = number
        .checked_add(1)
        .ok_or_else(|| format!("it has more than {} topics", u16::MAX))?
        .to_le_bytes();
    let parts = [
        &id[..],
        &sized(schema.0),
        &sized(schema.1),
        &sized(schema.2),
    ];
    append(records, op::SCHEMA, &parts);
    let number = number.to_le_bytes();
    let parts = [
        &number[..],
        &id,
        &sized(name),
        &sized(serialization),
        &sized(""),
    ];
    append(records, op::CHANNEL, &parts);
    Ok(())
}

/// A text with its length before it.
fn sized(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
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
