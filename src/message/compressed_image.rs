//! `sensor_msgs/msg/CompressedImage`.

use super::MessageError;
use super::cdr::Reader;
use crate::time::Stamp;

/// A jpeg or png, still in the message. What the data hold is the decoder's to check.
#[derive(Clone, Copy, Debug)]
pub struct CompressedImageView<'a> {
    /// When the picture was taken.
    pub stamp: Stamp,
    /// What the publisher calls the format: `jpeg`, `png`, `rgb8; jpeg compressed bgr8`.
    pub format: &'a str,
    /// The file.
    pub data: &'a [u8],
}

impl<'a> CompressedImageView<'a> {
    /// Reads a serialized message.
    ///
    /// # Errors
    /// When the message ends too early, or the format is no text.
    pub fn parse(message: &'a [u8]) -> Result<Self, MessageError> {
        let mut reader = Reader::new(message)?;
        Ok(Self {
            stamp: reader.header()?,
            format: reader.string("format")?,
            data: reader.bytes("data")?,
        })
    }
}
