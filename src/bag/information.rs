//! What is written beside the files of a recording, for rosbag2: `metadata.yaml` in the version that Jazzy writes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::metadata;
use super::qos::OfferedQos;

/// The version of `metadata.yaml`.
const VERSION: u32 = 9;

/// When a recording without a message begins, for rosbag2.
const NEVER: u64 = i64::MAX as u64;

/// How many messages there are, and the first and the last time at which one was recorded, in nanoseconds since the epoch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub messages: u64,
    times: Option<(u64, u64)>,
}

/// A topic with messages, or with a publisher that said nothing.
#[derive(Serialize)]
pub(super) struct TopicInformation<'a> {
    pub topic_metadata: TopicMetadata<'a>,
    pub message_count: u64,
}

#[derive(Serialize)]
pub(super) struct TopicMetadata<'a> {
    pub name: &'a str,
    #[serde(rename = "type")]
    pub message_type: &'a str,
    pub serialization_format: &'static str,
    pub offered_qos_profiles: &'a [OfferedQos],
    pub type_description_hash: &'a str,
}

#[derive(Serialize)]
struct Metadata<'a> {
    rosbag2_bagfile_information: Information<'a>,
}

#[derive(Serialize)]
struct Information<'a> {
    version: u32,
    storage_identifier: &'static str,
    duration: Nanoseconds,
    starting_time: Time,
    message_count: u64,
    topics_with_message_count: &'a [TopicInformation<'a>],
    // The chunks within an MCAP file are compressed by themselves, of which rosbag2 says nothing here.
    compression_format: &'static str,
    compression_mode: &'static str,
    relative_file_paths: Vec<&'a str>,
    files: Vec<FileInformation<'a>>,
    custom_data: BTreeMap<String, String>,
    ros_distro: &'a str,
}

#[derive(Serialize)]
struct FileInformation<'a> {
    path: &'a str,
    starting_time: Time,
    duration: Nanoseconds,
    message_count: u64,
}

#[derive(Serialize)]
struct Nanoseconds {
    nanoseconds: u64,
}

#[derive(Serialize)]
struct Time {
    nanoseconds_since_epoch: u64,
}

impl Span {
    /// Takes in a message.
    pub fn add(&mut self, nanoseconds: u64) {
        self.messages += 1;
        self.reach(nanoseconds, nanoseconds);
    }

    /// The time from the first message to this one, in nanoseconds.
    pub fn until(&self, nanoseconds: u64) -> u64 {
        self.times
            .map_or(0, |(first, _)| nanoseconds.saturating_sub(first))
    }

    fn reach(&mut self, first: u64, last: u64) {
        let (begin, end) = self.times.unwrap_or((first, last));
        self.times = Some((begin.min(first), end.max(last)));
    }

    fn starting_time(&self) -> Time {
        Time {
            nanoseconds_since_epoch: self.times.map_or(NEVER, |(first, _)| first),
        }
    }

    fn duration(&self) -> Nanoseconds {
        Nanoseconds {
            nanoseconds: self.times.map_or(0, |(first, last)| last - first),
        }
    }
}

/// Writes `metadata.yaml` into the folder of a recording with these files, in their order. It is there as a whole or not
/// at all.
///
/// # Errors
/// What the file system says.
pub(super) fn write(
    folder: &Path,
    files: &[(String, Span)],
    topics: &[TopicInformation],
) -> io::Result<()> {
    let mut all = Span::default();
    for (_, span) in files {
        all.messages += span.messages;
        if let Some((first, last)) = span.times {
            all.reach(first, last);
        }
    }
    let distro = std::env::var("ROS_DISTRO").unwrap_or_default();
    let metadata = Metadata {
        rosbag2_bagfile_information: Information {
            version: VERSION,
            storage_identifier: "mcap",
            duration: all.duration(),
            starting_time: all.starting_time(),
            message_count: all.messages,
            topics_with_message_count: topics,
            compression_format: "",
            compression_mode: "",
            relative_file_paths: files.iter().map(|(name, _)| name.as_str()).collect(),
            files: files
                .iter()
                .map(|(name, span)| FileInformation {
                    path: name,
                    starting_time: span.starting_time(),
                    duration: span.duration(),
                    message_count: span.messages,
                })
                .collect(),
            custom_data: BTreeMap::new(),
            ros_distro: match distro.as_str() {
                "" => "unknown",
                distro => distro,
            },
        },
    };
    let text = serde_yaml::to_string(&metadata).map_err(io::Error::other)?;
    let temporary = folder.join(format!(".{}.tmp", metadata::NAME));
    let mut file = File::create(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, folder.join(metadata::NAME))?;
    // The names of the files reach the disk with their folder.
    File::open(folder)?.sync_all()
}
