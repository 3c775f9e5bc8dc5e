//! The picture in a message as red, green and blue.

use super::decode::Decoder;
use super::onnx::Numbers;
use super::picture::Picture;
use super::pixels::{Converter, DepthRange, Subject};
use super::prepare::Preparation;
use super::rgb_picture::RgbPicture;
use crate::message::{CompressedImageView, ImageView, MessageError, MessageType};
use crate::spec::{Channels, ElementType, Fit, ImageInputSpec, Layout, RegionSpec};

/// How large a picture is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// As large as it is.
    Whole,
    /// As large as its shape allows in so many columns and rows.
    Within(usize, usize),
}

/// Distances up to this, in metres, are told apart in a picture of them.
const SHOWN_M: f32 = 5.0;

impl RgbPicture {
    /// The picture in a message of a camera, to be shown: distances are grey.
    ///
    /// # Errors
    /// What is wrong with the message, or that it is of a type without a picture.
    pub fn of(message_type: MessageType, bytes: &[u8], room: Room) -> Result<Self, MessageError> {
        let subject = Subject::Any(DepthRange::up_to(SHOWN_M));
        Self::read(message_type, bytes, subject, |picture| {
            let (width, height) = room.fitted(picture.width, picture.height);
            Self::prepared(picture, &shown_at(width, height))
        })
    }

    /// The picture in a message as an encoder with this input is given it: of its size, before normalization.
    ///
    /// # Errors
    /// What is wrong with the message, or that it does not show what the encoder is for.
    pub fn of_input(
        message_type: MessageType,
        bytes: &[u8],
        input: &ImageInputSpec,
    ) -> Result<Self, MessageError> {
        Self::read(message_type, bytes, Subject::of(input), |picture| {
            Self::prepared(picture, input)
        })
    }

    /// The colours in a message as they are.
    ///
    /// # Errors
    /// What is wrong with the message, or that it shows distances, or is of a type without a picture.
    pub fn colours(message_type: MessageType, bytes: &[u8]) -> Result<Self, MessageError> {
        Self::read(message_type, bytes, Subject::Colour, |picture| {
            let mut copy = Self {
                width: 0,
                height: 0,
                data: Vec::new(),
            };
            copy.copy_from(picture);
            Ok(copy)
        })
    }

    fn read(
        message_type: MessageType,
        bytes: &[u8],
        subject: Subject,
        take: impl FnOnce(Picture<'_>) -> Result<Self, MessageError>,
    ) -> Result<Self, MessageError> {
        match message_type {
            MessageType::Image => {
                let mut converter = Converter::default();
                let view = ImageView::parse(bytes)?;
                take(converter.convert(&view, subject)?)
            }
            MessageType::CompressedImage => {
                let view = CompressedImageView::parse(bytes)?;
                let mut decoder = Decoder::default();
                take(decoder.decode(view.format, view.data, subject)?)
            }
            other => Err(MessageError::invalid(
                "the message's type",
                other.ros_name(),
                "a picture is needed",
            )),
        }
    }

    fn prepared(picture: Picture<'_>, input: &ImageInputSpec) -> Result<Self, MessageError> {
        let (width, height) = (input.width, input.height);
        let mut preparation = Preparation::new(&ImageInputSpec {
            element: ElementType::U8,
            layout: Layout::Nhwc,
            channels: Channels::Rgb,
            ..input.clone()
        });
        preparation.prepare(picture)?;
        let data = match preparation.tensor() {
            Numbers::U8(pixels) => pixels.to_vec(),
            // The tensor that was asked for is one of bytes.
            _ => Vec::new(),
        };
        Ok(Self {
            width,
            height,
            data,
        })
    }
}

/// The input of an encoder to which pictures of this size are as they are.
fn shown_at(width: usize, height: usize) -> ImageInputSpec {
    ImageInputSpec {
        name: String::new(),
        element: ElementType::U8,
        layout: Layout::Nhwc,
        width,
        height,
        channels: Channels::Rgb,
        region: RegionSpec::default(),
        fit: Fit::Stretch,
        rescale: 1.0,
        mean: [0.0; 3],
        std: [1.0; 3],
        depth: None,
    }
}

impl Room {
    /// Columns and rows of a picture of this shape in it.
    fn fitted(self, width: usize, height: usize) -> (usize, usize) {
        let Self::Within(columns, rows) = self else {
            return (width, height);
        };
        match (height * columns).div_ceil(width).max(1) {
            fitted if fitted <= rows => (columns, fitted),
            _ => ((width * rows).div_ceil(height).max(1).min(columns), rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::cdr::Writer;
    use crate::time::Stamp;

    #[test]
    fn a_picture_keeps_its_shape_in_the_room_that_it_has() {
        for (size, room, fitted) in [
            ((640, 480), Room::Whole, (640, 480)),
            ((640, 480), Room::Within(320, 320), (320, 240)),
            ((480, 640), Room::Within(320, 320), (240, 320)),
            ((32, 24), Room::Within(320, 200), (267, 200)),
            ((1, 25_000_000), Room::Within(320, 200), (1, 200)),
            ((25_000_000, 1), Room::Within(320, 200), (320, 1)),
        ] {
            assert_eq!(room.fitted(size.0, size.1), fitted, "{size:?} in {room:?}");
        }
    }

    fn message(encoding: &str, width: u32, rows: &[&[u8]]) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.header(Stamp::from_nanos(1), "");
        writer.u32(rows.len() as u32);
        writer.u32(width);
        writer.string(encoding);
        writer.u8(0);
        writer.u32(rows[0].len() as u32);
        writer.length(rows.concat().len());
        for byte in rows.concat() {
            writer.u8(byte);
        }
        writer.finish()
    }

    #[test]
    fn colours_come_out_of_the_png_as_they_were_whatever_their_order_and_padding() {
        let expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        for (encoding, rows) in [
            (
                "rgb8",
                [[1, 2, 3, 4, 5, 6, 0, 0], [7, 8, 9, 10, 11, 12, 0, 0]],
            ),
            (
                "bgr8",
                [[3, 2, 1, 6, 5, 4, 0, 0], [9, 8, 7, 12, 11, 10, 0, 0]],
            ),
            (
                "rgba8",
                [[1, 2, 3, 0, 4, 5, 6, 0], [7, 8, 9, 0, 10, 11, 12, 0]],
            ),
        ] {
            let message = message(encoding, 2, &rows.each_ref().map(|row| row.as_slice()));
            let picture = RgbPicture::colours(MessageType::Image, &message).unwrap();
            assert_eq!(picture.data, expected, "{encoding}");
            let mut decoder = Decoder::default();
            let png = picture.png().unwrap();
            let read = decoder.decode("png", &png, Subject::Colour).unwrap();
            assert_eq!((read.width, read.height, read.data), (2, 2, &expected[..]));
        }
        let grey = message("mono8", 1, &[&[9], &[8]]);
        let picture = RgbPicture::colours(MessageType::Image, &grey).unwrap();
        assert_eq!(picture.data, [9, 9, 9, 8, 8, 8]);
    }

    #[test]
    fn distances_are_no_colours() {
        let depth = message("16UC1", 1, &[&[1, 2]]);
        assert!(RgbPicture::colours(MessageType::Image, &depth).is_err());
    }
}
