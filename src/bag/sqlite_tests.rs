//! Recordings in databases: what rosbag2 writes, and what nobody should.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::*;
use crate::message::encode_text;

/// The tables of rosbag2 from ROS 2 Foxy to Humble, and what came with Iron.
const TABLES: &str = "
    CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
        serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL);
    CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE INDEX timestamp_idx ON messages (timestamp ASC);";
const DEFINITIONS: &str = "
    CREATE TABLE message_definitions(id INTEGER PRIMARY KEY, topic_type TEXT NOT NULL, encoding TEXT NOT NULL,
        encoded_message_definition TEXT NOT NULL, type_description_hash TEXT NOT NULL);
    INSERT INTO message_definitions VALUES (1, 'std_msgs/msg/String', 'ros2msg', 'string data', '');";

struct Recording {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Recording {
    /// Messages with these numbers in them, recorded at these times, of two topics by turns.
    fn new(more: &str, messages: impl IntoIterator<Item = (i64, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a bag?#_0.db3");
        let database = Connection::open(&path).unwrap();
        database.execute_batch(TABLES).unwrap();
        let topics = "INSERT INTO topics VALUES (4, '/words', 'std_msgs/msg/String', 'cdr', ''), \
                      (9, '/more', 'std_msgs/msg/String', 'cdr', '')";
        database.execute(topics, []).unwrap();
        for (i, (time, text)) in messages.into_iter().enumerate() {
            let row = "INSERT INTO messages(topic_id, timestamp, data) VALUES (?, ?, ?)";
            let topic = [4, 9][i % 2];
            database
                .execute(row, (topic, time, encode_text(&text)))
                .unwrap();
        }
        database.execute_batch(more).unwrap();
        Self {
            _folder: folder,
            path,
        }
    }

    fn read(&self) -> (Vec<Record>, Option<String>) {
        let mut reader = Reader::open(&self.path).unwrap();
        let records = reader.records().collect();
        (records, reader.truncated())
    }

    fn refused(&self) -> String {
        Reader::open(&self.path).unwrap_err().to_string()
    }
}

fn numbered(times: impl IntoIterator<Item = i64>) -> impl Iterator<Item = (i64, String)> {
    let times = times.into_iter().enumerate();
    times.map(|(i, time)| (time, format!("{i}")))
}

fn times(records: &[Record]) -> Vec<i64> {
    records.iter().map(|r| r.log_time.nanos()).collect()
}

#[test]
fn every_message_comes_with_its_topic_and_type_in_the_order_of_the_times() {
    // Many stretches of rows, and times that go back and forth across them.
    let long = "long ".repeat(20_000);
    let of = |i: i64| (1_000_000 + (i ^ 5) * 1000, format!("{i} {long}"));
    let recording = Recording::new(DEFINITIONS, (0..64).map(of));
    let (records, truncated) = recording.read();
    assert_eq!(truncated, None);
    let mut expected: Vec<(i64, usize, String)> = (0..64)
        .map(of)
        .enumerate()
        .map(|(i, (time, text))| (time, i, text))
        .collect();
    expected.sort();
    assert_eq!(records.len(), 64);
    for (record, (time, i, text)) in records.iter().zip(&expected) {
        assert_eq!(record.log_time.nanos(), *time);
        assert_eq!(&*record.topic, ["/words", "/more"][i % 2]);
        assert_eq!(&*record.message_type, "std_msgs/msg/String");
        assert_eq!(record.bytes, encode_text(text));
    }
    let mut reader = Reader::open(&recording.path).unwrap();
    assert!(reader.layout().blocks.len() > 5);
    let mut records = reader.records();
    let view = records.next_view().unwrap();
    assert_eq!(&**view.definition, "string data");
    let place = view.place;
    let first = view.bytes.to_vec();
    reader
        .fetch(&[place], |_, time, bytes| {
            assert_eq!((time.nanos(), bytes), (expected[0].0, &first[..]));
        })
        .unwrap();
}

#[test]
fn the_same_messages_have_one_digest_and_others_another() {
    let digest = |recording: &Recording| {
        let mut reader = Reader::open(&recording.path).unwrap();
        reader.records().for_each(drop);
        reader.digest().map(str::to_owned).unwrap()
    };
    let one = digest(&Recording::new("", numbered(0..9)));
    assert_eq!(one, digest(&Recording::new("", numbered(0..9))));
    assert_ne!(one, digest(&Recording::new("", numbered(1..10))));
    let other = "UPDATE messages SET data = x'00010000020000003300' WHERE id = 5";
    assert_ne!(one, digest(&Recording::new(other, numbered(0..9))));
}

/// A file and what lies beside it under the same name with an ending, as a recorder that is killed leaves them.
fn killed(from: &Path, ending: &str, folder: &Path) -> PathBuf {
    let copy = folder.join("bag.db3");
    let beside = |path: &Path| PathBuf::from(format!("{}{ending}", path.display()));
    fs::copy(from, &copy).unwrap();
    fs::copy(beside(from), beside(&copy)).unwrap();
    copy
}

#[test]
fn what_a_recorder_left_in_its_log_is_read() {
    let recording = Recording::new("PRAGMA journal_mode = wal;", []);
    let recorder = Connection::open(&recording.path).unwrap();
    let row = "INSERT INTO messages(topic_id, timestamp, data) VALUES (4, 7, ?)";
    recorder.execute(row, (encode_text("late"),)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut reader = Reader::open(&killed(&recording.path, "-wal", folder.path())).unwrap();
    let records: Vec<Record> = reader.records().collect();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].bytes, encode_text("late"));
}

#[test]
fn what_a_recorder_had_half_written_is_not_taken_for_a_recording() {
    let recording = Recording::new("", numbered(0..9));
    let recorder = Connection::open(&recording.path).unwrap();
    // So little room that it writes before the transaction ends.
    let half = "PRAGMA cache_size = 1; BEGIN; \
                INSERT INTO messages(topic_id, timestamp, data) \
                SELECT 4, a.id, zeroblob(9999) FROM messages a, messages b;";
    recorder.execute_batch(half).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = killed(&recording.path, "-journal", folder.path());
    let told = Reader::open(&path).unwrap_err().to_string();
    assert!(
        told.contains("bag.db3-journal is left next to it"),
        "{told}"
    );
    let in_order = Connection::open(&path).unwrap();
    let count = "SELECT count(*) FROM messages";
    let count: i64 = in_order.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 9);
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(reader.records().count(), 9);
}

#[test]
fn a_whole_recording_is_read_where_nothing_can_be_written() {
    let recording = Recording::new("PRAGMA journal_mode = wal;", numbered(0..9));
    // What sqlite3 would make beside it is there, and is no file.
    for ending in ["-wal", "-shm"] {
        fs::create_dir(format!("{}{ending}", recording.path.display())).unwrap();
    }
    assert_eq!(recording.read().0.len(), 9);
}

#[test]
fn what_a_file_lost_at_its_end_is_told_and_the_rest_is_used() {
    let long = "long ".repeat(2000);
    let recording = Recording::new("", (0..200).map(|i| (i * 1000, format!("{i} {long}"))));
    let bytes = fs::read(&recording.path).unwrap();
    fs::write(&recording.path, &bytes[..bytes.len() / 2]).unwrap();
    match Reader::open(&recording.path) {
        Ok(mut reader) => {
            let found = times(&reader.records().collect::<Vec<_>>());
            let expected: Vec<i64> = (0..found.len() as i64).map(|i| i * 1000).collect();
            assert_eq!(found, expected);
            let told = reader.truncated().unwrap();
            assert!(
                told.contains("malformed") && told.contains("row "),
                "{told}"
            );
        }
        Err(problem) => {
            let problem = problem.to_string();
            assert!(problem.contains("malformed"), "{problem}");
        }
    }
}

#[test]
fn what_is_no_recording_of_rosbag2_is_refused() {
    let without = "DROP TABLE messages;";
    assert!(
        Recording::new(without, [])
            .refused()
            .contains("without the tables topics and messages")
    );
    for made in [
        "CREATE VIEW messages AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) \
         SELECT id, 4 AS topic_id, id AS timestamp, zeroblob(9) AS data FROM n;",
        "CREATE VIRTUAL TABLE messages USING fts5(topic_id, timestamp, data);",
    ] {
        let sql = format!("{without} {made}");
        let database = Connection::open_in_memory().unwrap();
        // Not every build has the module of a virtual table.
        if database.execute_batch(made).is_err() {
            continue;
        }
        let told = Recording::new(&sql, []).refused();
        assert!(told.contains("messages is not a plain table"), "{told}");
    }
}

#[test]
fn a_row_that_lies_ends_the_recording_there() {
    for (lie, what) in [
        ("UPDATE messages SET topic_id = 7 WHERE id = 5", "topic 7"),
        (
            "UPDATE messages SET timestamp = -1 WHERE id = 5",
            "the time -1",
        ),
        (
            "UPDATE messages SET timestamp = 'noon' WHERE id = 5",
            "timestamp",
        ),
        ("UPDATE messages SET data = 5 WHERE id = 5", "no bytes"),
    ] {
        let (records, truncated) = Recording::new(lie, numbered(0..9)).read();
        let told = truncated.unwrap_or_else(|| panic!("{lie} is not noticed"));
        assert!(told.contains(what), "{what:?} is not in {told:?}");
        assert!(records.len() < 9, "{lie}");
    }
}

#[test]
fn a_file_that_only_begins_as_a_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bag.db3");
    fs::write(&path, b"SQLite format 3\0 and nothing more").unwrap();
    let told = Reader::open(&path).unwrap_err().to_string();
    assert!(told.contains("sqlite3 says"), "{told}");
}
