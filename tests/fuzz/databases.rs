//! Recordings that rosbag2 stored with sqlite3. What sqlite3 itself takes is not counted; it holds no value of more than 256 MiB.

use std::sync::OnceLock;

use rusqlite::Connection;

use crate::bags::read_all;
use crate::cdr::samples;
use crate::document::folder_in_memory;
use crate::mutate::{spoil, try_out};

const TABLES: &str = "
    PRAGMA page_size = 512;
    CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
        serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL);
    CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE TABLE message_definitions(id INTEGER PRIMARY KEY, topic_type TEXT NOT NULL, encoding TEXT NOT NULL,
        encoded_message_definition TEXT NOT NULL, type_description_hash TEXT NOT NULL);
    CREATE INDEX timestamp_idx ON messages (timestamp ASC);
    INSERT INTO topics VALUES (1, '/a', 'std_msgs/msg/String', 'cdr', ''), (2, '/b', 'std_msgs/msg/String', 'cdr', '');
    INSERT INTO message_definitions VALUES (1, 'std_msgs/msg/String', 'ros2msg', 'string data', '');";

/// A recording in small pages, so that what is spoilt is often how they hang together.
fn recorded() -> &'static [u8] {
    static DATABASE: OnceLock<Vec<u8>> = OnceLock::new();
    DATABASE.get_or_init(|| {
        let folder = folder_in_memory();
        let path = folder.path().join("bag.db3");
        let database = Connection::open(&path).unwrap();
        database.execute_batch(TABLES).unwrap();
        for (i, bytes) in samples().iter().enumerate() {
            let row = "INSERT INTO messages(topic_id, timestamp, data) VALUES (?, ?, ?)";
            let topic = 1 + i as i64 % 2;
            database.execute(row, (topic, i as i64, bytes)).unwrap();
        }
        drop(database);
        std::fs::read(path).unwrap()
    })
}

#[test]
fn what_is_spoilt_here_was_whole() {
    assert_eq!(read_all(recorded()), samples().len());
}

#[test]
fn no_database_panics_or_costs_memory() {
    try_out(1_000, |_, edits| {
        read_all(&spoil(recorded().to_vec(), edits));
    });
}
