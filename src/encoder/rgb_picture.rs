//! A picture as red, green and blue, for people and for other programs.

use std::fmt::Display;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::picture::Picture;
use crate::message::MessageError;

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

/// Out of 100; shapes and colours stay, and a frame has a few kilobytes.
const QUALITY: u8 = 82;

impl RgbPicture {
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

    /// The picture as png, which loses nothing.
    ///
    /// # Errors
    /// A size that a png cannot have.
    pub fn png(&self) -> Result<Vec<u8>, MessageError> {
        let mut png = Vec::new();
        let (width, height) = (self.width as u32, self.height as u32);
        PngEncoder::new(&mut png)
            .write_image(&self.data, width, height, ExtendedColorType::Rgb8)
            .map_err(|why| {
                MessageError::invalid(
                    "the picture",
                    format_args!("{width} × {height} pixels ({why})"),
                    "it must be possible to write it as png",
                )
            })?;
        Ok(png)
    }

    /// Becomes another picture.
    pub(super) fn copy_from(&mut self, picture: Picture<'_>) {
        let Picture {
            width,
            height,
            step,
            pixel,
            data,
        } = picture;
        (self.width, self.height) = (width, height);
        self.data.clear();
        self.data.reserve(3 * width * height);
        for row in data.chunks(step).take(height) {
            for pixel_bytes in row[..width * pixel.bytes()].chunks_exact(pixel.bytes()) {
                self.data
                    .extend(pixel.rgb_places().map(|place| pixel_bytes[place]));
            }
        }
    }
}
