//! Distances as `compressed_depth_image_transport` packs them: 12 bytes of parameters before samples of 16 bits, in a png or
//! as RVL.

use super::pixels::DepthRange;
use super::png;
use crate::message::MessageError;

/// Bytes before the samples: a number for the kind of packing, and two floats.
const HEADER: usize = 12;

/// A packed picture of distances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PackedDepth<'a> {
    pub unit: Unit,
    pub codec: Codec,
    /// What is behind the parameters.
    pub file: &'a [u8],
}

/// How the samples are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Png,
    Rvl,
}

/// What a sample means; 0 is no distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Unit {
    Millimetres,
    /// What was metres as floats, as `a / (sample − b)`.
    Inverse {
        a: f32,
        b: f32,
    },
}

/// Whether a message holds distances that are packed so. Old publishers name the encoding alone.
pub(super) fn is_packed(format: &str, bytes: &[u8]) -> bool {
    format.contains("compressedDepth")
        || (matches!(format, "16UC1" | "32FC1")
            && bytes
                .get(HEADER..)
                .is_some_and(|file| file.starts_with(png::START)))
}

impl<'a> PackedDepth<'a> {
    /// Reads the parameters.
    pub fn parse(format: &str, bytes: &'a [u8]) -> Result<Self, MessageError> {
        let invalid = |allowed: &str| {
            Err(MessageError::invalid(
                "data",
                format_args!("{} bytes of format {format:?}", bytes.len()),
                allowed,
            ))
        };
        let Some((&header, file)) = bytes.split_first_chunk::<HEADER>() else {
            return invalid("12 bytes of parameters and a picture are allowed");
        };
        let codec = match format.contains("compressedDepth rvl") {
            true => Codec::Rvl,
            false if file.starts_with(png::START) => Codec::Png,
            false => return invalid("a png behind 12 bytes of parameters is allowed"),
        };
        let [_, _, _, _, a @ .., e, f, g, h] = header;
        let (a, b) = (f32::from_le_bytes(a), f32::from_le_bytes([e, f, g, h]));
        let unit = match format.split(';').next().unwrap_or_default().trim() {
            "16UC1" | "mono16" => Unit::Millimetres,
            "32FC1" if a.is_finite() && a > 0.0 && b.is_finite() => Unit::Inverse { a, b },
            "32FC1" => {
                return invalid(
                    "two finite parameters, of which the first is positive, are needed",
                );
            }
            _ => return invalid("16UC1 and 32FC1 are allowed before compressedDepth"),
        };
        Ok(Self { unit, codec, file })
    }
}

impl Unit {
    /// The grey of a sample.
    pub fn grey(self, sample: u16, range: DepthRange) -> u8 {
        match (self, sample) {
            (_, 0) => range.of_metres(f32::NAN),
            (Self::Millimetres, _) => range.of_millimetres(sample),
            (Self::Inverse { a, b }, _) => range.of_metres(a / (f32::from(sample) - b)),
        }
    }
}
