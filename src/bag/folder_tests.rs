//! What belongs together: folders of rosbag2, and files that were split without saying so.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::message::encode_text;
use crate::time::Stamp;

/// A recording of a message every 100 ms, in milliseconds.
fn write(path: &Path, times: std::ops::Range<i64>) {
    let mut writer = Writer::create(path).unwrap();
    let topic = writer
        .add_topic("/words", "std_msgs/msg/String", "")
        .unwrap();
    for time in times.step_by(100) {
        let stamp = Stamp::from_nanos(1_700_000_000_000_000_000 + time * 1_000_000);
        let message = encode_text(&time.to_string());
        writer.write(topic, stamp, &message).unwrap();
    }
    writer.finish().unwrap();
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn metadata(&self, storage: &str, files: &str, more: &str) {
        let text = format!(
            "rosbag2_bagfile_information:\n  version: 9\n  storage_identifier: {storage}\n  relative_file_paths: {files}\n\
             {more}\n"
        );
        fs::write(self.at(metadata::NAME), text).unwrap();
    }

    /// The file names of every recording that is found.
    fn found(&self, names: &[&str]) -> Vec<Vec<String>> {
        let name = |path: &PathBuf| path.file_name().unwrap().display().to_string();
        let bags = self.bags(names).into_iter();
        bags.map(|bag| bag.files().iter().map(name).collect())
            .collect()
    }

    fn bags(&self, names: &[&str]) -> Vec<Bag> {
        let paths: Vec<PathBuf> = names.iter().map(|name| self.at(name)).collect();
        find(&paths).unwrap()
    }

    fn refused(&self, name: &str, parts: &[&str]) {
        let text = find(&[self.at(name)]).unwrap_err().to_string();
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
    }
}

#[test]
fn a_folder_of_rosbag2_is_one_recording_of_the_files_that_it_lists() {
    let folder = Folder::new();
    for (name, times) in [
        ("a.mcap", 0..1000),
        ("b.mcap", 1000..2000),
        ("c.mcap", 0..500),
    ] {
        write(&folder.at(name), times);
    }
    folder.metadata("mcap", "[b.mcap, a.mcap]", "  duration: {nanoseconds: 3}");
    for named in [&["."][..], &["metadata.yaml"], &[".", "a.mcap"]] {
        let bags = folder.bags(named);
        assert_eq!(folder.found(named), [["b.mcap", "a.mcap"]], "{named:?}");
        let notes: Vec<String> = bags[0].notes().collect();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].contains("c.mcap is left out"), "{notes:?}");
    }
    let mut reader = Reader::of(&folder.bags(&["."])[0]).unwrap();
    let times: Vec<i64> = reader.records().map(|r| r.log_time.nanos()).collect();
    assert!(times.is_sorted() && times.len() == 20, "{times:?}");
}

#[test]
fn a_folder_may_hold_several_recordings() {
    let folder = Folder::new();
    // Of one time and with numbers that follow one another, as of two robots.
    for robot in ["robot_0", "robot_1"] {
        fs::create_dir(folder.at(robot)).unwrap();
        for part in 0..2 {
            let file = format!("{robot}/{robot}_{part}.mcap");
            write(&folder.at(&file), part * 1000..(part + 1) * 1000);
        }
    }
    write(&folder.at("robot_2.mcap"), 0..1000);
    fs::copy(folder.at("robot_2.mcap"), folder.at("robot_0/other.mcap")).unwrap();
    let text = "{rosbag2_bagfile_information: {storage_identifier: mcap, relative_file_paths: [robot_0_0.mcap, \
                robot_0_1.mcap]}}";
    fs::write(folder.at("robot_0/metadata.yaml"), text).unwrap();
    let found = folder.found(&["."]);
    let expected = [
        vec!["robot_0_0.mcap", "robot_0_1.mcap"],
        vec!["robot_1_0.mcap", "robot_1_1.mcap"],
        vec!["robot_2.mcap"],
    ];
    assert_eq!(found, expected);
    assert_eq!(folder.found(&["robot_1", "robot_0"]), expected[..2]);
}

#[test]
fn files_that_are_named_one_by_one_are_read_and_no_others() {
    let folder = Folder::new();
    for i in 0..4 {
        write(&folder.at(&format!("{i}.mcap")), i * 1000..(i + 1) * 1000);
    }
    folder.metadata("mcap", "[0.mcap, 1.mcap, 2.mcap, 3.mcap]", "");
    let all = ["3.mcap", "1.mcap", "0.mcap", "2.mcap"];
    assert_eq!(
        folder.found(&all),
        [["0.mcap", "1.mcap", "2.mcap", "3.mcap"]]
    );
    assert_eq!(folder.bags(&all)[0].notes().count(), 0);
    let some = ["0.mcap", "1.mcap", "3.mcap"];
    assert_eq!(
        folder.found(&some),
        [vec!["0.mcap", "1.mcap"], vec!["3.mcap"]]
    );
    let notes: Vec<String> = folder.bags(&["1.mcap"])[0].notes().collect();
    assert!(notes[0].contains("1 of the 4 files"), "{notes:?}");
}

#[test]
fn what_metadata_says_and_is_not_read_is_told_with_a_way_out() {
    let folder = Folder::new();
    write(&folder.at("a.mcap"), 0..100);
    let convert = "`ros2 bag convert -i ";
    for (storage, files, more, parts) in [
        (
            "rocksdb",
            "[a.rdb]",
            "",
            &["\"rocksdb\"; mcap and sqlite3 are read", convert][..],
        ),
        (
            "sqlite3",
            "[a.db3]",
            "",
            &["lists a.db3, which is not there"],
        ),
        (
            "mcap",
            "[a.mcap, b.mcap]",
            "",
            &["lists b.mcap, which is not there"],
        ),
        (
            "mcap",
            "[b.mcap, c.mcap]",
            "",
            &["b.mcap, c.mcap, which are not there"],
        ),
        (
            "mcap",
            "[]",
            "",
            &["relative_file_paths in metadata.yaml is empty"],
        ),
        (
            "mcap",
            "7",
            "",
            &["metadata.yaml is not what rosbag2 writes"],
        ),
        (
            "mcap",
            "[a.mcap]\n  more",
            "",
            &["metadata.yaml is not what rosbag2 writes"],
        ),
        (
            "mcap",
            "[a.mcap]",
            "  compression_format: gzip\n  compression_mode: MESSAGE",
            &["\"gzip\"", "\"MESSAGE\"", convert],
        ),
        (
            "mcap",
            "[a.mcap]",
            "  compression_format: zstd\n  compression_mode: TOPIC",
            &["\"TOPIC\"; zstd with FILE or MESSAGE is read", convert],
        ),
    ] {
        folder.metadata(storage, files, more);
        folder.refused(".", parts);
        folder.refused(metadata::NAME, parts);
    }
    for outside in ["../a.mcap", "/a.mcap", "b/../../a.mcap"] {
        let parts = ["metadata.yaml lists", outside, "own folder"];
        folder.metadata("mcap", &format!("[a.mcap, {outside}]"), "");
        folder.refused(".", &parts);
    }
    for again in ["a.mcap", "./a.mcap"] {
        folder.metadata("mcap", &format!("[a.mcap, {again}]"), "");
        folder.refused(".", &["a.mcap twice"]);
    }
    fs::write(folder.at(metadata::NAME), [0xff; 9]).unwrap();
    folder.refused(".", &["metadata.yaml cannot be read"]);
    folder.metadata(
        "mcap",
        "[a.mcap]",
        "  compression_format: ''\n  compression_mode: ''",
    );
    assert_eq!(folder.found(&["."]), [["a.mcap"]]);
}

#[test]
fn numbered_files_are_one_recording_where_each_begins_where_the_one_before_ends() {
    let folder = Folder::new();
    for i in 0..12 {
        write(
            &folder.at(&format!("bag_{i}.mcap")),
            i * 1000..(i + 1) * 1000,
        );
    }
    let files: Vec<String> = (0..12).map(|i| format!("bag_{i}.mcap")).collect();
    assert_eq!(folder.found(&["."]), std::slice::from_ref(&files));
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(folder.found(&names), std::slice::from_ref(&files));
    let notes: Vec<String> = folder.bags(&["."])[0].notes().collect();
    assert!(
        notes[0].contains("bag_0.mcap to bag_11.mcap are read as one recording"),
        "{notes:?}"
    );
    fs::remove_file(folder.at("bag_4.mcap")).unwrap();
    let parts = [files[..4].to_vec(), files[5..].to_vec()];
    assert_eq!(folder.found(&["."]).len(), 2);
    assert!(parts.iter().all(|part| folder.found(&["."]).contains(part)));
}

#[test]
fn numbered_files_that_are_recordings_of_their_own_stay_apart() {
    for (what, first, second, second_name) in [
        (
            "one clock, at the same time",
            0..2000,
            0..2000,
            "bag_1.mcap",
        ),
        ("one within the other", 0..9000, 500..700, "bag_1.mcap"),
        (
            "a simulator that began once more",
            5000..7000,
            0..2000,
            "bag_1.mcap",
        ),
        ("half a minute later", 0..2000, 32_000..34_000, "bag_1.mcap"),
        ("a number is missing", 0..2000, 2000..4000, "bag_2.mcap"),
        ("another name", 0..2000, 2000..4000, "bug_1.mcap"),
        ("nothing in it", 0..2000, 0..0, "bag_1.mcap"),
    ] {
        let folder = Folder::new();
        write(&folder.at("bag_0.mcap"), first);
        write(&folder.at(second_name), second);
        assert_eq!(folder.found(&["."]).len(), 2, "{what}");
        assert!(
            folder
                .bags(&["."])
                .iter()
                .all(|bag| bag.notes().count() == 0)
        );
    }
}

#[test]
fn a_file_that_was_unpacked_beside_its_compressed_one_is_read_once() {
    let folder = Folder::new();
    write(&folder.at("bag.mcap"), 0..1000);
    let packed = zstd::encode_all(&*fs::read(folder.at("bag.mcap")).unwrap(), 1).unwrap();
    fs::write(folder.at("bag.mcap.zstd"), packed).unwrap();
    assert_eq!(folder.found(&["."]), [["bag.mcap"]]);
    folder.metadata("mcap", "[bag.mcap.zstd]", "");
    assert_eq!(folder.found(&["."]), [["bag.mcap"]]);
    fs::remove_file(folder.at("bag.mcap")).unwrap();
    assert_eq!(folder.found(&["."]), [["bag.mcap.zstd"]]);
    fs::remove_file(folder.at(metadata::NAME)).unwrap();
    assert_eq!(folder.found(&["."]), [["bag.mcap.zstd"]]);
}

#[test]
fn after_a_file_that_was_cut_off_nothing_is_read() {
    let folder = Folder::new();
    for i in 0..3 {
        write(
            &folder.at(&format!("bag_{i}.mcap")),
            i * 1000..(i + 1) * 1000,
        );
    }
    let middle = folder.at("bag_1.mcap");
    let bytes = fs::read(&middle).unwrap();
    let summary = mcap::Summary::read(&bytes).unwrap().unwrap();
    let chunk = &summary.chunk_indexes[0];
    fs::write(
        &middle,
        &bytes[..(chunk.chunk_start_offset + chunk.chunk_length) as usize],
    )
    .unwrap();
    let mut reader = Reader::of(&folder.bags(&["."])[0]).unwrap();
    assert_eq!(reader.records().count(), 20);
    let told = reader.truncated().unwrap();
    for part in [
        "bag_1.mcap: it is cut off",
        "the 20 messages",
        "the file after it",
    ] {
        assert!(told.contains(part), "{part:?} is not in {told:?}");
    }
}
