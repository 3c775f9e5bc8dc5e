//! `std_msgs/msg/Float32MultiArray` and `Float64MultiArray`.

use super::cdr::Reader;
use super::{Floats, MessageError};

/// The numbers of an array message, in their order; the shape it may declare is not read.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    /// The data behind `layout.data_offset`.
    pub values: Floats<'a>,
}

impl<'a> Numbers<'a> {
    /// Reads a serialized `Float32MultiArray`.
    ///
    /// # Errors
    /// When the message ends too early, or its data offset lies behind its data.
    pub fn float32(message: &'a [u8]) -> Result<Self, MessageError> {
        Self::parse(message, 4)
    }

    /// Reads a serialized `Float64MultiArray`.
    ///
    /// # Errors
    /// When the message ends too early, or its data offset lies behind its data.
    pub fn float64(message: &'a [u8]) -> Result<Self, MessageError> {
        Self::parse(message, 8)
    }

    fn parse(message: &'a [u8], size: usize) -> Result<Self, MessageError> {
        let mut reader = Reader::new(message)?;
        let dimensions = reader.u32("layout.dim")?;
        for _ in 0..dimensions {
            reader.string("layout.dim.label")?;
            reader.u32("layout.dim.size")?;
            reader.u32("layout.dim.stride")?;
        }
        let offset = reader.u32("layout.data_offset")? as usize;
        let data = Floats::read(&mut reader, "data", size)?;
        if offset > data.len() {
            return Err(MessageError::invalid(
                "layout.data_offset",
                offset,
                format_args!("at most {}, the length of data, is allowed", data.len()),
            ));
        }
        Ok(Self {
            values: data.skip(offset),
        })
    }
}
