//! Pictures for people: as jpeg, and mostly small.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use super::decode::Decoder;
use super::onnx::Numbers;
use super::pixels::{Converter, DepthRange, Subject};
use super::prepare::{Picture, Preparation};
use crate::message::{CompressedImageView, ImageView, MessageError, MessageType};
use crate::spec::{Channels, ElementType, Fit, ImageInputSpec, Layout};

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

/// Out of 100; shapes and colours stay, and a frame has a few kilobytes.
const QUALITY: u8 = 82;

/// Distances up to this, in metres, are told apart in a picture of them.
const SHOWN_M: f32 = 5.0;

impl Thumbnail {
    /// The picture in a message, `width` pixels wide.
    ///
    /// # Errors
    /// What is wrong with the message, or that it is of a type without a picture.
    pub fn of(message_type: MessageType, bytes: &[u8], width: usize) -> Result<Self, MessageError> {
        Self::sized(message_type, bytes, Some(width))
    }

    /// The picture in a message, as large as it is there.
    ///
    /// # Errors
    /// As for [`Thumbnail::of`].
    pub fn whole(message_type: MessageType, bytes: &[u8]) -> Result<Self, MessageError> {
        Self::sized(message_type, bytes, None)
    }

    fn sized(
        message_type: MessageType,
        bytes: &[u8],
        width: Option<usize>,
    ) -> Result<Self, MessageError> {
        let subject = Subject::Any(DepthRange::up_to(SHOWN_M));
        match message_type {
            MessageType::Image => {
                let mut converter = Converter::default();
                let view = ImageView::parse(bytes)?;
                Self::resized(converter.convert(&view, subject)?, width)
            }
            MessageType::CompressedImage => {
                let view = CompressedImageView::parse(bytes)?;
                let mut decoder = Decoder::default();
                Self::resized(decoder.decode(view.format, view.data, subject)?, width)
            }
            other => Err(MessageError::invalid(
                "the message's type",
                other.ros_name(),
                "a picture is needed",
            )),
        }
    }

    fn resized(picture: Picture<'_>, width: Option<usize>) -> Result<Self, MessageError> {
        let width = width.unwrap_or(picture.width);
        let height = (picture.height * width).div_ceil(picture.width).max(1);
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
        let mut jpeg = Vec::new();
        if let Numbers::U8(pixels) = preparation.tensor() {
            JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
                .encode(pixels, width as u32, height as u32, ExtendedColorType::Rgb8)
                .map_err(|why| {
                    MessageError::invalid(
                        "the picture",
                        format_args!("{width} × {height} pixels ({why})"),
                        "it must be possible to write it as jpeg",
                    )
                })?;
        }
        Ok(Self {
            width,
            height,
            jpeg,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
