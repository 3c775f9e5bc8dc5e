//! `sensor_msgs/msg/Image`.

use super::MessageError;
use super::cdr::Reader;
use crate::time::Stamp;

/// The largest picture that is read, in millions of pixels.
pub const MAX_MEGAPIXELS: u64 = 64;

/// The order and number of an image's channels, 8 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageEncoding {
    /// Red, green, blue.
    Rgb8,
    /// Blue, green, red.
    Bgr8,
    /// One channel of grey.
    Mono8,
    /// Red, green, blue, opacity.
    Rgba8,
    /// Blue, green, red, opacity.
    Bgra8,
}

impl ImageEncoding {
    const ALL: [Self; 5] = [
        Self::Rgb8,
        Self::Bgr8,
        Self::Mono8,
        Self::Rgba8,
        Self::Bgra8,
    ];

    /// The word for it in `Image.encoding`.
    pub fn ros_name(self) -> &'static str {
        match self {
            Self::Rgb8 => "rgb8",
            Self::Bgr8 => "bgr8",
            Self::Mono8 => "mono8",
            Self::Rgba8 => "rgba8",
            Self::Bgra8 => "bgra8",
        }
    }

    /// Bytes per pixel.
    pub fn channels(self) -> usize {
        match self {
            Self::Mono8 => 1,
            Self::Rgb8 | Self::Bgr8 => 3,
            Self::Rgba8 | Self::Bgra8 => 4,
        }
    }

    fn parse(name: &str) -> Result<Self, MessageError> {
        Self::ALL
            .into_iter()
            .find(|encoding| encoding.ros_name() == name)
            .ok_or_else(|| {
                MessageError::invalid(
                    "encoding",
                    format_args!("{name:?}"),
                    format_args!("{} are allowed", Self::ALL.map(Self::ros_name).join(", ")),
                )
            })
    }
}

/// A picture, still in the message: its size, encoding and data agree with each other.
#[derive(Clone, Copy, Debug)]
pub struct ImageView<'a> {
    /// When the picture was taken.
    pub stamp: Stamp,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bytes from the start of one row to the start of the next.
    pub step: usize,
    /// What a pixel is made of.
    pub encoding: ImageEncoding,
    /// All rows, `step * height` bytes.
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
        let encoding = ImageEncoding::parse(reader.string("encoding")?)?;
        reader.u8("is_bigendian")?;
        let step = reader.u32("step")?;
        let row = width as usize * encoding.channels();
        if (step as usize) < row {
            return Err(MessageError::invalid(
                "step",
                format_args!("{step} bytes"),
                format_args!(
                    "a row of {width} {} pixels has {row} bytes, and step must not be less",
                    encoding.ros_name()
                ),
            ));
        }
        let data = reader.bytes("data")?;
        let expected = u64::from(step) * u64::from(height);
        if data.len() as u64 != expected {
            return Err(MessageError::invalid(
                "data",
                format_args!("{} bytes", data.len()),
                format_args!("step {step} times height {height} makes {expected}"),
            ));
        }
        Ok(Self {
            stamp,
            width: width as usize,
            height: height as usize,
            step: step as usize,
            encoding,
            data,
        })
    }

    /// The rows from top to bottom, without the padding behind them.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        let row = self.width * self.encoding.channels();
        self.data
            .chunks_exact(self.step)
            .map(move |bytes| &bytes[..row])
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
