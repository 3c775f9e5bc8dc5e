//! `std_msgs/msg/String`.

use super::MessageError;
use super::cdr::{Reader, Writer};

/// The text of a message.
///
/// # Errors
/// When the message ends too early, holds a NUL or is not UTF-8: an instruction that is not what was typed
/// must not be obeyed in part.
pub fn text(message: &[u8]) -> Result<&str, MessageError> {
    Reader::new(message)?.string("data")
}

/// A serialized `std_msgs/msg/String`.
pub fn encode_text(text: &str) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.string(text);
    writer.finish()
}
