//! What is recorded: a folder that rosbag2 can play, whole, split or left behind by a process that died.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::message::encode_text;
use crate::time::Stamp;

const START_NS: i64 = 1_700_000_000_000_000_000;

fn described(name: &str) -> TopicDescription {
    TopicDescription {
        name: name.to_owned(),
        message_type: "std_msgs/msg/String".to_owned(),
        definition: "string data\n".to_owned(),
        type_hash: "RIHS01_1".to_owned(),
    }
}

fn qos(reliability: &'static str) -> OfferedQos {
    let infinite = Duration::new(9_223_372_036, 854_775_807);
    OfferedQos {
        history: "unknown",
        depth: 0,
        reliability,
        durability: "volatile",
        deadline: infinite.into(),
        lifespan: infinite.into(),
        liveliness: "automatic",
        liveliness_lease_duration: infinite.into(),
        avoid_ros_namespace_conventions: false,
    }
}

fn create(parent: &Path, limits: SplitLimits) -> Recording {
    let topics = vec![
        described("/words"),
        described("/silent"),
        described("/none"),
    ];
    let mut recording = Recording::create(parent, "monday", topics, limits).unwrap();
    recording.offer(0, qos("reliable"));
    recording.offer(1, qos("best_effort"));
    recording
}

/// A message every 100 ms, of `bytes` that do not compress.
fn write(recording: &mut Recording, messages: std::ops::Range<i64>, bytes: usize) {
    let mut noise = 1_u64;
    for i in messages {
        let text: String = (0..bytes)
            .map(|_| {
                noise = noise
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                char::from(b' ' + (noise >> 33) as u8 % 90)
            })
            .collect();
        let stamp = Stamp::from_nanos(START_NS + i * 100_000_000);
        recording.write(0, stamp, &encode_text(&text)).unwrap();
        recording.flush().unwrap();
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().display().to_string())
        .collect();
    names.sort();
    names
}

fn information(folder: &Path) -> serde_yaml::Value {
    let text = fs::read_to_string(folder.join("metadata.yaml")).unwrap();
    let read: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    read["rosbag2_bagfile_information"].clone()
}

/// When each message that is found below a folder was recorded, in the one recording that there is.
fn times(folder: &Path) -> Vec<i64> {
    let bags = find(&[PathBuf::from(folder)]).unwrap();
    let [bag] = &bags[..] else {
        panic!("one recording: {bags:?}");
    };
    let mut reader = Reader::of(bag).unwrap();
    reader
        .records()
        .map(|r| r.log_time.nanos() - START_NS)
        .collect()
}

#[test]
fn a_recording_is_a_folder_that_says_what_is_in_it() {
    let parent = tempfile::tempdir().unwrap();
    let below = parent.path().join("new/demonstrations");
    let mut recording = create(&below, SplitLimits::default());
    let folder = recording.folder().to_owned();
    write(&mut recording, 0..5, 10);
    recording.offer(0, qos("best_effort"));
    recording.offer(0, qos("reliable"));
    let summary = recording.finish().unwrap();
    assert_eq!(folder, below.join("monday"));
    assert_eq!(names(&folder), ["metadata.yaml", "monday_0.mcap"]);
    let file = folder.join("monday_0.mcap");
    assert_eq!(summary.messages, 5);
    assert_eq!(summary.bytes, file.metadata().unwrap().len());
    assert_eq!(times(&below).len(), 5);

    let told = information(&folder);
    assert_eq!(told["version"], 9);
    assert_eq!(told["message_count"], 5);
    assert_eq!(told["duration"]["nanoseconds"], 400_000_000);
    assert_eq!(told["starting_time"]["nanoseconds_since_epoch"], START_NS);
    assert_eq!(told["files"][0]["path"], "monday_0.mcap");
    assert_eq!(told["files"][0]["message_count"], 5);
    let topics = told["topics_with_message_count"].as_sequence().unwrap();
    // Nobody published the third.
    assert_eq!(topics.len(), 2);
    let words = &topics[0]["topic_metadata"];
    assert_eq!(words["name"], "/words");
    assert_eq!(words["type"], "std_msgs/msg/String");
    assert_eq!(words["serialization_format"], "cdr");
    assert_eq!(words["type_description_hash"], "RIHS01_1");
    let offered = words["offered_qos_profiles"].as_sequence().unwrap();
    let reliability: Vec<_> = offered.iter().map(|q| q["reliability"].as_str()).collect();
    assert_eq!(reliability, [Some("reliable"), Some("best_effort")]);
    assert_eq!(offered[0]["deadline"]["sec"], 9_223_372_036_u64);
    assert_eq!(topics[1]["message_count"], 0);

    let bytes = fs::read(file).unwrap();
    let summary = mcap::Summary::read(&bytes).unwrap().unwrap();
    let channel = summary.channels.values().next().unwrap();
    let kept = &channel.metadata["offered_qos_profiles"];
    assert!(
        kept.starts_with("- history: unknown\n  depth: 0\n  reliability: reliable\n"),
        "{kept}"
    );
    assert_eq!(channel.metadata["topic_type_hash"], "RIHS01_1");
}

#[test]
fn a_recording_without_a_message_is_one_that_rosbag2_takes() {
    let parent = tempfile::tempdir().unwrap();
    let recording = create(parent.path(), SplitLimits::default());
    let folder = recording.folder().to_owned();
    recording.finish().unwrap();
    let told = information(&folder);
    assert_eq!(told["message_count"], 0);
    assert_eq!(told["starting_time"]["nanoseconds_since_epoch"], i64::MAX);
    assert!(times(parent.path()).is_empty());
}

#[test]
fn nothing_is_ever_recorded_over() {
    let parent = tempfile::tempdir().unwrap();
    let topics = || vec![described("/words")];
    let limits = SplitLimits::default();
    fs::create_dir(parent.path().join("monday")).unwrap();
    fs::write(parent.path().join("tuesday"), "dear").unwrap();
    for name in ["monday", "tuesday"] {
        let refused = Recording::create(parent.path(), name, topics(), limits);
        let text = refused.err().unwrap().to_string();
        assert!(
            text.contains(name) && text.contains("never replaces"),
            "{text}"
        );
    }
    for name in ["", "a/b", "..", "../c", ".hidden"] {
        let refused = Recording::create(parent.path(), name, topics(), limits);
        assert!(
            refused.err().unwrap().to_string().contains("name"),
            "{name}"
        );
    }
    assert_eq!(names(parent.path()), ["monday", "tuesday"]);
    let below = parent.path().join("tuesday/new");
    let text = Recording::create(&below, "x", topics(), limits)
        .err()
        .unwrap();
    assert!(text.to_string().contains("tuesday/new"), "{text}");
}

#[test]
fn what_a_recorder_that_died_leaves_is_found_and_read() {
    for limits in [SplitLimits::default(), split_by_duration(1.0)] {
        let parent = tempfile::tempdir().unwrap();
        let mut recording = create(parent.path(), limits);
        write(&mut recording, 0..35, 10);
        // Neither finished nor dropped, as after a kill.
        std::mem::forget(recording);
        assert_eq!(times(parent.path()).len(), 35, "{limits:?}");
    }
}

fn split_by_duration(seconds: f64) -> SplitLimits {
    SplitLimits {
        duration_s: Some(seconds),
        ..SplitLimits::default()
    }
}

#[test]
fn a_recording_goes_on_in_another_file_after_so_many_seconds() {
    let parent = tempfile::tempdir().unwrap();
    let mut recording = create(parent.path(), split_by_duration(1.0));
    let folder = recording.folder().to_owned();
    write(&mut recording, 0..30, 10);
    let summary = recording.finish().unwrap();
    let files = ["monday_0.mcap", "monday_1.mcap", "monday_2.mcap"];
    assert_eq!(names(&folder)[1..], files);
    let size = |file: &&str| folder.join(file).metadata().unwrap().len();
    assert_eq!(summary.bytes, files.iter().map(size).sum::<u64>());
    let told = information(&folder);
    let listed = told["relative_file_paths"].as_sequence().unwrap();
    assert!(listed.iter().map(|file| file.as_str().unwrap()).eq(files));
    let counts: Vec<_> = (0..3)
        .map(|i| told["files"][i]["message_count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [11, 11, 8]);
    assert_eq!(
        told["files"][1]["starting_time"]["nanoseconds_since_epoch"],
        START_NS + 1_100_000_000
    );
    assert_eq!(told["duration"]["nanoseconds"], 2_900_000_000_u64);
    let expected: Vec<i64> = (0..30).map(|i| i * 100_000_000).collect();
    assert_eq!(times(parent.path()), expected);
}

#[test]
fn a_recording_goes_on_in_another_file_after_so_many_bytes() {
    let parent = tempfile::tempdir().unwrap();
    let limits = SplitLimits {
        bytes: Some(1_000_000),
        ..SplitLimits::default()
    };
    let mut recording = create(parent.path(), limits);
    let folder = recording.folder().to_owned();
    write(&mut recording, 0..25, 100_000);
    recording.finish().unwrap();
    let files = &names(&folder)[1..];
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let bytes = folder.join(file).metadata().unwrap().len();
        assert!(bytes < 1_300_000, "{file}: {bytes}");
    }
    assert_eq!(times(parent.path()).len(), 25);
}
