//! Distances as `compressed_depth_image_transport` packs them: 12 bytes of parameters before a png of 16 bits.

use super::pixels::DepthRange;
use super::png;
use crate::message::MessageError;

/// Bytes before the file: a number for the kind of packing, and two floats.
const HEADER: usize = 12;

/// What a sample of the png means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Packing {
    /// Millimetres.
    Millimetres,
    /// What was metres as floats, as `a / (sample − b)`; 0 is none.
    Inverse { a: f32, b: f32 },
}

impl Packing {
    /// Whether a message holds distances that are packed so. Old publishers name the encoding alone.
    pub fn is_in(format: &str, bytes: &[u8]) -> bool {
        format.contains("compressedDepth")
            || (matches!(format, "16UC1" | "32FC1")
                && bytes
                    .get(HEADER..)
                    .is_some_and(|file| file.starts_with(png::START)))
    }

    /// The packing and the png.
    pub fn parse<'a>(format: &str, bytes: &'a [u8]) -> Result<(Self, &'a [u8]), MessageError> {
        let invalid = |allowed: &str| {
            Err(MessageError::invalid(
                "data",
                format_args!("{} bytes of format {format:?}", bytes.len()),
                allowed,
            ))
        };
        let Some((&header, file)) = bytes.split_first_chunk::<HEADER>() else {
            return invalid("12 bytes of parameters and a png are allowed");
        };
        if !file.starts_with(png::START) {
            return invalid("a png behind 12 bytes of parameters is allowed");
        }
        let [_, _, _, _, a @ .., e, f, g, h] = header;
        let (a, b) = (f32::from_le_bytes(a), f32::from_le_bytes([e, f, g, h]));
        match format.split(';').next().unwrap_or_default().trim() {
            "16UC1" | "mono16" => Ok((Self::Millimetres, file)),
            "32FC1" if a.is_finite() && a > 0.0 && b.is_finite() => {
                Ok((Self::Inverse { a, b }, file))
            }
            "32FC1" => invalid("two finite parameters, of which the first is positive, are needed"),
            _ => invalid("16UC1 and 32FC1 are allowed before compressedDepth"),
        }
    }

    /// The grey of a sample.
    pub fn grey(self, sample: u16, range: DepthRange) -> u8 {
        match (self, sample) {
            (_, 0) => range.of_metres(f32::NAN),
            (Self::Millimetres, _) => range.of_millimetres(sample),
            (Self::Inverse { a, b }, _) => range.of_metres(a / (f32::from(sample) - b)),
        }
    }
}
