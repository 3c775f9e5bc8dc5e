//! Writing a bag that survives its writer's death.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use mcap::records::MessageHeader;
use mcap::write::NoSeek;
use mcap::{Compression, McapError, WriteOptions};

use crate::errors::ConfigErrors;
use crate::time::Stamp;

/// Uncompressed bytes after which a chunk is closed; a larger message gets a chunk of its own.
const CHUNK_BYTES: u64 = 4 << 20;

/// How messages are serialized.
pub(super) const ENCODING: &str = "cdr";

/// A topic of the bag being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicId(u16);

/// What a finished bag holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Messages of all topics.
    pub messages: u64,
    /// Size of the file.
    pub bytes: u64,
}

/// The time of a message in a bag, which has none before the epoch.
pub(super) fn log_nanos(log_time: Stamp) -> u64 {
    u64::try_from(log_time.nanos()).unwrap_or_default()
}

/// A file of a bag being written. Chunks are laid out in memory and reach the file whole, so that what was flushed can be
/// read up to its last byte, whenever the process dies.
pub struct Writer {
    path: PathBuf,
    /// The same file once more, to ask for its size.
    file: File,
    // Dropping it finishes the file, so a bag is also complete when its recorder fails on the way.
    mcap: mcap::Writer<NoSeek<BufWriter<File>>>,
    sequences: BTreeMap<u16, u32>,
    messages: u64,
}

impl Writer {
    /// A new file at `path`.
    ///
    /// # Errors
    /// When there is one already, or none can be made.
    pub fn create(path: &Path) -> Result<Self, ConfigErrors> {
        let problem = |e: &dyn std::fmt::Display| format!("bag {}: {e}", path.display());
        let file = File::create_new(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => {
                problem(&"there is a file of that name already, and a recording never replaces one")
            }
            _ => problem(&e),
        })?;
        let writing = file.try_clone().map_err(|e| problem(&e))?;
        let buffered = BufWriter::with_capacity(2 * CHUNK_BYTES as usize, writing);
        let mcap = WriteOptions::new()
            .profile("ros2")
            .library(concat!("late_fusion ", env!("CARGO_PKG_VERSION")))
            .compression(Some(Compression::Lz4))
            .chunk_size(Some(CHUNK_BYTES))
            .disable_seeking(true)
            .create(NoSeek::new(buffered))
            .map_err(|e| problem(&e))?;
        let mut writer = Self {
            path: path.to_owned(),
            file,
            mcap,
            sequences: BTreeMap::new(),
            messages: 0,
        };
        writer.flush()?;
        Ok(writer)
    }

    /// Adds a topic. `message_type` is the ROS name (`sensor_msgs/msg/Image`) and `definition` the text that
    /// [`Definitions`](crate::message::Definitions) finds for it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn add_topic(
        &mut self,
        topic: &str,
        message_type: &str,
        definition: &str,
    ) -> Result<TopicId, ConfigErrors> {
        self.add_topic_with(topic, message_type, definition, &BTreeMap::new())
    }

    /// The same, with what else is to be told of the topic.
    pub(super) fn add_topic_with(
        &mut self,
        topic: &str,
        message_type: &str,
        definition: &str,
        metadata: &BTreeMap<String, String>,
    ) -> Result<TopicId, ConfigErrors> {
        let added = self
            .mcap
            .add_schema(message_type, "ros2msg", definition.as_bytes())
            .and_then(|schema| self.mcap.add_channel(schema, topic, ENCODING, metadata));
        added.map(TopicId).map_err(|e| self.problem(&e))
    }

    /// Appends a serialized message.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(
        &mut self,
        topic: TopicId,
        log_time: Stamp,
        message: &[u8],
    ) -> Result<(), ConfigErrors> {
        let log_time = log_nanos(log_time);
        let sequence = self.sequences.entry(topic.0).or_default();
        *sequence = sequence.wrapping_add(1);
        let header = MessageHeader {
            channel_id: topic.0,
            sequence: *sequence,
            log_time,
            publish_time: log_time,
        };
        self.mcap
            .write_to_known_channel(&header, message)
            .map_err(|e| self.problem(&e))?;
        self.messages += 1;
        Ok(())
    }

    /// Hands everything so far to the operating system, which keeps it whatever happens to this process.
    ///
    /// # Errors
    /// What the file system says.
    pub fn flush(&mut self) -> Result<(), ConfigErrors> {
        self.mcap.flush().map_err(|e| self.problem(&e))
    }

    /// Bytes that the file has.
    ///
    /// # Errors
    /// What the file system says.
    pub(super) fn bytes(&self) -> Result<u64, ConfigErrors> {
        let metadata = self.file.metadata();
        let metadata = metadata.map_err(|e| format!("bag {}: {e}", self.path.display()))?;
        Ok(metadata.len())
    }

    /// Where the bag is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the index and waits until the disk has everything.
    ///
    /// # Errors
    /// What the file system says.
    pub fn finish(self) -> Result<Summary, ConfigErrors> {
        self.complete()?.sync()
    }

    /// Writes the index, without which a reader takes the file for one that was cut off.
    pub(super) fn complete(mut self) -> Result<Complete, ConfigErrors> {
        let problem = |e: &dyn std::fmt::Display| format!("bag {}: {e}", self.path.display());
        self.mcap.finish().map_err(|e| problem(&e))?;
        let mut buffered = self.mcap.into_inner().into_inner();
        buffered.flush().map_err(|e| problem(&e))?;
        Ok(Complete {
            path: self.path,
            file: self.file,
            messages: self.messages,
        })
    }

    fn problem(&self, error: &McapError) -> ConfigErrors {
        let path = self.path.display();
        match error {
            // What the system says, such as that the disk is full, is only in its source.
            McapError::Io(why) => format!("bag {path}: {why}"),
            other => format!("bag {path}: {other}"),
        }
        .into()
    }
}

/// A file with everything in it, on its way to the disk.
pub(super) struct Complete {
    path: PathBuf,
    file: File,
    messages: u64,
}

impl Complete {
    /// Waits until the disk has everything.
    ///
    /// # Errors
    /// What the file system says.
    pub fn sync(self) -> Result<Summary, ConfigErrors> {
        let synced = self.file.sync_all().and_then(|()| self.file.metadata());
        let metadata = synced.map_err(|e| format!("bag {}: {e}", self.path.display()))?;
        Ok(Summary {
            messages: self.messages,
            bytes: metadata.len(),
        })
    }
}
