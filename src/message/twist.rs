//! `geometry_msgs/msg/Twist` and `TwistStamped`.

use super::MessageError;
use super::cdr::Reader;
use crate::time::Stamp;

/// The six numbers of a twist, in the order of [`TwistView::FIELDS`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwistView {
    /// When it was commanded; `None` for the unstamped message.
    pub stamp: Option<Stamp>,
    /// The numbers.
    pub values: [f64; 6],
}

impl TwistView {
    /// The paths of the fields, in the message's order.
    pub const FIELDS: [&'static str; 6] = [
        "linear.x",
        "linear.y",
        "linear.z",
        "angular.x",
        "angular.y",
        "angular.z",
    ];

    /// Reads a serialized `Twist`.
    ///
    /// # Errors
    /// When the message ends too early.
    pub fn parse(message: &[u8]) -> Result<Self, MessageError> {
        Self::read(Reader::new(message)?, None)
    }

    /// Reads a serialized `TwistStamped`.
    ///
    /// # Errors
    /// When the message ends too early.
    pub fn parse_stamped(message: &[u8]) -> Result<Self, MessageError> {
        let mut reader = Reader::new(message)?;
        let stamp = reader.header()?;
        Self::read(reader, Some(stamp))
    }

    fn read(mut reader: Reader, stamp: Option<Stamp>) -> Result<Self, MessageError> {
        let mut values = [0.0; 6];
        for (value, field) in values.iter_mut().zip(Self::FIELDS) {
            *value = reader.f64(field)?;
        }
        Ok(Self { stamp, values })
    }
}
