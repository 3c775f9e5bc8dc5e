//! What the messages of a file are: its schemas and channels.

use std::collections::HashMap;
use std::sync::Arc;

use mcap::records::op;

use crate::message::msg_of_idl;

/// The longest name of a topic or a type.
const MAX_NAME_BYTES: usize = 4096;

/// The schemas and channels of one file, as far as they were met.
#[derive(Default)]
pub(super) struct Channels {
    schemas: HashMap<u16, Schema>,
    channels: HashMap<u16, Channel>,
}

/// A type of messages.
#[derive(Clone, Default)]
struct Schema {
    name: Arc<str>,
    definition: Arc<str>,
}

/// A topic of a file.
pub(super) struct Channel {
    /// Its name.
    pub topic: Arc<str>,
    /// The type of its messages.
    pub message_type: Arc<str>,
    /// The definition of that type as ROS 2 writes it; empty where it is written in another way.
    pub definition: Arc<str>,
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

    /// Takes in a schema or a channel. (mcap's own parser believes the lengths in a record and would take gigabytes for a
    /// name that is not there.)
    pub fn learn(&mut self, opcode: u8, content: &[u8]) -> Result<(), String> {
        let (id, rest) = number(content)?;
        match opcode {
            op::SCHEMA => {
                let (type_name, rest) = name(rest)?;
                // Messages can be read without their definition.
                let (encoding, rest) = name(rest).unwrap_or_default();
                let definition = match &*encoding {
                    "ros2msg" => text(rest).unwrap_or_default(),
                    "ros2idl" => {
                        let idl = text(rest).unwrap_or_default();
                        msg_of_idl(&idl).map_or_else(Arc::default, Arc::from)
                    }
                    _ => Arc::default(),
                };
                let schema = Schema {
                    name: type_name,
                    definition,
                };
                self.schemas.insert(id, schema);
            }
            op::CHANNEL => {
                let (schema_id, rest) = number(rest)?;
                let (topic, rest) = name(rest)?;
                let (encoding, _) = name(rest)?;
                let schema = self.schemas.get(&schema_id).cloned().unwrap_or_default();
                let channel = Channel {
                    topic,
                    message_type: schema.name,
                    definition: schema.definition,
                    is_cdr: &*encoding == "cdr",
                };
                self.channels.entry(id).or_insert(channel);
            }
            _ => {}
        }
        Ok(())
    }
}

const TOO_SHORT: &str = "a schema or channel record is too short";

fn number(content: &[u8]) -> Result<(u16, &[u8]), String> {
    let (number, rest) = content.split_first_chunk().ok_or(TOO_SHORT)?;
    Ok((u16::from_le_bytes(*number), rest))
}

/// A text with its length before it.
fn text(content: &[u8]) -> Option<Arc<str>> {
    let (length, rest) = content.split_first_chunk()?;
    let text = rest.get(..u32::from_le_bytes(*length) as usize)?;
    std::str::from_utf8(text).ok().map(Arc::from)
}

/// A name with its length before it, and what follows it.
fn name(content: &[u8]) -> Result<(Arc<str>, &[u8]), String> {
    let (length, rest) = content.split_first_chunk().ok_or(TOO_SHORT)?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > MAX_NAME_BYTES {
        return Err(format!(
            "a topic or type has a name of {length} bytes; at most {MAX_NAME_BYTES} are allowed"
        ));
    }
    let (name, rest) = rest.split_at_checked(length).ok_or(TOO_SHORT)?;
    let name = std::str::from_utf8(name)
        .map_err(|_| "a schema or channel record has a name that is not UTF-8")?;
    Ok((name.into(), rest))
}

/// The channel of a message, from the header of its record.
pub(super) fn channel_of(header: &[u8]) -> u16 {
    u16::from_le_bytes([header[0], header[1]])
}

/// Whether messages of this type are pictures.
pub(super) fn is_picture(message_type: &str) -> bool {
    ["sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"].contains(&message_type)
}
