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

/// A bag being written. Chunks are laid out in memory and reach the file whole, so that what was flushed can be
/// read up to its last byte, whenever the process dies.
pub struct Writer {
    path: PathBuf,
    // Dropping it finishes the file, so a bag is also complete when its recorder fails on the way.
    mcap: mcap::Writer<NoSeek<BufWriter<File>>>,
    sequences: BTreeMap<u16, u32>,
    messages: u64,
    payload: u64,
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
        let buffered = BufWriter::with_capacity(2 * CHUNK_BYTES as usize, file);
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
            mcap,
            sequences: BTreeMap::new(),
            messages: 0,
            payload: 0,
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
        let added = self
            .mcap
            .add_schema(message_type, "ros2msg", definition.as_bytes())
            .and_then(|schema| {
                self.mcap
                    .add_channel(schema, topic, "cdr", &BTreeMap::new())
            });
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
        // Bags have no time before the epoch.
        let log_time = u64::try_from(log_time.nanos()).unwrap_or_default();
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
        self.payload += message.len() as u64;
        Ok(())
    }

    /// Hands everything so far to the operating system, which keeps it whatever happens to this process.
    ///
    /// # Errors
    /// What the file system says.
    pub fn flush(&mut self) -> Result<(), ConfigErrors> {
        self.mcap.flush().map_err(|e| self.problem(&e))
    }

    /// Messages so far.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Bytes of messages so far, before compression.
    pub fn payload_bytes(&self) -> u64 {
        self.payload
    }

    /// Where the bag is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the index and waits until the disk has everything.
    ///
    /// # Errors
    /// What the file system says.
    pub fn finish(mut self) -> Result<Summary, ConfigErrors> {
        let path = self.path;
        let problem =
            |e: &dyn std::fmt::Display| ConfigErrors::from(format!("bag {}: {e}", path.display()));
        self.mcap.finish().map_err(|e| problem(&e))?;
        let mut buffered = self.mcap.into_inner().into_inner();
        buffered.flush().map_err(|e| problem(&e))?;
        let file = buffered.into_inner().map_err(|e| problem(&e))?;
        file.sync_all().map_err(|e| problem(&e))?;
        let bytes = file.metadata().map_err(|e| problem(&e))?.len();
        Ok(Summary {
            messages: self.messages,
            bytes,
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
