//! Bags that are whole, cut off, damaged or something else.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::*;
use crate::message::{MessageType, encode_text, text};
use crate::time::Stamp;

const DEFINITION: &str = "string data\n";
const STRING: &str = "std_msgs/msg/String";

/// A bag of 300 messages on two topics, a chunk after every 20; many of them too random to compress.
fn write(folder: &Path, messages: std::ops::Range<i64>) -> PathBuf {
    let path = folder.join("bag.mcap");
    let mut writer = Writer::create(&path).unwrap();
    let episode = writer.add_topic("/episode", STRING, DEFINITION).unwrap();
    let words = writer.add_topic("/words", STRING, DEFINITION).unwrap();
    for i in messages {
        let topic = if i % 10 == 0 { episode } else { words };
        writer
            .write(topic, Stamp::from_nanos(i), &message(i))
            .unwrap();
        if i % 20 == 19 {
            writer.flush().unwrap();
        }
    }
    writer.finish().unwrap();
    path
}

fn message(i: i64) -> Vec<u8> {
    let mut state = i as u64 + 1;
    let letters = (0..700).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + (state >> 59) as u8 % 26)
    });
    encode_text(&format!("{i} {}", letters.collect::<String>()))
}

/// Reads a bag, checks that its messages are the first ones written, and returns how many there are.
fn count_whole(reader: &mut Reader) -> usize {
    let mut count = 0;
    for (i, record) in reader.records().enumerate() {
        assert_eq!(record.bytes, message(i as i64), "message {i}");
        assert_eq!(record.log_time.nanos(), i as i64);
        let topic = if i % 10 == 0 { "/episode" } else { "/words" };
        assert_eq!((&*record.topic, &*record.message_type), (topic, STRING));
        count += 1;
    }
    count
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = Reader::open(&write(folder.path(), 0..300)).unwrap();
    for _ in 0..2 {
        assert_eq!(count_whole(&mut reader), 300);
        assert_eq!(reader.truncated(), None);
    }
    let topics = reader.topics();
    let counts: Vec<(&str, u64)> = topics
        .iter()
        .map(|(name, t)| (&**name, t.messages))
        .collect();
    assert_eq!(counts, [("/episode", 30), ("/words", 270)]);
}

#[test]
fn a_recording_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), 0..1);
    let before = std::fs::read(&path).unwrap();
    let text = Writer::create(&path).err().unwrap().to_string();
    assert!(
        text.contains("bag.mcap") && text.contains("never replaces"),
        "{text}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_writer_that_dies_leaves_what_it_flushed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bag.mcap");
    let mut writer = Writer::create(&path).unwrap();
    let topic = writer.add_topic("/words", STRING, DEFINITION).unwrap();
    for i in 0..50 {
        writer
            .write(topic, Stamp::from_nanos(i), &message(i))
            .unwrap();
    }
    writer.flush().unwrap();
    writer
        .write(topic, Stamp::from_nanos(50), &message(50))
        .unwrap();
    // Nothing more happens to a process that is killed: no destructor, no buffer written out.
    std::mem::forget(writer);
    let mut reader = Reader::open(&path).unwrap();
    let read: Vec<Vec<u8>> = reader.records().map(|record| record.bytes).collect();
    assert_eq!(read, (0..50).map(message).collect::<Vec<_>>());
    let text = reader.truncated().unwrap();
    assert!(
        text.contains("bag.mcap") && text.contains("the 50 messages"),
        "{text}"
    );
}

#[test]
fn a_bag_cut_anywhere_gives_everything_whole_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), 0..300);
    let bytes = std::fs::read(&path).unwrap();
    let cut = folder.path().join("cut.mcap");
    let mut counts = Vec::new();
    let ends = (mcap::MAGIC.len()..bytes.len())
        .step_by(1024)
        .chain(bytes.len() - 9..bytes.len());
    for end in ends {
        std::fs::write(&cut, &bytes[..end]).unwrap();
        let mut reader = Reader::open(&cut).unwrap();
        let count = count_whole(&mut reader);
        // The closing records hold no message: a bag that lost only those has lost nothing.
        assert!(reader.truncated().is_some() || count == 300, "cut at {end}");
        counts.push((end, count));
    }
    assert!(counts.is_sorted_by_key(|(_, count)| *count), "{counts:?}");
    // The chunks end where their 20 messages end; a bag cut behind a chunk has all of it.
    let summary = mcap::Summary::read(&bytes).unwrap().unwrap();
    assert_eq!(summary.chunk_indexes.len(), 15);
    for (end, count) in counts {
        let whole = summary
            .chunk_indexes
            .iter()
            .filter(|chunk| chunk.chunk_start_offset + chunk.chunk_length <= end as u64)
            .count();
        assert!(
            count >= 20 * whole,
            "cut at {end}: {count} of {whole} whole chunks"
        );
    }
}

#[test]
fn an_unfinished_chunk_is_read_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bag.mcap");
    let mut writer = Writer::create(&path).unwrap();
    let topic = writer.add_topic("/episode", STRING, DEFINITION).unwrap();
    // One chunk of a thousand messages, several blocks of compressed data.
    for i in 0..1000 {
        writer
            .write(topic, Stamp::from_nanos(i), &message(i))
            .unwrap();
    }
    writer.finish().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let count = reader.records().count();
    assert!((300..600).contains(&count), "{count} of about 500");
    assert!(
        reader
            .truncated()
            .unwrap()
            .contains("the last chunk is cut off")
    );
}

#[test]
fn flipped_bits_never_panic_and_a_damaged_chunk_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(write(folder.path(), 0..60)).unwrap();
    let path = folder.path().join("damaged.mcap");
    let mut damaged_but_unsaid = 0;
    for at in (mcap::MAGIC.len()..bytes.len()).step_by(97) {
        let mut broken = bytes.clone();
        broken[at] ^= 0x10;
        std::fs::write(&path, &broken).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        let count = reader.records().count();
        damaged_but_unsaid += usize::from(reader.truncated().is_none() && count < 60);
    }
    assert_eq!(damaged_but_unsaid, 0);
    let mut broken = bytes.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 1;
    std::fs::write(&path, &broken).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(count_whole(&mut reader), 20);
    let text = reader.truncated().unwrap();
    assert!(text.contains("the 20 messages before that"), "{text}");
}

#[test]
fn lengths_that_lie_cost_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lie.mcap");
    for opcode in 1..=16_u8 {
        for length in [u64::MAX, u64::MAX - 8, 1 << 40] {
            let mut bytes = mcap::MAGIC.to_vec();
            bytes.push(opcode);
            bytes.extend(length.to_le_bytes());
            bytes.extend([0xff; 64]);
            std::fs::write(&path, &bytes).unwrap();
            let mut reader = Reader::open(&path).unwrap();
            assert_eq!(reader.records().count(), 0);
        }
    }
}

#[test]
fn a_file_that_is_no_bag_is_refused_by_name_with_what_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.mcap");
    let refused = |what: &str| {
        let text = Reader::open(&path).unwrap_err().to_string();
        assert!(
            text.contains("some.mcap") && text.contains(what),
            "{what:?} is not in {text:?}"
        );
    };
    refused("No such file");
    std::fs::write(&path, b"").unwrap();
    refused("the file is empty; an MCAP or sqlite3 file is needed");
    std::fs::write(&path, b"a diary").unwrap();
    refused("neither MCAP nor sqlite3; an MCAP or sqlite3 file is needed");
    std::fs::write(&path, b"SQLite format 3\0 and so on").unwrap();
    refused("sqlite3 says: file is not a database");
    std::fs::write(&path, b"#ROSBAG V2.0\n").unwrap();
    refused("a bag of ROS 1");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    refused("a folder; an MCAP or sqlite3 file is needed");
}

#[test]
fn a_topic_that_is_missing_empty_or_of_another_type_is_said_with_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = Reader::open(&write(folder.path(), 0..20)).unwrap();
    let string = MessageType::String;
    assert!(
        reader
            .require([("/words", string), ("/episode", string)])
            .is_ok()
    );
    let wanted = [
        ("/words", MessageType::Image),
        ("/joint_states", MessageType::JointState),
    ];
    let text = reader.require(wanted).unwrap_err().to_string();
    for part in [
        "bag.mcap",
        "/words is of the type std_msgs/msg/String; sensor_msgs/msg/Image is needed",
        "nothing of the topic /joint_states (sensor_msgs/msg/JointState); it has /episode, /words",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
    let empty = tempfile::tempdir().unwrap();
    let mut reader = Reader::open(&write(empty.path(), 0..0)).unwrap();
    let text = reader
        .require([("/words", string)])
        .unwrap_err()
        .to_string();
    assert!(text.contains("it has no messages at all"), "{text}");
}

#[test]
fn bags_of_other_writers_are_read_chunked_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.mcap");
    for (chunks, compression) in [
        (true, None),
        (true, Some(mcap::Compression::Lz4)),
        (true, Some(mcap::Compression::Zstd)),
        (false, None),
    ] {
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = mcap::WriteOptions::new()
            .use_chunks(chunks)
            .compression(compression)
            .create(file)
            .unwrap();
        let schema = writer
            .add_schema(STRING, "ros2msg", DEFINITION.as_bytes())
            .unwrap();
        let no_metadata = Default::default();
        let cdr = writer
            .add_channel(schema, "/words", "cdr", &no_metadata)
            .unwrap();
        let json = writer
            .add_channel(schema, "/json", "json", &no_metadata)
            .unwrap();
        for (channel_id, data) in [
            (cdr, encode_text("open")),
            (json, b"{}".to_vec()),
            (cdr, encode_text("close")),
        ] {
            let header = mcap::records::MessageHeader {
                channel_id,
                sequence: 0,
                log_time: 7,
                publish_time: 7,
            };
            writer.write_to_known_channel(&header, &data).unwrap();
        }
        writer.finish().unwrap();
        let mut reader = Reader::open(&path).unwrap();
        let records: Vec<Record> = reader.records().collect();
        let words: Vec<&str> = records.iter().map(|r| text(&r.bytes).unwrap()).collect();
        assert_eq!(words, ["open", "close"]);
        assert_eq!(reader.truncated(), None);
    }
}

/// Where [`a_killed_process_leaves_what_it_flushed`] has its child write.
const CHILD: &str = "LATE_FUSION_TEST_BAG_OF_CHILD";

#[test]
fn a_killed_process_leaves_what_it_flushed() {
    if let Some(path) = std::env::var_os(CHILD) {
        return write_until_killed(Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.mcap");
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "bag::tests::a_killed_process_leaves_what_it_flushed",
        ])
        .env(CHILD, &path)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let flushed: usize = said.nth(9).unwrap().unwrap().parse().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let read = reader
        .records()
        .take_while(|r| r.bytes == message(r.log_time.nanos()))
        .count();
    assert!(read >= flushed && flushed >= 400, "{read} of {flushed}");
    assert!(reader.truncated().is_some());
}

/// Flushes every now and then, saying each time how many messages are safe.
fn write_until_killed(path: &Path) {
    let mut writer = Writer::create(path).unwrap();
    let topic = writer.add_topic("/words", STRING, DEFINITION).unwrap();
    // An end, for the day when the parent dies first.
    for i in 0..100_000 {
        writer
            .write(topic, Stamp::from_nanos(i), &message(i))
            .unwrap();
        if i % 40 == 39 {
            writer.flush().unwrap();
            eprintln!("{}", i + 1);
        }
    }
}
