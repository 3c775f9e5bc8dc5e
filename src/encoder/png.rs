//! Pictures in png: pixels of 8 or 16 bits, with palettes and fewer bits resolved.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::{ColorType, ImageDecoder};

use super::picture::Pixel;
use crate::message::MessageError;

/// The bytes that every png begins with.
pub(super) const START: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What the pixels of a png are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub width: usize,
    pub height: usize,
    pub pixel: Pixel,
    /// Whether a channel has 16 bits, in the machine's own byte order.
    pub is_wide: bool,
}

/// Decodes a png of a size for which `check_size` has no error into `pixels`, only where nothing is missing.
pub(super) fn decode(
    bytes: &[u8],
    pixels: &mut Vec<u8>,
    check_size: impl Fn(u64, u64) -> Result<(), MessageError>,
) -> Result<Header, MessageError> {
    let broken = |why: String| {
        MessageError::invalid(
            "data",
            format_args!("a png of {} bytes that is damaged ({why})", bytes.len()),
            "a whole png is allowed",
        )
    };
    let decoder = PngDecoder::new(Cursor::new(bytes)).map_err(|e| broken(e.to_string()))?;
    let (width, height) = decoder.dimensions();
    check_size(width.into(), height.into())?;
    let (pixel, is_wide) = match decoder.color_type() {
        ColorType::L8 => (Pixel::Grey, false),
        ColorType::La8 => (Pixel::GreyAlpha, false),
        ColorType::Rgb8 => (Pixel::Rgb, false),
        ColorType::Rgba8 => (Pixel::Rgba, false),
        ColorType::L16 => (Pixel::Grey, true),
        ColorType::La16 => (Pixel::GreyAlpha, true),
        ColorType::Rgb16 => (Pixel::Rgb, true),
        ColorType::Rgba16 => (Pixel::Rgba, true),
        other => {
            return Err(MessageError::invalid(
                "data",
                format_args!("a png with pixels of type {other:?}"),
                "8 or 16 bits per channel are allowed",
            ));
        }
    };
    check(bytes).map_err(broken)?;
    pixels.resize(decoder.total_bytes() as usize, 0);
    decoder
        .read_image(pixels)
        .map_err(|e| broken(e.to_string()))?;
    Ok(Header {
        width: width as usize,
        height: height as usize,
        pixel,
        is_wide,
    })
}

/// That all parts of a png are there with the sums that they were written with, to the one that ends it. What follows
/// the end is not looked at, as with a jpeg.
fn check(bytes: &[u8]) -> Result<(), String> {
    let mut rest = bytes.get(START.len()..).unwrap_or_default();
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
