//! One recording, in all the ways in which recorders and tools leave it behind.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use late_fusion::bag::{Episodes, Reader, Record};
use late_fusion::config::RosArguments;
use late_fusion::explain::{self, explain};
use late_fusion::train::{Dataset, dataset, train};
use mcap::records::MessageHeader;
use mcap::{Compression, WriteOptions};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::support::*;

/// The records of a bag of some episodes.
fn recorded(workshop: &Workshop) -> Vec<Record> {
    let path = workshop.path("whole.mcap");
    record(&path, 6, 1);
    Reader::open(&path).unwrap().records().collect()
}

fn write(path: &Path, records: &[Record], options: WriteOptions, pack: fn(&[u8]) -> Vec<u8>) {
    let mut writer = options.create(File::create(path).unwrap()).unwrap();
    let mut channels = BTreeMap::new();
    for (i, record) in records.iter().enumerate() {
        let channel_id = *channels.entry(record.topic.clone()).or_insert_with(|| {
            let schema = writer.add_schema(&record.message_type, "ros2msg", b"");
            let no_metadata = Default::default();
            let channel = writer.add_channel(schema.unwrap(), &record.topic, "cdr", &no_metadata);
            channel.unwrap()
        });
        let log_time = record.log_time.nanos() as u64;
        let header = MessageHeader {
            channel_id,
            sequence: i as u32,
            log_time,
            publish_time: log_time,
        };
        let bytes = pack(&record.bytes);
        writer.write_to_known_channel(&header, &bytes).unwrap();
        if i % 50 == 49 {
            writer.flush().unwrap();
        }
    }
    writer.finish().unwrap();
}

fn lz4() -> WriteOptions {
    WriteOptions::new().compression(Some(Compression::Lz4))
}

fn as_it_is(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// Writes a recording in parts, of which most begin and end within an episode, and returns their file names.
fn split(folder: &Path, records: &[Record]) -> Vec<String> {
    let parts = records.chunks(records.len() / 11);
    let name = |(i, part): (usize, &[Record])| {
        let name = format!("bag_{i}.mcap");
        write(&folder.join(&name), part, lz4(), as_it_is);
        name
    };
    parts.enumerate().map(name).collect()
}

fn describe(folder: &Path, files: &[String], mode: &str) {
    let files = files.join(", ");
    let text = format!(
        "rosbag2_bagfile_information:\n  version: 9\n  storage_identifier: mcap\n  relative_file_paths: [{files}]\n  \
         compression_format: zstd\n  compression_mode: {mode}\n"
    );
    fs::write(folder.join("metadata.yaml"), text).unwrap();
}

fn learned(workshop: &mut Workshop, bags: &[PathBuf]) -> Dataset {
    workshop.options.bags = bags.to_vec();
    dataset(&workshop.options).unwrap()
}

#[test]
fn however_a_recording_was_written_the_same_is_learned() {
    let mut workshop = Workshop::new(POINT);
    let records = recorded(&workshop);
    let whole = workshop.path("whole.mcap");
    let expected = learned(&mut workshop, std::slice::from_ref(&whole));
    assert_eq!(expected.episodes.len(), 6);
    assert_eq!(expected.len(), 120);
    let file = |name: &str, records: &[Record], options: WriteOptions, pack| {
        let path = workshop.path(name);
        write(&path, records, options, pack);
        path
    };
    let mut shuffled = records.clone();
    shuffled.shuffle(&mut StdRng::seed_from_u64(3));
    let mut by_topic = records.clone();
    by_topic.sort_by(|a, b| a.topic.cmp(&b.topic));
    let plain = WriteOptions::new().compression(None).use_chunks(false);
    let chunks = WriteOptions::new().compression(Some(Compression::Zstd));
    let mut ways = vec![
        file("shuffled.mcap", &shuffled, lz4(), as_it_is),
        file("by_topic.mcap", &by_topic, lz4(), as_it_is),
        file("unchunked.mcap", &shuffled, plain, as_it_is),
        file("chunks.mcap", &records, chunks, as_it_is),
        file("messages.mcap", &records, lz4(), zstd),
    ];
    for (name, mode) in [
        ("numbered", ""),
        ("listed", ""),
        ("messages", "MESSAGE"),
        ("files", "FILE"),
    ] {
        let folder = workshop.path(name);
        fs::create_dir(&folder).unwrap();
        let mut files = split(&folder, &records);
        if mode == "MESSAGE" {
            files = vec!["one.mcap".into()];
            write(&folder.join("one.mcap"), &records, lz4(), zstd);
        }
        if mode == "FILE" {
            for name in &mut files {
                let packed = zstd(&fs::read(folder.join(&*name)).unwrap());
                fs::remove_file(folder.join(&*name)).unwrap();
                name.push_str(".zstd");
                fs::write(folder.join(&*name), packed).unwrap();
            }
        }
        if name != "numbered" {
            describe(&folder, &files, mode);
        }
        ways.push(folder);
    }
    let packed = workshop.path("lone.mcap.zstd");
    fs::write(&packed, zstd(&fs::read(&whole).unwrap())).unwrap();
    ways.push(packed);
    for way in ways {
        let found = learned(&mut workshop, std::slice::from_ref(&way));
        assert!(
            found == expected,
            "{}: {} samples",
            way.display(),
            found.len()
        );
    }
}

#[test]
fn recordings_of_the_same_time_are_read_one_after_the_other() {
    let mut workshop = Workshop::new(&POINT.replace("epochs: 60", "epochs: 1"));
    let paths = [workshop.path("left_0.mcap"), workshop.path("left_1.mcap")];
    record(&paths[0], 3, 1);
    record(&paths[1], 5, 2);
    let sizes = paths
        .clone()
        .map(|path| learned(&mut workshop, &[path]).len());
    assert_eq!(learned(&mut workshop, &paths).len(), sizes[0] + sizes[1]);
    let report = train(&workshop.options).unwrap();
    let used: Vec<usize> = report.bags.iter().map(|bag| bag.used).collect();
    assert_eq!(used, [3, 5]);
}

#[test]
fn of_a_split_recording_whose_last_file_is_cut_or_missing_the_rest_is_used() {
    let mut workshop = Workshop::new(&POINT.replace("epochs: 60", "epochs: 1"));
    let records = recorded(&workshop);
    let folder = workshop.path("split");
    fs::create_dir(&folder).unwrap();
    let files = split(&folder, &records);
    let last = folder.join(files.last().unwrap());
    let bytes = fs::read(&last).unwrap();
    fs::write(&last, &bytes[..bytes.len() / 3]).unwrap();
    workshop.options.bags = vec![folder.clone()];
    let report = train(&workshop.options).unwrap();
    let told = report.bags[0].truncated.clone().unwrap();
    assert_names(&told, &["bag_11.mcap", "cut off"]);
    let counts = |report: &late_fusion::train::Report| {
        let [bag] = &report.bags[..] else {
            panic!("{:?}", report.bags);
        };
        (bag.succeeded, bag.unfinished)
    };
    assert_eq!(counts(&report), (5, 1));
    fs::remove_file(&last).unwrap();
    workshop.options.force = true;
    assert_eq!(counts(&train(&workshop.options).unwrap()), (5, 1));
    describe(&folder, &files, "");
    let text = train(&workshop.options).unwrap_err().to_string();
    assert_names(
        &text,
        &["metadata.yaml lists bag_11.mcap, which is not there"],
    );
}

#[test]
fn recorder_trainer_and_explanation_agree_about_odd_markers() {
    const MARKERS: [&str; 14] = [
        "success",
        "change",
        "start",
        "start",
        "",
        "begin",
        "change",
        "success",
        "failure",
        "start 3 of 9",
        "failure\n",
        "  start",
        "success at last",
        "start",
    ];
    let mut workshop = Workshop::new(&POINT.replace("epochs: 60", "epochs: 1"));
    let bag = workshop.bag("odd.mcap");
    let mut recorder = Recorder::new(&bag);
    // What the recorder counts while it records.
    let mut episodes = Episodes::default();
    recorder.numbers("/goal", &[0.0, 0.0]);
    for marker in MARKERS {
        recorder.mark(marker);
        episodes.mark(marker);
        let stamp = recorder.now();
        recorder.place(stamp, [0.0, 0.0]);
        recorder.label(stamp, [0.1, 0.2]);
    }
    recorder.finish();
    let episodes = episodes.finished();
    let counted = (episodes.succeeded, episodes.failed, episodes.unfinished);
    assert_eq!(counted, (2, 1, 2));
    workshop.options.force = true;
    let report = train(&workshop.options).unwrap();
    let of_bag = &report.bags[0];
    assert_eq!(
        (of_bag.succeeded, of_bag.failed, of_bag.unfinished),
        counted
    );
    let params_file = workshop.path("node.yaml");
    fs::write(&params_file, PARAMETERS).unwrap();
    let part = |number: usize| {
        let options = explain::Options {
            parameters: RosArguments::of_files([params_file.clone()]),
            policy: Some(workshop.options.out.clone()),
            bag: bag.clone(),
            out: workshop.path("explanation"),
            episode: Some(number),
            from_s: None,
            to_s: None,
            every: None,
        };
        explain(&options).unwrap().figures.part
    };
    let parts: Vec<String> = (1..6).map(part).collect();
    let outcomes = ["unfinished", "success", "failure", "success", "unfinished"];
    for (i, outcome) in outcomes.iter().enumerate() {
        assert_eq!(parts[i], format!("episode {} of 5 ({outcome})", i + 1));
    }
}

const PARAMETERS: &str = "
late_fusion:
  ros__parameters:
    modalities:
      place: {topic: joint_states, message: sensor_msgs/msg/JointState}
      goal: {topic: goal, message: std_msgs/msg/Float64MultiArray, max_age_s: .inf}
    action:
      topic: action
      message: trajectory_msgs/msg/JointTrajectory
      fields: {vx: velocities.x, vy: velocities.y}
";
