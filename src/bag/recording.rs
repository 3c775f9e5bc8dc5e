//! A recording being made: a folder as rosbag2 writes it, with one MCAP file or several, and `metadata.yaml` at the end.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use super::information::{self, Span, TopicInformation, TopicMetadata};
use super::qos::OfferedQos;
use super::writer::{ENCODING, Summary, TopicId, Writer, log_nanos};
use crate::errors::ConfigErrors;
use crate::time::Stamp;

/// A topic that may be recorded.
#[derive(Clone, Debug)]
pub struct TopicDescription {
    /// Its full name.
    pub name: String,
    /// The ROS name of its type, such as `sensor_msgs/msg/Image`.
    pub message_type: String,
    /// The text that [`Definitions`](crate::message::Definitions) finds for the type.
    pub definition: String,
    /// The hash of the type's description (`RIHS01_…`); empty where it is not known.
    pub type_hash: String,
}

/// When the next file of a recording begins.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SplitLimits {
    /// Once a file has so many bytes.
    pub bytes: Option<u64>,
    /// Once a file has lasted so long, in seconds.
    pub duration_s: Option<f64>,
}

/// A recording being made. What was flushed can be read whenever the process dies, for the files are found without a
/// `metadata.yaml` too.
pub struct Recording {
    folder: PathBuf,
    name: String,
    limits: SplitLimits,
    topics: Vec<Topic>,
    file: OpenFile,
    complete: Vec<(String, Span)>,
    complete_bytes: u64,
    /// The file before this one, while the disk takes it.
    syncing: Option<JoinHandle<Result<Summary, ConfigErrors>>>,
    messages: u64,
    payload: u64,
}

struct Topic {
    description: TopicDescription,
    offered: Vec<OfferedQos>,
    messages: u64,
    /// Its place in the file that is open, once it has a message there.
    id: Option<TopicId>,
}

struct OpenFile {
    writer: Writer,
    name: String,
    span: Span,
    /// Its size when it was flushed last.
    bytes: u64,
}

impl OpenFile {
    fn create(folder: &Path, recording: &str, number: usize) -> Result<Self, ConfigErrors> {
        let name = format!("{recording}_{number}.mcap");
        Ok(Self {
            writer: Writer::create(&folder.join(&name))?,
            name,
            span: Span::default(),
            bytes: 0,
        })
    }
}

impl Recording {
    /// A new recording in the new folder `parent`/`name`. Folders on the way are made.
    ///
    /// # Errors
    /// A name that is not one, a recording of that name that is there already, and what the file system says.
    pub fn create(
        parent: &Path,
        name: &str,
        topics: Vec<TopicDescription>,
        limits: SplitLimits,
    ) -> Result<Self, ConfigErrors> {
        if name.is_empty() || name.starts_with('.') || name.contains('/') {
            return Err(format!(
                "the recording's name is {name:?}; a name without / that does not begin with a dot is needed"
            )
            .into());
        }
        std::fs::create_dir_all(parent)
            .map_err(|e| format!("folder {}: it cannot be made: {e}", parent.display()))?;
        let folder = parent.join(name);
        std::fs::create_dir(&folder).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => format!(
                "bag {}: there is something of that name already, and a recording never replaces anything",
                folder.display()
            ),
            _ => format!("bag {}: {e}", folder.display()),
        })?;
        let topics = topics.into_iter().map(|description| Topic {
            description,
            offered: Vec::new(),
            messages: 0,
            id: None,
        });
        Ok(Self {
            file: OpenFile::create(&folder, name, 0)?,
            folder,
            name: name.to_owned(),
            limits,
            topics: topics.collect(),
            complete: Vec::new(),
            complete_bytes: 0,
            syncing: None,
            messages: 0,
            payload: 0,
        })
    }

    /// Notes what a publisher of a topic offers. A file tells what was noted before the topic's first message in it.
    pub fn offer(&mut self, topic: usize, qos: OfferedQos) {
        let offered = &mut self.topics[topic].offered;
        if !offered.contains(&qos) {
            offered.push(qos);
        }
    }

    /// Appends a serialized message of a topic, by its place among those that the recording was created with.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(
        &mut self,
        topic: usize,
        log_time: Stamp,
        message: &[u8],
    ) -> Result<(), ConfigErrors> {
        if self.is_full(log_time) {
            self.split()?;
        }
        let Self { topics, file, .. } = self;
        let topic = &mut topics[topic];
        let id = match topic.id {
            Some(id) => id,
            None => topic.add_to(&mut file.writer)?,
        };
        topic.id = Some(id);
        file.writer.write(id, log_time, message)?;
        file.span.add(log_nanos(log_time));
        topic.messages += 1;
        self.messages += 1;
        self.payload += message.len() as u64;
        Ok(())
    }

    /// Hands everything so far to the operating system, which keeps it whatever happens to this process.
    ///
    /// # Errors
    /// What the file system says.
    pub fn flush(&mut self) -> Result<(), ConfigErrors> {
        self.file.writer.flush()?;
        self.file.bytes = self.file.writer.bytes()?;
        Ok(())
    }

    /// Messages so far.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// Bytes of messages so far, before compression.
    pub fn payload_bytes(&self) -> u64 {
        self.payload
    }

    /// The recording's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Completes the files and writes `metadata.yaml`, and waits until the disk has everything.
    ///
    /// # Errors
    /// What the file system says.
    pub fn finish(mut self) -> Result<Summary, ConfigErrors> {
        self.await_synced()?;
        let OpenFile {
            writer, name, span, ..
        } = self.file;
        let bytes = self.complete_bytes + writer.finish()?.bytes;
        self.complete.push((name, span));
        let heard = self
            .topics
            .iter()
            .filter(|t| !t.offered.is_empty() || t.messages > 0);
        let topics: Vec<TopicInformation> = heard.map(Topic::information).collect();
        information::write(&self.folder, &self.complete, &topics)
            .map_err(|e| format!("bag {}: {e}", self.folder.display()))?;
        Ok(Summary {
            messages: self.messages,
            bytes,
        })
    }

    fn is_full(&self, now: Stamp) -> bool {
        let OpenFile { span, bytes, .. } = &self.file;
        let is_large = self.limits.bytes.is_some_and(|most| *bytes >= most);
        let lasted_s = span.until(log_nanos(now)) as f64 * 1e-9;
        let is_long = self.limits.duration_s.is_some_and(|most| lasted_s > most);
        span.messages > 0 && (is_large || is_long)
    }

    /// Begins the next file. Nobody waits for the disk to take the one before, for that may be long and messages come.
    fn split(&mut self) -> Result<(), ConfigErrors> {
        self.await_synced()?;
        let next = OpenFile::create(&self.folder, &self.name, self.complete.len() + 1)?;
        let OpenFile {
            writer, name, span, ..
        } = std::mem::replace(&mut self.file, next);
        self.complete.push((name, span));
        let complete = writer.complete()?;
        self.syncing = Some(std::thread::spawn(move || complete.sync()));
        for topic in &mut self.topics {
            topic.id = None;
        }
        Ok(())
    }

    fn await_synced(&mut self) -> Result<(), ConfigErrors> {
        if let Some(syncing) = self.syncing.take() {
            let summary = syncing
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            self.complete_bytes += summary.bytes;
        }
        Ok(())
    }
}

impl Topic {
    /// Names the topic in a file, with what rosbag2 keeps there.
    fn add_to(&self, writer: &mut Writer) -> Result<TopicId, ConfigErrors> {
        let offered = serde_yaml::to_string(&self.offered)
            .map_err(|e| format!("topic {}: {e}", self.description.name))?;
        let metadata = BTreeMap::from([
            (
                "offered_qos_profiles".to_owned(),
                offered.trim_end().to_owned(),
            ),
            (
                "topic_type_hash".to_owned(),
                self.description.type_hash.clone(),
            ),
        ]);
        let TopicDescription {
            name,
            message_type,
            definition,
            ..
        } = &self.description;
        writer.add_topic_with(name, message_type, definition, &metadata)
    }

    fn information(&self) -> TopicInformation<'_> {
        TopicInformation {
            topic_metadata: TopicMetadata {
                name: &self.description.name,
                message_type: &self.description.message_type,
                serialization_format: ENCODING,
                offered_qos_profiles: &self.offered,
                type_description_hash: &self.description.type_hash,
            },
            message_count: self.messages,
        }
    }
}
