//! Reading a recording from its beginning to its end in time, or to where it was cut off.
//!
//! The messages of a file may stand in any order; when they were recorded is what counts. The chunks are known from the
//! layout with the times that they span, so that only those are in memory whose messages are due.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::blocks::Blocks;
use super::chunk::{LOG_TIME, MESSAGE_HEADER, record_at};
use super::files::Bag;
use super::layout::Layout;
use super::outcome::Outcome;
use super::record::Place;
use super::records::Records;
use crate::errors::ConfigErrors;
use crate::message::MessageType;
use crate::time::Stamp;

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
    blocks: Blocks,
    /// What the last pass came to.
    outcome: Outcome,
}

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
            blocks: Blocks::of(layout),
            outcome: Outcome::default(),
        }
    }

    /// Where the messages are.
    pub fn layout(&self) -> Arc<Layout> {
        self.blocks.layout.clone()
    }

    /// What the recording is called.
    pub fn path(&self) -> &Path {
        &self.blocks.layout.path
    }

    /// Every CDR message, in the order in which they were recorded, from the start. Of two of the same time the one
    /// that stands first in the files comes first.
    pub fn records(&mut self) -> Records<'_> {
        Records::new(&mut self.blocks, &mut self.outcome)
    }

    /// What the last pass over the recording could not read, if anything; to be said once.
    pub fn truncated(&self) -> Option<String> {
        self.outcome.truncated.clone()
    }

    /// A word that is another one wherever the messages are others. Known after a pass to the end.
    pub fn digest(&self) -> Option<&str> {
        self.outcome.digest.as_deref()
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
                        self.blocks.give_back(records);
                    }
                    let chunk = self.blocks.load(place.block);
                    let chunk = chunk.map_err(|e| self.gone(&e))?;
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
            let file = self.blocks.layout.blocks[place.block as usize].file;
            let unpacked = self.blocks.unpack(file, message, &mut scratch);
            let message =
                unpacked.map_err(|e| format!("bag {}: {e}", self.blocks.layout.path.display()))?;
            see(i, logged, message);
        }
        Ok(())
    }

    fn gone(&self, why: &dyn std::fmt::Display) -> ConfigErrors {
        let path = self.path().display();
        format!("bag {path}: it cannot be read a second time: {why}").into()
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
