//! Folders of rosbag2: the file that says what belongs to a recording.

use std::path::Path;
use std::sync::OnceLock;

use late_fusion::bag::{Reader, Writer, find};
use late_fusion::message::{MessageType, encode_text};
use late_fusion::time::Stamp;

use crate::MB;
use crate::document::Document;
use crate::memory::bounded;
use crate::mutate::try_out;

/// As rosbag2 writes it.
const METADATA: &str = "
rosbag2_bagfile_information:
  version: 9
  storage_identifier: mcap
  duration: {nanoseconds: 900000000}
  starting_time: {nanoseconds_since_epoch: 1700000000000000000}
  message_count: 2
  topics_with_message_count:
    - topic_metadata: {name: /words, type: std_msgs/msg/String, serialization_format: cdr, offered_qos_profiles: []}
      message_count: 2
  compression_format: ''
  compression_mode: ''
  relative_file_paths: [a.mcap, b.mcap, sub/c.mcap]
  files:
    - {path: a.mcap, starting_time: {nanoseconds_since_epoch: 1700000000000000000}, message_count: 1}
  custom_data: ~
  ros_distro: jazzy
";

fn write(path: &Path, number: i64) {
    let mut writer = Writer::create(path).unwrap();
    let name = MessageType::String.ros_name();
    let topic = writer.add_topic("/words", name, "string data\n").unwrap();
    let time = Stamp::from_nanos(1_700_000_000_000_000_000 + number);
    writer.write(topic, time, &encode_text("go")).unwrap();
    writer.finish().unwrap();
}

/// Three files of a recording, one that is none, and a link that leads in a circle.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("sub")).unwrap();
    for (number, name) in ["a.mcap", "b.mcap", "sub/c.mcap"].iter().enumerate() {
        write(&at(name), number as i64);
    }
    std::fs::write(at("d.mcap"), b"no recording").unwrap();
    std::os::unix::fs::symlink("..", at("sub/up")).unwrap();
    folder
}

/// Reads what the folder says, and all messages; how many there were.
fn read_all(folder: &Path, metadata: &[u8]) -> usize {
    std::fs::write(folder.join("metadata.yaml"), metadata).unwrap();
    bounded(32 * MB, || {
        let Ok(bags) = find(&[folder.to_owned()]) else {
            return 0;
        };
        let mut count = 0;
        for bag in &bags {
            let inside = |file: &Path| file.canonicalize().unwrap().starts_with(folder);
            assert!(bag.files().iter().all(|file| inside(file)));
            if let Ok(mut reader) = Reader::of(bag) {
                count += reader.records().count();
            }
        }
        count
    })
}

fn metadata() -> &'static Document {
    static METADATA_: OnceLock<Document> = OnceLock::new();
    METADATA_.get_or_init(|| Document::new(METADATA))
}

#[test]
fn what_is_spoilt_here_was_a_recording() {
    let folder = folder();
    let folder = folder.path().canonicalize().unwrap();
    assert_eq!(read_all(&folder, METADATA.as_bytes()), 3);
}

#[test]
fn no_folder_panics_costs_memory_or_leads_elsewhere() {
    let folder = folder();
    let folder = folder.path().canonicalize().unwrap();
    try_out(2_000, |which, edits| {
        read_all(&folder, &metadata().spoilt(which, edits));
    });
}
