//! Pictures for people: as jpeg, and mostly small.

use super::message_picture::Room;
use super::rgb_picture::RgbPicture;
use crate::message::{MessageError, MessageType};

/// A picture of what a camera saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// The picture as jpeg.
    pub jpeg: Vec<u8>,
}

/// A picture that is taller than so many times its width is shown narrower.
const TALLEST: usize = 4;

impl Thumbnail {
    /// The picture in a message, `width` pixels wide.
    ///
    /// # Errors
    /// What is wrong with the message, or that it is of a type without a picture.
    pub fn of(message_type: MessageType, bytes: &[u8], width: usize) -> Result<Self, MessageError> {
        let room = Room::Within(width, TALLEST * width);
        RgbPicture::of(message_type, bytes, room)?.try_into()
    }

    /// The picture in a message, as large as it is there.
    ///
    /// # Errors
    /// As for [`Thumbnail::of`].
    pub fn whole(message_type: MessageType, bytes: &[u8]) -> Result<Self, MessageError> {
        RgbPicture::of(message_type, bytes, Room::Whole)?.try_into()
    }
}

impl TryFrom<RgbPicture> for Thumbnail {
    type Error = MessageError;

    fn try_from(picture: RgbPicture) -> Result<Self, MessageError> {
        Ok(Self {
            jpeg: picture.jpeg()?,
            width: picture.width,
            height: picture.height,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::decode::Decoder;
    use crate::encoder::pixels::Subject;
    use crate::message::cdr::Writer;
    use crate::time::Stamp;

    fn message(width: u32, height: u32, rgb: [u8; 3]) -> Vec<u8> {
        encoded("rgb8", width, height, &rgb)
    }

    fn encoded(encoding: &str, width: u32, height: u32, pixel: &[u8]) -> Vec<u8> {
        let row = pixel.len() as u32 * width;
        let mut writer = Writer::new();
        writer.header(Stamp::from_nanos(1), "");
        writer.u32(height);
        writer.u32(width);
        writer.string(encoding);
        writer.u8(0);
        writer.u32(row);
        writer.length((row * height) as usize);
        for byte in pixel.iter().cycle().take((row * height) as usize) {
            writer.u8(*byte);
        }
        writer.finish()
    }

    #[test]
    fn a_picture_keeps_its_colours_and_its_shape() {
        let message = message(64, 48, [200, 40, 90]);
        let thumbnail = Thumbnail::of(MessageType::Image, &message, 32).unwrap();
        assert_eq!((thumbnail.width, thumbnail.height), (32, 24));
        let mut decoder = Decoder::default();
        let picture = decoder
            .decode("jpeg", &thumbnail.jpeg, Subject::Colour)
            .unwrap();
        assert_eq!((picture.width, picture.height), (32, 24));
        for (found, sent) in picture.data.iter().zip([200i32, 40, 90].iter().cycle()) {
            assert!((i32::from(*found) - sent).abs() < 8, "{found} {sent}");
        }
    }

    #[test]
    fn a_picture_that_is_all_height_is_shown_narrower() {
        let message = message(1, 100_000, [1, 2, 3]);
        let thumbnail = Thumbnail::of(MessageType::Image, &message, 64).unwrap();
        assert_eq!((thumbnail.width, thumbnail.height), (1, 256));
    }

    #[test]
    fn distances_are_shown_up_to_five_metres() {
        let message = encoded("16UC1", 16, 8, &2500_u16.to_le_bytes());
        let thumbnail = Thumbnail::of(MessageType::Image, &message, 16).unwrap();
        let mut decoder = Decoder::default();
        let picture = decoder
            .decode("jpeg", &thumbnail.jpeg, Subject::Colour)
            .unwrap();
        assert!(picture.data.iter().all(|grey| (126..=130).contains(grey)));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let bytes = message(4, 4, [0; 3]);
        assert!(Thumbnail::of(MessageType::Image, &bytes[..bytes.len() - 1], 8).is_err());
        let error = Thumbnail::of(MessageType::JointState, &bytes, 8).unwrap_err();
        assert!(error.to_string().contains("JointState"), "{error}");
    }
}
