//! Recordings.

use std::sync::OnceLock;

use late_fusion::bag::{Reader, Writer};
use late_fusion::message::MessageType;
use late_fusion::time::Stamp;

use crate::MB;
use crate::cdr::samples;
use crate::document::folder_in_memory;
use crate::memory::bounded;
use crate::mutate::{spoil, try_out};

/// A bag as `late_fusion record` writes it: compressed, with checksums.
fn recorded() -> &'static [u8] {
    static BAG: OnceLock<Vec<u8>> = OnceLock::new();
    BAG.get_or_init(|| {
        let folder = folder_in_memory();
        let path = folder.path().join("bag.mcap");
        let mut writer = Writer::create(&path).unwrap();
        let topics = ["/a", "/b", "/c"].map(|name| {
            let message = MessageType::String.ros_name();
            writer.add_topic(name, message, "string data\n").unwrap()
        });
        for (i, bytes) in samples().iter().enumerate() {
            let time = Stamp::from_nanos(i as i64);
            writer.write(topics[i % topics.len()], time, bytes).unwrap();
            if i % 8 == 7 {
                writer.flush().unwrap();
            }
        }
        writer.finish().unwrap();
        std::fs::read(path).unwrap()
    })
}

/// A record: its opcode, the length of its content, the content.
fn record(opcode: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![opcode];
    bytes.extend((content.len() as u64).to_le_bytes());
    bytes.extend(content);
    bytes
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u32).to_le_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

/// The records inside of a chunk: a schema, a channel and a message each of all samples.
fn inside() -> Vec<u8> {
    let schema = [
        &1_u16.to_le_bytes()[..],
        &text("std_msgs/msg/String"),
        &text("ros2msg"),
        &text("string data\n"),
    ];
    let channel = [
        &1_u16.to_le_bytes()[..],
        &1_u16.to_le_bytes(),
        &text("/a"),
        &text("cdr"),
        &0_u32.to_le_bytes(),
    ];
    let mut records = [record(3, &schema.concat()), record(4, &channel.concat())].concat();
    for (i, bytes) in samples().iter().enumerate() {
        let (number, time) = ((i as u32).to_le_bytes(), (i as u64).to_le_bytes());
        records.extend(record(
            5,
            &[&1_u16.to_le_bytes()[..], &number, &time, &time, bytes].concat(),
        ));
    }
    records
}

/// A bag with these records in one chunk, uncompressed and, as the format allows, without a checksum: what is spoilt
/// inside is met where it lies.
fn in_a_chunk(records: &[u8]) -> Vec<u8> {
    const MAGIC: &[u8] = b"\x89MCAP0\r\n";
    let length = (records.len() as u64).to_le_bytes();
    let chunk = [&[0; 16][..], &length, &[0; 4], &text(""), &length, records].concat();
    let header = [text("ros2"), text("")].concat();
    let parts = [
        MAGIC,
        &record(1, &header),
        &record(6, &chunk),
        &record(15, &[0; 4]),
        &record(2, &[0; 20]),
        MAGIC,
    ];
    parts.concat()
}

/// Reads a file, whatever it is stored as, in all ways; returns how many messages there were.
pub fn read_all(bytes: &[u8]) -> usize {
    let folder = folder_in_memory();
    let path = folder.path().join("bag");
    std::fs::write(&path, bytes).unwrap();
    // Something for every record's size, what lz4 can make of a byte, and the reader's own buffers.
    bounded(16 * MB + 300 * bytes.len(), || {
        let Ok(mut reader) = Reader::open(&path) else {
            return 0;
        };
        let topics: u64 = reader.topics().values().map(|topic| topic.messages).sum();
        let mut count = 0;
        for record in reader.records() {
            assert!(record.bytes.len() <= 256 * bytes.len());
            count += 1;
        }
        assert_eq!(count, topics, "two passes over one file");
        count as usize
    })
}

/// The file as rosbag2 compresses it, with `compression_mode: FILE`.
fn compressed(file: &[u8]) -> Vec<u8> {
    zstd::encode_all(file, 1).unwrap()
}

#[test]
fn what_is_spoilt_here_was_whole() {
    assert_eq!(read_all(recorded()), samples().len());
    assert_eq!(read_all(&in_a_chunk(&inside())), samples().len());
    assert_eq!(read_all(&compressed(recorded())), samples().len());
}

#[test]
fn no_bag_panics_or_costs_memory() {
    try_out(3_000, |which, edits| {
        read_all(&match which % 5 {
            0 => spoil(recorded().to_vec(), edits),
            1 => spoil(in_a_chunk(&inside()), edits),
            2 => spoil(compressed(recorded()), edits),
            3 => compressed(&spoil(in_a_chunk(&inside()), edits)),
            _ => in_a_chunk(&spoil(inside(), edits)),
        });
    });
}
