//! Reading a recording from its beginning to its end in time, or to where it was cut off.
//!
//! The messages of a file may stand in any order; when they were recorded is what counts. The chunks are known from the
//! layout with the times that they span, so that only those are in memory whose messages are due.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::chunk::{Chunk, MAX_MESSAGE_BYTES, record_at, unpack_zstd};
use super::find::Bag;
use super::input::ZSTD_MAGIC;
use super::layout::{Damage, LOG_TIME, Layout, MESSAGE_HEADER};
use super::records::Records;
use super::storage::Storage;
use crate::errors::ConfigErrors;
use crate::message::MessageType;
use crate::time::Stamp;

/// One message of a recording.
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

/// One message of a recording where it lies in memory.
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'a> {
    /// See [`Record::topic`].
    pub topic: &'a Arc<str>,
    /// See [`Record::message_type`].
    pub message_type: &'a Arc<str>,
    /// The definition of that type, as ROS 2 writes it; empty where the recording has none.
    pub definition: &'a Arc<str>,
    /// See [`Record::log_time`].
    pub log_time: Stamp,
    /// See [`Record::bytes`].
    pub bytes: &'a [u8],
    /// Where it can be fetched from once more.
    pub place: Place,
}

/// Where a message is in its recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub(super) block: u32,
    pub(super) offset: u32,
}

impl Place {
    /// Of a message that is in no recording.
    pub const NONE: Self = Self {
        block: u32::MAX,
        offset: u32::MAX,
    };
}

/// What a recording has of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its type, such as `sensor_msgs/msg/Image`.
    pub message_type: Arc<str>,
    /// How many messages there are.
    pub messages: u64,
}

/// A recording to read.
#[derive(Debug)]
pub struct Reader {
    pub(super) layout: Arc<Layout>,
    pub(super) truncated: Option<String>,
    pub(super) digest: Option<String>,
    /// The file that was read last.
    storage: Option<(u32, Storage)>,
    /// Room for the next chunk.
    spare: Vec<u8>,
}

/// Room larger than this is not kept for the next chunk.
const SPARE_BYTES: usize = 16 << 20;

impl Reader {
    /// Opens one MCAP file.
    ///
    /// # Errors
    /// When it cannot be read, is empty or is something else.
    pub fn open(path: &Path) -> Result<Self, ConfigErrors> {
        Self::of(&Bag::single(path.to_owned()))
    }

    /// Opens a recording.
    ///
    /// # Errors
    /// Every file of it that cannot be read, is empty or is something else.
    pub fn of(bag: &Bag) -> Result<Self, ConfigErrors> {
        Ok(Self::with(Arc::new(Layout::of(bag)?)))
    }

    /// A reader of a recording that was looked through before.
    pub fn with(layout: Arc<Layout>) -> Self {
        Self {
            layout,
            truncated: None,
            digest: None,
            storage: None,
            spare: Vec::new(),
        }
    }

    /// Where the messages are.
    pub fn layout(&self) -> Arc<Layout> {
        self.layout.clone()
    }

    /// What the recording is called.
    pub fn path(&self) -> &Path {
        &self.layout.path
    }

    /// Every CDR message, in the order in which they were recorded, from the start. Of two of the same time the one
    /// that stands first in the files comes first.
    pub fn records(&mut self) -> Records<'_> {
        self.truncated = None;
        self.digest = None;
        Records::new(self)
    }

    /// What the last pass over the recording could not read, if anything; to be said once.
    pub fn truncated(&self) -> Option<String> {
        self.truncated.clone()
    }

    /// A word that is another one wherever the messages are others. Known after a pass to the end.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Fetches messages once more, and shows each to `see` with its index among `places`, which are sorted, and the time
    /// at which it was recorded. Of the files only what holds them is read.
    ///
    /// # Errors
    /// When they are gone.
    pub fn fetch(
        &mut self,
        places: &[Place],
        mut see: impl FnMut(usize, Stamp, &[u8]),
    ) -> Result<(), ConfigErrors> {
        let mut loaded: Option<(u32, Vec<u8>)> = None;
        let mut scratch = Vec::new();
        for (i, place) in places.iter().enumerate() {
            let records = match &mut loaded {
                Some((block, records)) if *block == place.block => records,
                other => {
                    if let Some((_, records)) = other.take() {
                        self.give_back(records);
                    }
                    let chunk = self.load(place.block).map_err(|e| self.gone(&e))?;
                    &mut other.insert((place.block, chunk.records)).1
                }
            };
            let message = record_at(records, place.offset as usize).and_then(|(_, content, _)| {
                let (header, message) = content.split_at_checked(MESSAGE_HEADER)?;
                let logged = header.get(LOG_TIME)?.try_into().ok()?;
                Some((Stamp::from_nanos(i64::from_le_bytes(logged)), message))
            });
            let Some((logged, message)) = message else {
                return Err(self.gone(&"the file has changed while it was read"));
            };
            let file = self.layout.blocks[place.block as usize].file;
            let unpacked = self.unpack(file, message, &mut scratch);
            let message =
                unpacked.map_err(|e| format!("bag {}: {e}", self.layout.path.display()))?;
            see(i, logged, message);
        }
        Ok(())
    }

    fn gone(&self, why: &dyn std::fmt::Display) -> ConfigErrors {
        let path = self.path().display();
        format!("bag {path}: it cannot be read a second time: {why}").into()
    }

    /// A file, opened unless it was read last.
    fn storage(&mut self, file: u32) -> io::Result<&mut Storage> {
        if self.storage.as_ref().is_none_or(|(last, _)| *last != file) {
            let path = &self.layout.files[file as usize].path;
            let opened = Storage::open(path).map_err(|e| io::Error::other(e.to_string()))?;
            self.storage = Some((file, opened));
        }
        let storage = self.storage.as_mut().map(|(_, storage)| storage);
        storage.ok_or(io::ErrorKind::NotFound.into())
    }

    /// A message of a file as it was sent.
    pub(super) fn unpack<'a>(
        &mut self,
        file: u32,
        message: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], String> {
        match self.layout.files[file as usize].is_dataset {
            // Where files take turns, none is opened anew for what needs no file.
            false => unpacked(message, scratch),
            true => {
                let storage = self.storage(file).map_err(|e| e.to_string())?;
                storage.unpack(message, scratch)
            }
        }
    }

    /// The records of a block.
    pub(super) fn load(&mut self, block: u32) -> io::Result<Chunk> {
        let layout = self.layout.clone();
        let block = &layout.blocks[block as usize];
        let room = std::mem::take(&mut self.spare);
        let read = self.storage(block.file)?.load(block, room);
        let mut chunk = match read {
            // Cut off before its first record.
            Err(e) if block.is_cut && e.kind() == io::ErrorKind::UnexpectedEof => {
                Chunk::within(Vec::new())
            }
            read => read?,
        };
        match (block.is_cut, &chunk.damage) {
            // What is before the cut is there; the layout says what is missing.
            (true, _) => chunk.damage = None,
            (false, Some(_)) => chunk.records.clear(),
            (false, None) => {}
        }
        Ok(chunk)
    }

    /// Takes the room of a chunk that is not needed any more.
    pub(super) fn give_back(&mut self, mut records: Vec<u8>) {
        if records.capacity() <= SPARE_BYTES {
            records.clear();
            self.spare = records;
        }
    }

    /// The damage as the user is to be told.
    pub(super) fn told(&self, damage: &Damage, read: u64) -> String {
        let file = &self.layout.files[damage.file as usize];
        let length = file
            .length
            .map_or("its content".to_owned(), |length| length.to_string());
        let lost = self.layout.files.len() - damage.file as usize - 1;
        let others = match lost {
            0 => String::new(),
            1 => ", the file after it with it".to_owned(),
            _ => format!(", the {lost} files after it among them"),
        };
        format!(
            "bag {}: {} ({} {} of {length}); the {read} messages before that are used, whatever came after is \
             lost{others}",
            file.path.display(),
            damage.what,
            file.unit,
            damage.offset,
        )
    }

    /// The topics of the recording. Passes over all of it, because the index at its end is missing from the bags that
    /// most need a look.
    pub fn topics(&mut self) -> BTreeMap<Arc<str>, Topic> {
        let mut topics: BTreeMap<Arc<str>, Topic> = BTreeMap::new();
        let mut records = self.records();
        while let Some(record) = records.next_view() {
            match topics.get_mut(record.topic) {
                Some(topic) => topic.messages += 1,
                None => {
                    let message_type = record.message_type.clone();
                    let messages = 1;
                    let topic = Topic {
                        message_type,
                        messages,
                    };
                    topics.insert(record.topic.clone(), topic);
                }
            }
        }
        topics
    }

    /// Checks that the recording has messages of all these topics, and of the right type.
    ///
    /// # Errors
    /// Every topic that is missing or of another type, with the topics that are there.
    pub fn require<'a>(
        &mut self,
        wanted: impl IntoIterator<Item = (&'a str, MessageType)>,
    ) -> Result<(), ConfigErrors> {
        let topics = self.topics();
        let place = self.path().display();
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
                Some(topic) if *topic.message_type != *message.ros_name() => {
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

/// A message as it was sent. rosbag2 can compress each by itself, and says so only beside the file; but no CDR message
/// begins as a zstd frame does.
pub(super) fn unpacked<'a>(
    message: &'a [u8],
    scratch: &'a mut Vec<u8>,
) -> Result<&'a [u8], String> {
    if !message.starts_with(&ZSTD_MAGIC) {
        return Ok(message);
    }
    scratch.clear();
    let read = unpack_zstd(&mut &*message, MAX_MESSAGE_BYTES + 1, scratch)
        .map_err(|e| format!("a compressed message cannot be unpacked: {e}"))?;
    match read as u64 > MAX_MESSAGE_BYTES {
        true => Err(format!(
            "a compressed message has more than {MAX_MESSAGE_BYTES} bytes, which are allowed"
        )),
        false => Ok(scratch),
    }
}
