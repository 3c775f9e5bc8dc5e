//! Compressed pictures: jpeg and png to pixels, with the size known and allowed before anything is allocated, and only
//! where nothing is missing: a decoder that forgives gives a grey or streaked half for what was lost on the way.

use std::fmt::Display;
use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::{ColorType, ImageDecoder};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::jpeg;
use super::prepare::{Picture, Pixel};
use crate::message::{MAX_MEGAPIXELS, MessageError};

/// Decodes into a buffer that is kept from picture to picture.
#[derive(Default)]
pub(super) struct Decoder {
    pixels: Vec<u8>,
}

impl Decoder {
    /// Decodes a jpeg or png; which one it is, its first bytes tell. `format` is what the message calls it.
    pub fn decode(&mut self, format: &str, bytes: &[u8]) -> Result<Picture<'_>, MessageError> {
        let (width, height, pixel) = if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            self.jpeg(bytes)?
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            self.png(bytes)?
        } else {
            let start = &bytes[..bytes.len().min(4)];
            return Err(MessageError::invalid(
                "data",
                format_args!(
                    "{} bytes that start with {start:02x?}, of format {format:?}",
                    bytes.len()
                ),
                "a jpeg or a png is allowed",
            ));
        };
        Ok(Picture {
            width,
            height,
            step: self.pixels.len() / height,
            pixel,
            data: &self.pixels,
        })
    }

    fn jpeg(&mut self, bytes: &[u8]) -> Result<(usize, usize, Pixel), MessageError> {
        let broken = |why: &dyn Display| {
            MessageError::invalid(
                "data",
                format_args!("a jpeg of {} bytes that is damaged ({why})", bytes.len()),
                "a whole jpeg is allowed",
            )
        };
        // Strict: a decoder that forgives gives a picture with a grey lower half for a jpeg that was cut off.
        let options = DecoderOptions::new_fast()
            .set_strict_mode(true)
            .set_max_width(usize::from(u16::MAX))
            .set_max_height(usize::from(u16::MAX));
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        decoder.decode_headers().map_err(|e| broken(&e))?;
        let (width, height) = decoder.dimensions().ok_or_else(|| broken(&"no size"))?;
        check_size("jpeg", width as u64, height as u64)?;
        // The decoder is strict about much, but fills up with zeros what is missing before an end marker.
        jpeg::check(bytes, width, height).map_err(|damage| broken(&damage))?;
        let (space, pixel) = match decoder.input_colorspace() {
            Some(ColorSpace::Luma) => (ColorSpace::Luma, Pixel::Grey),
            _ => (ColorSpace::RGB, Pixel::Rgb),
        };
        decoder.set_options(options.jpeg_set_out_colorspace(space));
        let length = decoder
            .output_buffer_size()
            .ok_or_else(|| broken(&"no size"))?;
        self.pixels.resize(length, 0);
        decoder
            .decode_into(&mut self.pixels)
            .map_err(|e| broken(&e))?;
        Ok((width, height, pixel))
    }

    fn png(&mut self, bytes: &[u8]) -> Result<(usize, usize, Pixel), MessageError> {
        let broken = |why: &dyn Display| {
            MessageError::invalid(
                "data",
                format_args!("a png of {} bytes that is damaged ({why})", bytes.len()),
                "a whole png is allowed",
            )
        };
        let decoder = PngDecoder::new(Cursor::new(bytes)).map_err(|e| broken(&e))?;
        let (width, height) = decoder.dimensions();
        check_size("png", width.into(), height.into())?;
        let pixel = match decoder.color_type() {
            ColorType::L8 => Pixel::Grey,
            ColorType::La8 => Pixel::GreyAlpha,
            ColorType::Rgb8 => Pixel::Rgb,
            ColorType::Rgba8 => Pixel::Rgba,
            other => {
                return Err(MessageError::invalid(
                    "data",
                    format_args!("a png with pixels of type {other:?}"),
                    "8 bits per channel are allowed",
                ));
            }
        };
        check_png(bytes).map_err(|damage| broken(&damage))?;
        self.pixels.resize(decoder.total_bytes() as usize, 0);
        decoder
            .read_image(&mut self.pixels)
            .map_err(|e| broken(&e))?;
        Ok((width as usize, height as usize, pixel))
    }
}

/// That all parts of a png are there with the sums that they were written with, to the one that ends it. What follows
/// the end is not looked at, as with a jpeg.
fn check_png(bytes: &[u8]) -> Result<(), String> {
    let mut rest = bytes.get(8..).unwrap_or_default();
    loop {
        let parts = rest.split_first_chunk::<4>().and_then(|(length, rest)| {
            let length = u32::from_be_bytes(*length) as usize;
            let (part, rest) = rest.split_at_checked(length.checked_add(4)?)?;
            Some((part, rest.split_first_chunk::<4>()?))
        });
        let Some((part, (sum, behind))) = parts else {
            return Err("it ends before its end".into());
        };
        let kind = String::from_utf8_lossy(&part[..4]);
        if crc32fast::hash(part) != u32::from_be_bytes(*sum) {
            return Err(format!("the checksum of its part {kind:?} is wrong"));
        }
        if kind == "IEND" {
            return Ok(());
        }
        rest = behind;
    }
}

fn check_size(kind: &str, width: u64, height: u64) -> Result<(), MessageError> {
    if (1..=MAX_MEGAPIXELS * 1_000_000).contains(&(width * height)) {
        return Ok(());
    }
    Err(MessageError::invalid(
        "data",
        format_args!("a {kind} of {width} × {height} pixels"),
        format_args!("1 × 1 to {MAX_MEGAPIXELS} megapixels are allowed"),
    ))
}
