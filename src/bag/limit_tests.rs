//! What a damaged or hostile recording may ask for.

use std::io::Write as _;
use std::path::Path;

use mcap::records::MessageHeader;

use super::order_tests::{STRING, compressed, folder, read, text};
use super::*;

/// Writes one message.
fn write_one(path: &Path, message: &[u8]) {
    let file = std::fs::File::create(path).unwrap();
    let mut writer = compressed(None).create(file).unwrap();
    let schema = writer.add_schema(STRING, "ros2msg", b"").unwrap();
    let no_metadata = Default::default();
    let channel_id = writer
        .add_channel(schema, "/a", "cdr", &no_metadata)
        .unwrap();
    let header = MessageHeader {
        channel_id,
        sequence: 0,
        log_time: 1,
        publish_time: 1,
    };
    writer.write_to_known_channel(&header, message).unwrap();
    writer.finish().unwrap();
}

#[test]
fn a_message_that_was_compressed_by_itself_is_read_and_one_that_asks_for_too_much_is_told() {
    let (_folder, path) = folder();
    write_one(&path, &zstd::encode_all(&*text(3), 1).unwrap());
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(read(&mut reader), [text(3)]);
    assert_eq!(reader.truncated(), None);
    let mut bomb = zstd::Encoder::new(Vec::new(), 1).unwrap();
    for _ in 0..257 {
        bomb.write_all(&[0; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let whole = zstd::encode_all(&*text(3), 1).unwrap();
    for (message, why) in [
        (
            &bomb[..],
            "topic /a: a compressed message has more than 268435456 bytes",
        ),
        (
            &asking_for_a_window(30),
            "topic /a: a compressed message cannot be unpacked",
        ),
        (
            &whole[..whole.len() / 2],
            "topic /a: a compressed message cannot be unpacked",
        ),
    ] {
        write_one(&path, message);
        let mut reader = Reader::open(&path).unwrap();
        assert_eq!(reader.records().count(), 0);
        let told = reader.truncated().unwrap();
        assert!(told.contains(why), "{why:?} is not in {told:?}");
    }
}

/// A frame of three bytes that asks for a window of 2 to this power.
fn asking_for_a_window(log: u8) -> [u8; 12] {
    let [a, b, c, d] = super::input::ZSTD_MAGIC;
    [
        a,
        b,
        c,
        d,
        0,
        (log - 10) << 3,
        3 << 3 | 1,
        0,
        0,
        b'a',
        b'b',
        b'c',
    ]
}

#[test]
fn a_chunk_that_asks_for_too_much_is_told() {
    let (_folder, path) = folder();
    let chunk = |size: u64, compression: &str, content: &[u8]| {
        let mut body = Vec::new();
        for number in [5u64, 5, size] {
            body.extend(number.to_le_bytes());
        }
        body.extend([0; 4]);
        body.extend((compression.len() as u32).to_le_bytes());
        body.extend(compression.as_bytes());
        body.extend((content.len() as u64).to_le_bytes());
        body.extend(content);
        let mut bytes = mcap::MAGIC.to_vec();
        bytes.push(mcap::records::op::CHUNK);
        bytes.extend((body.len() as u64).to_le_bytes());
        bytes.extend(body);
        // The end of the data.
        bytes.extend([0x0f, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    };
    for (bytes, why) in [
        (
            chunk(1 << 40, "zstd", b""),
            "at most 1073741824 are allowed",
        ),
        (
            chunk(3, "zstd", &asking_for_a_window(30)),
            "cannot be unpacked",
        ),
        (
            chunk(9, "zstd", &asking_for_a_window(12)),
            "holds less than it announces",
        ),
        (chunk(3, "brotli", b"abc"), "compressed with \"brotli\""),
        (
            chunk(3, &"n".repeat(4000), b"abc"),
            "at most 64 are allowed",
        ),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        assert_eq!(reader.records().count(), 0);
        let told = reader.truncated().unwrap();
        assert!(told.contains(why), "{why:?} is not in {told:?}");
    }
}
