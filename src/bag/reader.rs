//! Reading a bag from its start to its end, or to where it was cut off.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcap::records::{Record as McapRecord, op};

use super::chunk::{Chunk, FRAME, u64_at};
use crate::errors::ConfigErrors;
use crate::message::MessageType;
use crate::time::Stamp;

/// One message of a bag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The topic it was recorded from, such as `/camera/image_raw`.
    pub topic: Arc<str>,
    /// Its type, such as `sensor_msgs/msg/Image`.
    pub message_type: Arc<str>,
    /// When it was recorded.
    pub log_time: Stamp,
    /// The serialized message.
    pub bytes: Vec<u8>,
}

/// What a bag has of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its type, such as `sensor_msgs/msg/Image`.
    pub message_type: Arc<str>,
    /// How many messages there are.
    pub messages: u64,
}

/// A bag to read. It is read in order and once per pass, in pieces: a mapped file that someone cuts while it is
/// read would end the process, and a bag may be larger than the memory.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    length: u64,
    truncated: Option<String>,
}

impl Reader {
    /// Opens an MCAP file.
    ///
    /// # Errors
    /// When it cannot be read, is empty or is something else.
    pub fn open(path: &Path) -> Result<Self, ConfigErrors> {
        const WANTED: &str = "an MCAP file is needed, as `late_fusion record` or \
                              `ros2 bag record --storage mcap` writes it";
        let problem = |what: &dyn std::fmt::Display| {
            ConfigErrors::from(format!("bag {}: {what}", path.display()))
        };
        let mut file = File::open(path).map_err(|e| problem(&e))?;
        let metadata = file.metadata().map_err(|e| problem(&e))?;
        if metadata.is_dir() {
            return Err(problem(&format_args!("it is a folder; {WANTED}")));
        }
        if metadata.len() == 0 {
            return Err(problem(&format_args!("the file is empty; {WANTED}")));
        }
        let mut start = Vec::new();
        file.by_ref()
            .take(mcap::MAGIC.len() as u64)
            .read_to_end(&mut start)
            .map_err(|e| problem(&e))?;
        if start != mcap::MAGIC {
            return Err(problem(&format_args!(
                "it starts with {start:02x?}, so it is no MCAP file; {WANTED}"
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(1 << 18, file),
            length: metadata.len(),
            truncated: None,
        })
    }

    /// Where the bag is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every CDR message, in the order in which they were recorded, from the start.
    pub fn records(&mut self) -> Records<'_> {
        self.truncated = None;
        let start = self.file.seek(SeekFrom::Start(mcap::MAGIC.len() as u64));
        let mut records = Records {
            bag: self,
            schemas: HashMap::new(),
            channels: HashMap::new(),
            chunk: Chunk::default(),
            position: mcap::MAGIC.len() as u64,
            read: 0,
            done: false,
        };
        if let Err(e) = start {
            records.end(Some(e.to_string()));
        }
        records
    }

    /// What the last pass over the bag could not read, if anything; to be said once.
    pub fn truncated(&self) -> Option<String> {
        self.truncated.clone()
    }

    /// The topics of the bag. Passes over all of it, because the index at its end is missing from the bags that
    /// most need a look.
    pub fn topics(&mut self) -> BTreeMap<Arc<str>, Topic> {
        let mut topics = BTreeMap::new();
        let mut records = self.records();
        while records.advance(|Seen { channel, .. }| {
            let topic = topics.entry(channel.topic.clone()).or_insert(Topic {
                message_type: channel.message_type.clone(),
                messages: 0,
            });
            topic.messages += 1;
        }) {}
        topics
    }

    /// Checks that the bag has messages of all these topics, and of the right type.
    ///
    /// # Errors
    /// Every topic that is missing or of another type, with the topics that are there.
    pub fn require<'a>(
        &mut self,
        wanted: impl IntoIterator<Item = (&'a str, MessageType)>,
    ) -> Result<(), ConfigErrors> {
        let topics = self.topics();
        let place = self.path.display();
        let mut errors = ConfigErrors::new();
        for (name, message) in wanted {
            match topics.get(name) {
                None => {
                    let names: Vec<&str> = topics.keys().map(|topic| &**topic).collect();
                    let there = match names.is_empty() {
                        true => "it has no messages at all".to_owned(),
                        false => format!("it has {}", names.join(", ")),
                    };
                    errors.add(format!(
                        "bag {place}: there is nothing of the topic {name} ({}); {there}",
                        message.ros_name()
                    ));
                }
                Some(topic) if MessageType::from_ros_name(&topic.message_type) != Some(message) => {
                    errors.add(format!(
                        "bag {place}: the topic {name} is of the type {}; {} is needed",
                        topic.message_type,
                        message.ros_name()
                    ));
                }
                Some(_) => {}
            }
        }
        errors.or(())
    }
}

/// The messages of a bag, from its start.
pub struct Records<'a> {
    bag: &'a mut Reader,
    schemas: HashMap<u16, Arc<str>>,
    channels: HashMap<u16, Channel>,
    chunk: Chunk,
    position: u64,
    read: u64,
    done: bool,
}

struct Channel {
    topic: Arc<str>,
    message_type: Arc<str>,
    is_cdr: bool,
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let mut record = None;
        self.advance(|seen| {
            record = Some(Record {
                topic: seen.channel.topic.clone(),
                message_type: seen.channel.message_type.clone(),
                log_time: seen.log_time,
                bytes: seen.bytes.to_vec(),
            });
        });
        record
    }
}

impl Records<'_> {
    /// Shows the next message to `see`; false at the end.
    fn advance(&mut self, see: impl FnOnce(Seen)) -> bool {
        while !self.done {
            while let Some((opcode, content)) = self.chunk.next_record() {
                match understand(opcode, content, &mut self.schemas, &mut self.channels) {
                    Ok(None) => {}
                    Ok(Some(seen)) => {
                        self.read += 1;
                        see(seen);
                        return true;
                    }
                    Err(damage) => {
                        self.end(Some(damage));
                        return false;
                    }
                }
            }
            if let Some(damage) = self.chunk.damage() {
                self.end(Some(damage));
            } else if let Err(e) = self.next_top_record() {
                self.end(Some(match e.kind() {
                    io::ErrorKind::UnexpectedEof => "it is cut off".to_owned(),
                    _ => e.to_string(),
                }));
            }
        }
        false
    }

    /// Loads the next record of the file, a chunk of records or a single one.
    fn next_top_record(&mut self) -> io::Result<()> {
        let mut frame = [0; FRAME];
        let file = &mut self.bag.file;
        file.read_exact(&mut frame)?;
        let (opcode, length) = (frame[0], u64_at(&frame, 1));
        let is_whole = length <= self.bag.length - self.position - FRAME as u64;
        let mut body = file.take(length);
        match opcode {
            op::DATA_END => self.done = true,
            op::CHUNK => self.chunk.read(&mut body)?,
            _ if !is_whole => return Err(io::ErrorKind::UnexpectedEof.into()),
            op::SCHEMA | op::CHANNEL | op::MESSAGE => self.chunk.read_single(frame, &mut body)?,
            _ => {}
        }
        if is_whole {
            let rest = body.limit();
            file.seek_relative(i64::try_from(rest).unwrap_or(i64::MAX))?;
            self.position += FRAME as u64 + length;
        }
        Ok(())
    }

    fn end(&mut self, damage: Option<String>) {
        self.done = true;
        self.bag.truncated = damage.map(|damage| {
            format!(
                "bag {}: {damage} (byte {} of {}); the {} messages before that are used, whatever came after is \
                 lost",
                self.bag.path.display(),
                self.position,
                self.bag.length,
                self.read
            )
        });
    }
}

/// A message where it lies in its chunk.
struct Seen<'a> {
    channel: &'a Channel,
    log_time: Stamp,
    bytes: &'a [u8],
}

/// Takes in a schema or channel, and returns a message; other records do not matter here.
fn understand<'a>(
    opcode: u8,
    content: &'a [u8],
    schemas: &mut HashMap<u16, Arc<str>>,
    channels: &'a mut HashMap<u16, Channel>,
) -> Result<Option<Seen<'a>>, String> {
    match opcode {
        op::SCHEMA | op::CHANNEL => {
            match mcap::parse_record(opcode, content).map_err(|e| e.to_string())? {
                McapRecord::Schema { header, .. } => {
                    schemas.insert(header.id, header.name.into());
                }
                McapRecord::Channel(channel) => {
                    let message_type = schemas.get(&channel.schema_id).cloned();
                    channels.insert(
                        channel.id,
                        Channel {
                            topic: channel.topic.into(),
                            message_type: message_type.unwrap_or_default(),
                            is_cdr: channel.message_encoding == "cdr",
                        },
                    );
                }
                _ => {}
            }
            Ok(None)
        }
        op::MESSAGE => {
            let (header, bytes) = content
                .split_at_checked(MESSAGE_HEADER)
                .ok_or("a message record is too short")?;
            let id = u16::from_le_bytes([header[0], header[1]]);
            let channel = channels.get(&id).ok_or_else(|| {
                format!("a message belongs to channel {id}, which the bag does not have")
            })?;
            let log_time = i64::try_from(u64_at(header, 6)).unwrap_or(i64::MAX);
            Ok(channel.is_cdr.then_some(Seen {
                channel,
                log_time: Stamp::from_nanos(log_time),
                bytes,
            }))
        }
        _ => Ok(None),
    }
}

/// Bytes of a message record before the message: channel, sequence, log time and publish time.
const MESSAGE_HEADER: usize = 2 + 4 + 8 + 8;
