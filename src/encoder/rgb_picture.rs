//! The picture in a message as red, green and blue, in the size in which it is to be shown to people.

use std::fmt::Display;

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::decode::Decoder;
use super::onnx::Numbers;
use super::pixels::{Converter, DepthRange, Subject};
use super::prepare::{Picture, Preparation};
use crate::message::{CompressedImageView, ImageView, MessageError, MessageType};
use crate::spec::{Channels, ElementType, Fit, ImageInputSpec, Layout};

/// A picture in memory: `height` rows of `width` pixels of red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbPicture {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// 3 · `width` · `height` bytes.
    pub data: Vec<u8>,
}

/// How large a picture is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// As large as it is.
    Whole,
    /// As large as its shape allows in so many columns and rows.
    Within(usize, usize),
}

/// Out of 100; shapes and colours stay, and a frame has a few kilobytes.
const QUALITY: u8 = 82;

/// Distances up to this, in metres, are told apart in a picture of them.
const SHOWN_M: f32 = 5.0;

impl RgbPicture {
    /// The picture in a message of a camera.
    ///
    /// # Errors
    /// What is wrong with the message, or that it is of a type without a picture.
    pub fn of(message_type: MessageType, bytes: &[u8], room: Room) -> Result<Self, MessageError> {
        let subject = Subject::Any(DepthRange::up_to(SHOWN_M));
        match message_type {
            MessageType::Image => {
                let mut converter = Converter::default();
                let view = ImageView::parse(bytes)?;
                Self::resized(converter.convert(&view, subject)?, room)
            }
            MessageType::CompressedImage => {
                let view = CompressedImageView::parse(bytes)?;
                let mut decoder = Decoder::default();
                Self::resized(decoder.decode(view.format, view.data, subject)?, room)
            }
            other => Err(MessageError::invalid(
                "the message's type",
                other.ros_name(),
                "a picture is needed",
            )),
        }
    }

    /// The picture as a jpeg.
    ///
    /// # Errors
    /// A picture that is too large for one.
    pub fn jpeg(&self) -> Result<Vec<u8>, MessageError> {
        let refused = |why: &dyn Display| {
            MessageError::invalid(
                "the picture",
                format_args!("{} × {} pixels ({why})", self.width, self.height),
                "it must be possible to write it as jpeg",
            )
        };
        let side = |pixels: usize| u16::try_from(pixels).map_err(|why| refused(&why));
        let (width, height) = (side(self.width)?, side(self.height)?);
        let mut jpeg = Vec::new();
        let mut encoder = Encoder::new(&mut jpeg, QUALITY);
        // As cameras do it: half the work, and people see colours less sharply than brightness.
        encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
        encoder
            .encode(&self.data, width, height, ColorType::Rgb)
            .map_err(|why| refused(&why))?;
        Ok(jpeg)
    }

    fn resized(picture: Picture<'_>, room: Room) -> Result<Self, MessageError> {
        let (width, height) = room.fitted(picture.width, picture.height);
        let mut preparation = Preparation::new(&ImageInputSpec {
            name: String::new(),
            element: ElementType::U8,
            layout: Layout::Nhwc,
            width,
            height,
            channels: Channels::Rgb,
            fit: Fit::Stretch,
            rescale: 1.0,
            mean: [0.0; 3],
            std: [1.0; 3],
            depth: None,
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
}
