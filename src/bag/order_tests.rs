//! Recordings whose messages stand in any order.

use std::path::{Path, PathBuf};

use mcap::records::MessageHeader;
use mcap::{Compression, WriteOptions};

use super::*;
use crate::message::encode_text;

pub(super) const STRING: &str = "std_msgs/msg/String";

/// Writes messages with these times, a chunk after every `per_chunk`, each with its index as its text.
fn write(path: &Path, times: &[u64], options: WriteOptions, per_chunk: usize) {
    let file = std::fs::File::create(path).unwrap();
    let mut writer = options.create(file).unwrap();
    let schema = writer
        .add_schema(STRING, "ros2msg", b"string data")
        .unwrap();
    let ids = ["/a", "/b"].map(|topic| {
        let no_metadata = Default::default();
        writer
            .add_channel(schema, topic, "cdr", &no_metadata)
            .unwrap()
    });
    for (i, time) in times.iter().enumerate() {
        let header = MessageHeader {
            channel_id: ids[i % 2],
            sequence: 0,
            log_time: *time,
            publish_time: *time,
        };
        writer.write_to_known_channel(&header, &text(i)).unwrap();
        if i % per_chunk == per_chunk - 1 {
            writer.flush().unwrap();
        }
    }
    writer.finish().unwrap();
}

pub(super) fn text(i: usize) -> Vec<u8> {
    encode_text(&format!("{i} {}", "x".repeat(400)))
}

pub(super) fn compressed(compression: Option<Compression>) -> WriteOptions {
    WriteOptions::new().compression(compression)
}

/// Numbers from 0 to `count` in an order that is the same every time.
fn shuffled(count: u64) -> Vec<u64> {
    let mut state = 7u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut numbers: Vec<u64> = (0..count).collect();
    for i in (1..numbers.len()).rev() {
        numbers.swap(i, next() as usize % (i + 1));
    }
    numbers
}

/// What must come: the index of every message, by time and then by where it stands.
fn by_time(times: &[u64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by_key(|i| times[*i]);
    order
}

pub(super) fn read(reader: &mut Reader) -> Vec<Vec<u8>> {
    reader.records().map(|record| record.bytes).collect()
}

pub(super) fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bag.mcap");
    (folder, path)
}

#[test]
fn messages_come_in_the_order_of_their_times_wherever_they_stand() {
    let (_folder, path) = folder();
    let backwards: Vec<u64> = (0..200).rev().collect();
    let in_pairs: Vec<u64> = (0..200).map(|i| i / 7).collect();
    for times in [shuffled(200), backwards, in_pairs] {
        let expected: Vec<_> = by_time(&times).into_iter().map(text).collect();
        for options in [
            compressed(None),
            compressed(Some(Compression::Lz4)),
            compressed(Some(Compression::Zstd)),
            compressed(None).use_chunks(false),
        ] {
            write(&path, &times, options, 10);
            let mut reader = Reader::open(&path).unwrap();
            for _ in 0..2 {
                assert!(read(&mut reader) == expected);
                assert_eq!(reader.truncated(), None);
            }
        }
    }
}

#[test]
fn of_chunks_that_overlap_no_more_is_kept_than_allowed() {
    let (_folder, path) = folder();
    let times = shuffled(2000);
    write(&path, &times, compressed(Some(Compression::Zstd)), 50);
    let expected: Vec<_> = by_time(&times).into_iter().map(text).collect();
    let mut reader = Reader::open(&path).unwrap();
    const ALLOWED: usize = 200_000;
    let mut records = reader.records().keeping(ALLOWED);
    let (mut most, mut chunks, mut read) = (0, 0, Vec::new());
    while let Some(view) = records.next_view() {
        read.push(view.bytes.to_vec());
        let (kept, count) = records.kept();
        (most, chunks) = (most.max(kept), chunks.max(count));
    }
    assert!(read == expected);
    // One chunk of 50 messages is in use beside those that are kept.
    assert!((ALLOWED / 2..ALLOWED + 60_000).contains(&most), "{most}");
    assert!((3..12).contains(&chunks), "{chunks} of 40 chunks");
}

#[test]
fn messages_can_be_fetched_once_more_in_any_number() {
    let (_folder, path) = folder();
    let times = shuffled(300);
    write(&path, &times, compressed(Some(Compression::Lz4)), 20);
    let mut reader = Reader::open(&path).unwrap();
    let mut wanted = Vec::new();
    let mut records = reader.records();
    while let Some(view) = records.next_view() {
        if view.log_time.nanos() % 3 == 0 {
            wanted.push((view.place, view.bytes.to_vec()));
        }
    }
    wanted.sort();
    let places: Vec<Place> = wanted.iter().map(|(place, _)| *place).collect();
    let mut fetched = Vec::new();
    let mut again = Reader::with(reader.layout());
    let see = |i: usize, _, bytes: &[u8]| fetched.push((places[i], bytes.to_vec()));
    again.fetch(&places, see).unwrap();
    assert!(fetched == wanted);
    std::fs::write(&path, &std::fs::read(&path).unwrap()[..2000]).unwrap();
    let refused = Reader::with(reader.layout()).fetch(&places, |_, _, _| {});
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("cannot be read a second time"), "{text}");
}

#[test]
fn a_digest_is_anothers_when_a_byte_is_anothers() {
    let (_folder, path) = folder();
    let digest = |options: WriteOptions, change: bool| {
        write(&path, &[1, 2, 3, 4], options, 2);
        if change {
            let mut bytes = std::fs::read(&path).unwrap();
            let at = bytes.windows(3).position(|w| w == b"xxx").unwrap();
            bytes[at] = b'y';
            std::fs::write(&path, bytes).unwrap();
        }
        let mut reader = Reader::open(&path).unwrap();
        reader.records().count();
        reader.digest().unwrap().to_owned()
    };
    let plain = || compressed(None).use_chunks(false);
    let whole = digest(compressed(None), false);
    assert_eq!(whole, digest(compressed(Some(Compression::Zstd)), false));
    assert_eq!(digest(plain(), false), digest(plain(), false));
    assert_ne!(digest(plain(), false), digest(plain(), true));
}

#[test]
fn a_topic_may_be_named_in_a_chunk_whose_time_comes_later() {
    let (_folder, path) = folder();
    let times: Vec<u64> = (100..200).chain(0..100).collect();
    write(&path, &times, compressed(Some(Compression::Lz4)), 100);
    // Without the summary, which names the topics once more.
    let bytes = std::fs::read(&path).unwrap();
    let summary = mcap::Summary::read(&bytes).unwrap().unwrap();
    let last = &summary.chunk_indexes[1];
    let end = (last.chunk_start_offset + last.chunk_length) as usize;
    std::fs::write(&path, &bytes[..end]).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let expected: Vec<_> = (100..200).chain(0..100).map(text).collect();
    assert!(read(&mut reader) == expected);
    assert!(reader.truncated().unwrap().contains("the 200 messages"));
}

#[test]
fn a_cut_costs_nothing_of_what_is_whole_before_it_whenever_that_was() {
    let (_folder, path) = folder();
    // The chunk that is cut is the first in time.
    let times: Vec<u64> = (100..200).chain(0..20).collect();
    write(&path, &times, compressed(Some(Compression::Zstd)), 20);
    let bytes = std::fs::read(&path).unwrap();
    let summary = mcap::Summary::read(&bytes).unwrap().unwrap();
    let last = summary.chunk_indexes.last().unwrap();
    let begin = last.chunk_start_offset as usize;
    for end in begin + 1..begin + last.chunk_length as usize {
        std::fs::write(&path, &bytes[..end]).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        let read = read(&mut reader);
        assert!((100..120).contains(&read.len()), "{end}: {}", read.len());
        assert!(read.ends_with(&(0..100).map(text).collect::<Vec<_>>()));
        let told = reader.truncated().unwrap();
        assert!(told.contains("cut off"), "{end}: {told}");
    }
}

#[test]
fn a_type_may_be_named_in_a_chunk_whose_time_comes_later() {
    let (_folder, path) = folder();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = compressed(None).create(file).unwrap();
    let schema = writer.add_schema(STRING, "ros2msg", b"").unwrap();
    for (topic, log_time) in [("/late", 2), ("/early", 1)] {
        let no_metadata = Default::default();
        let channel_id = writer.add_channel(schema, topic, "cdr", &no_metadata);
        let header = MessageHeader {
            channel_id: channel_id.unwrap(),
            sequence: 0,
            log_time,
            publish_time: log_time,
        };
        writer.write_to_known_channel(&header, &text(0)).unwrap();
        writer.flush().unwrap();
    }
    writer.finish().unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let records = reader.records();
    let topics: Vec<(String, String)> = records
        .map(|record| (record.topic.to_string(), record.message_type.to_string()))
        .collect();
    let of = |topic: &str| (topic.to_owned(), STRING.to_owned());
    assert_eq!(topics, [of("/early"), of("/late")]);
}

#[test]
fn a_chunk_that_says_a_wrong_time_is_told_and_nothing_comes_out_of_order() {
    let (_folder, path) = folder();
    write(&path, &(0..40).collect::<Vec<_>>(), compressed(None), 10);
    let mut bytes = std::fs::read(&path).unwrap();
    let summary = mcap::Summary::read(&bytes).unwrap().unwrap();
    let begin = summary.chunk_indexes[1].chunk_start_offset as usize + 9;
    bytes[begin] = 35;
    std::fs::write(&path, bytes).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let times: Vec<i64> = reader.records().map(|r| r.log_time.nanos()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let told = reader.truncated().unwrap();
    assert!(
        told.contains("before the time at which it says it begins"),
        "{told}"
    );
}

#[test]
fn a_file_compressed_as_a_whole_is_read_as_far_as_it_goes() {
    let (folder, path) = folder();
    let times = shuffled(300);
    write(&path, &times, compressed(None), 10);
    let expected: Vec<_> = by_time(&times).into_iter().map(text).collect();
    let packed = zstd::encode_all(&*std::fs::read(&path).unwrap(), 1).unwrap();
    let path = folder.path().join("bag.mcap.zstd");
    std::fs::write(&path, &packed).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    for _ in 0..2 {
        assert!(read(&mut reader) == expected);
        assert_eq!(reader.truncated(), None);
    }
    for end in (0..packed.len()).step_by(97) {
        std::fs::write(&path, &packed[..end]).unwrap();
        let Ok(mut reader) = Reader::open(&path) else {
            continue;
        };
        assert!(read(&mut reader).len() <= 300);
        assert!(reader.truncated().is_some(), "cut at {end}");
    }
}
