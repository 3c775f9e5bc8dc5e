//! `sensor_msgs/msg/CompressedImage`.

use super::MessageError;
use super::cdr::{Reader, Writer};
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

/// A serialized `sensor_msgs/msg/CompressedImage` with a jpeg.
pub fn encode_jpeg(stamp: Stamp, jpeg: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.header(stamp, "");
    writer.string("jpeg");
    writer.bytes(jpeg);
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let stamp = Stamp::from_ros(7, 5);
        let message = encode_jpeg(stamp, &[0xff, 0xd8, 0xff]);
        let view = CompressedImageView::parse(&message).unwrap();
        assert_eq!((view.stamp, view.format), (stamp, "jpeg"));
        assert_eq!(view.data, [0xff, 0xd8, 0xff]);
    }
}
