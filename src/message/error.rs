//! What can be wrong with one message.

use std::fmt::Display;

/// Why a message cannot be used. The process lives: the message is counted and dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The first four bytes announce something other than plain CDR.
    #[error(
        "the message starts with {0:02x?}; a serialized ROS 2 message starts with [00, 00] (big-endian) \
         or [00, 01] (little-endian) and two bytes of options"
    )]
    Encapsulation(Vec<u8>),
    /// The message ends before the field does.
    #[error("{field} needs {needed} more bytes, but the message ends after {left}")]
    Truncated {
        /// The field being read.
        field: &'static str,
        /// The bytes that it needs.
        needed: u64,
        /// The bytes that are left.
        left: usize,
    },
    /// A field holds something that cannot be used.
    #[error("{field} is {value}; {allowed}")]
    Invalid {
        /// The field.
        field: String,
        /// What it holds.
        value: String,
        /// What is allowed instead.
        allowed: String,
    },
}

impl MessageError {
    /// A field that holds something that cannot be used.
    pub fn invalid(field: impl Display, value: impl Display, allowed: impl Display) -> Self {
        Self::Invalid {
            field: field.to_string(),
            value: value.to_string(),
            allowed: allowed.to_string(),
        }
    }
}
