//! What the messages of a file are: its schemas and channels.

use std::collections::HashMap;
use std::sync::Arc;

use mcap::records::{Record as McapRecord, op};

/// The longest name of a topic or a type.
const MAX_NAME_BYTES: usize = 4096;

/// The schemas and channels of one file, as far as they were met.
#[derive(Default)]
pub(super) struct Channels {
    schemas: HashMap<u16, Arc<str>>,
    channels: HashMap<u16, Channel>,
}

/// A topic of a file.
pub(super) struct Channel {
    /// Its name.
    pub topic: Arc<str>,
    /// The type of its messages.
    pub message_type: Arc<str>,
    /// Whether they are serialized as ROS does.
    pub is_cdr: bool,
}

impl Channels {
    /// The channel of this number.
    pub fn get(&self, id: u16) -> Option<&Channel> {
        self.channels.get(&id)
    }

    /// Whether a record that is a channel names a schema that was not met yet.
    pub fn lacks_schema_of(&self, opcode: u8, content: &[u8]) -> bool {
        let id = content
            .get(2..4)
            .map_or(0, |id| u16::from_le_bytes([id[0], id[1]]));
        opcode == op::CHANNEL && id != 0 && !self.schemas.contains_key(&id)
    }

    /// Takes in a schema or a channel.
    pub fn learn(&mut self, opcode: u8, content: &[u8]) -> Result<(), String> {
        match mcap::parse_record(opcode, content).map_err(|e| e.to_string())? {
            McapRecord::Schema { header, .. } => {
                self.schemas.insert(header.id, name(header.name)?);
            }
            McapRecord::Channel(channel) => {
                let message_type = self.schemas.get(&channel.schema_id).cloned();
                let read = Channel {
                    topic: name(channel.topic)?,
                    message_type: message_type.unwrap_or_default(),
                    is_cdr: channel.message_encoding == "cdr",
                };
                self.channels.entry(channel.id).or_insert(read);
            }
            _ => {}
        }
        Ok(())
    }
}

fn name(name: String) -> Result<Arc<str>, String> {
    match name.len() > MAX_NAME_BYTES {
        true => Err(format!(
            "a topic or type has a name of {} bytes; at most {MAX_NAME_BYTES} are allowed",
            name.len()
        )),
        false => Ok(name.into()),
    }
}

/// The channel of a message, from the header of its record.
pub(super) fn channel_of(header: &[u8]) -> u16 {
    u16::from_le_bytes([header[0], header[1]])
}

/// Whether messages of this type are pictures.
pub(super) fn is_picture(message_type: &str) -> bool {
    ["sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"].contains(&message_type)
}
