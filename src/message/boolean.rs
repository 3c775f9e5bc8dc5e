//! `std_msgs/msg/Bool`.

use super::MessageError;
use super::cdr::Reader;

/// The most bytes that a serialized message has: the header, the value, and padding to four bytes.
const LONGEST: usize = 8;

/// The value of a message.
///
/// # Errors
/// When the message ends too early, goes on behind its only field, or holds neither 0 nor 1: what stands for a permission
/// must not be guessed.
pub fn boolean(message: &[u8]) -> Result<bool, MessageError> {
    let value = Reader::new(message)?.u8("data")?;
    if message.len() > LONGEST {
        return Err(MessageError::invalid(
            "data",
            format_args!("in a message of {} bytes", message.len()),
            format_args!("a Bool has at most {LONGEST}"),
        ));
    }
    match value {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(MessageError::invalid(
            "data",
            other,
            "0 (false) or 1 (true) is allowed",
        )),
    }
}
