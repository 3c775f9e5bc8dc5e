//! `rosgraph_msgs/msg/Clock`.

use super::MessageError;
use super::cdr::Reader;
use crate::time::Stamp;

/// The simulator's time.
///
/// # Errors
/// When the message ends too early.
pub fn clock(message: &[u8]) -> Result<Stamp, MessageError> {
    Reader::new(message)?.stamp("clock")
}
