//! Pictures for other programs: their colours as they are, as png.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::decode::Decoder;
use super::pixels::{Converter, Subject};
use super::prepare::Picture;
use crate::message::{CompressedImageView, ImageView, MessageError, MessageType};

/// A picture of what a camera saw, with 8 bits for each of red, green and blue; a grey one has three times the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbPicture {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Red, green and blue of every pixel, row after row.
    pub pixels: Vec<u8>,
}

impl RgbPicture {
    /// The picture in a message, as large as it is there.
    ///
    /// # Errors
    /// What is wrong with the message, or that it shows distances, or is of a type without a picture.
    pub fn of(message_type: MessageType, bytes: &[u8]) -> Result<Self, MessageError> {
        match message_type {
            MessageType::Image => {
                let mut converter = Converter::default();
                let view = ImageView::parse(bytes)?;
                Ok(Self::copied(converter.convert(&view, Subject::Colour)?))
            }
            MessageType::CompressedImage => {
                let mut decoder = Decoder::default();
                let view = CompressedImageView::parse(bytes)?;
                Ok(Self::copied(decoder.decode(
                    view.format,
                    view.data,
                    Subject::Colour,
                )?))
            }
            other => Err(MessageError::invalid(
                "the message's type",
                other.ros_name(),
                "a picture is needed",
            )),
        }
    }

    fn copied(picture: Picture<'_>) -> Self {
        let Picture {
            width,
            height,
            step,
            pixel,
            data,
        } = picture;
        let mut pixels = Vec::with_capacity(3 * width * height);
        for row in data.chunks(step).take(height) {
            for pixel_bytes in row[..width * pixel.bytes()].chunks_exact(pixel.bytes()) {
                pixels.extend(pixel.rgb_places().map(|place| pixel_bytes[place]));
            }
        }
        Self {
            width,
            height,
            pixels,
        }
    }

    /// The picture as png, which loses nothing.
    ///
    /// # Errors
    /// A size that a png cannot have.
    pub fn png(&self) -> Result<Vec<u8>, MessageError> {
        let mut png = Vec::new();
        let (width, height) = (self.width as u32, self.height as u32);
        PngEncoder::new(&mut png)
            .write_image(&self.pixels, width, height, ExtendedColorType::Rgb8)
            .map_err(|why| {
                MessageError::invalid(
                    "the picture",
                    format_args!("{width} × {height} pixels ({why})"),
                    "it must be possible to write it as png",
                )
            })?;
        Ok(png)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::cdr::Writer;
    use crate::time::Stamp;

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
            let picture = RgbPicture::of(MessageType::Image, &message).unwrap();
            assert_eq!(picture.pixels, expected, "{encoding}");
            let mut decoder = Decoder::default();
            let png = picture.png().unwrap();
            let read = decoder.decode("png", &png, Subject::Colour).unwrap();
            assert_eq!((read.width, read.height, read.data), (2, 2, &expected[..]));
        }
        let grey = message("mono8", 1, &[&[9], &[8]]);
        let picture = RgbPicture::of(MessageType::Image, &grey).unwrap();
        assert_eq!(picture.pixels, [9, 9, 9, 8, 8, 8]);
    }

    #[test]
    fn distances_are_no_colours() {
        let depth = message("16UC1", 1, &[&[1, 2]]);
        assert!(RgbPicture::of(MessageType::Image, &depth).is_err());
    }
}
