//! `sensor_msgs/msg/Image`.

use super::cdr::Reader;
use super::{ImageEncoding, MessageError};
use crate::time::Stamp;

/// The largest picture that is read, in millions of pixels.
pub const MAX_MEGAPIXELS: u64 = 64;

/// A picture, still in the message: its size, encoding and data agree with each other.
#[derive(Clone, Copy, Debug)]
pub struct ImageView<'a> {
    /// When the picture was taken.
    pub stamp: Stamp,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bytes from the start of one row to the start of the next, in the first plane where there are two.
    pub step: usize,
    /// What the bytes mean.
    pub encoding: ImageEncoding,
    /// Whether numbers of more than one byte have their highest byte first.
    pub is_bigendian: bool,
    /// All rows, `step * height` bytes; a second plane lies behind them.
    pub data: &'a [u8],
}

impl<'a> ImageView<'a> {
    /// Reads a serialized message.
    ///
    /// # Errors
    /// When the message ends too early, the picture is empty or larger than [`MAX_MEGAPIXELS`], its encoding
    /// is unknown, or its step, width, height and data do not fit together.
    pub fn parse(message: &'a [u8]) -> Result<Self, MessageError> {
        let mut reader = Reader::new(message)?;
        let stamp = reader.header()?;
        let height = reader.u32("height")?;
        let width = reader.u32("width")?;
        check_size(width, height)?;
        let name = reader.string("encoding")?;
        let encoding = ImageEncoding::parse(name)?;
        encoding.fits(width, height).map_err(|allowed| {
            MessageError::invalid(
                "width × height",
                format_args!("{width} × {height} of {name}"),
                allowed,
            )
        })?;
        let is_bigendian = reader.u8("is_bigendian")? != 0;
        let step = reader.u32("step")?;
        let row = encoding.row_bytes(width as usize);
        if (step as usize) < row {
            return Err(MessageError::invalid(
                "step",
                format_args!("{step} bytes"),
                format_args!(
                    "a row of {width} {name} pixels has {row} bytes, and step must not be less"
                ),
            ));
        }
        let data = reader.bytes("data")?;
        let half_rows = encoding.half_rows(height.into());
        let expected = u64::from(step) * half_rows / 2;
        let step = if data.len() as u64 == expected {
            step as usize
        } else if data.len() as u64 == u64::from(step) * u64::from(height)
            && data.len() as u64 == row as u64 * half_rows / 2
        {
            // Some drivers count in `step` what both planes have for a row, which then lie close together.
            row
        } else {
            let planes = match half_rows / u64::from(height) {
                3 => " times 3/2 for both planes",
                6 => " times 3 for both planes",
                _ => "",
            };
            return Err(MessageError::invalid(
                "data",
                format_args!("{} bytes", data.len()),
                format_args!("step {step} times height {height}{planes} makes {expected}"),
            ));
        };
        Ok(Self {
            stamp,
            width: width as usize,
            height: height as usize,
            step,
            encoding,
            is_bigendian,
            data,
        })
    }

    /// The rows from top to bottom, of the first plane where there are two, without the padding behind them.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        let row = self.encoding.row_bytes(self.width);
        self.data
            .chunks_exact(self.step)
            .take(self.height)
            .map(move |bytes| &bytes[..row])
    }

    /// What lies behind the first plane.
    pub fn second_plane(&self) -> &'a [u8] {
        &self.data[self.step * self.height..]
    }
}

fn check_size(width: u32, height: u32) -> Result<(), MessageError> {
    let pixels = u64::from(width) * u64::from(height);
    if (1..=MAX_MEGAPIXELS * 1_000_000).contains(&pixels) {
        return Ok(());
    }
    Err(MessageError::invalid(
        "width × height",
        format_args!("{width} × {height}"),
        format_args!("1 × 1 to {MAX_MEGAPIXELS} megapixels are allowed"),
    ))
}
