//! The encodings of `sensor_msgs/msg/Image`: their names, and how many bytes a row of each has.

use super::MessageError;

/// What the bytes of a picture mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageEncoding {
    /// The channels of each pixel beside each other: `rgb8`, `mono16` and their like.
    Channels(ChannelOrder, SampleSize),
    /// Brightness for each pixel, colour for two neighbours together, within four bytes.
    Yuv422(Yuv422),
    /// A plane of brightness, and a plane of colour behind it.
    SemiPlanar(SemiPlanar),
    /// One colour for each pixel, behind a mosaic of filters.
    Bayer(Mosaic, SampleSize),
    /// A distance for each pixel.
    Depth(DepthUnit),
}

/// The channels of a pixel, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelOrder {
    /// One channel of grey.
    Mono,
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// Red, green, blue, opacity.
    Rgba,
    /// Blue, green, red, opacity.
    Bgra,
}

impl ChannelOrder {
    /// How many there are.
    pub fn count(self) -> usize {
        match self {
            Self::Mono => 1,
            Self::Rgb | Self::Bgr => 3,
            Self::Rgba | Self::Bgra => 4,
        }
    }
}

/// The size of one number of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleSize {
    /// A byte.
    Bits8,
    /// Two bytes, in the order that `is_bigendian` says.
    Bits16,
}

impl SampleSize {
    /// In bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Bits8 => 1,
            Self::Bits16 => 2,
        }
    }
}

/// The order of the four bytes of two pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yuv422 {
    /// U, Y of the left pixel, V, Y of the right one.
    Uyvy,
    /// Y of the left pixel, U, Y of the right one, V.
    Yuyv,
}

/// What the plane of colour holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SemiPlanar {
    /// U and V for each two by two pixels.
    Nv12,
    /// V and U for each two by two pixels.
    Nv21,
    /// U and V for each pixel.
    Nv24,
}

/// The colours of the upper left two by two pixels, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mosaic {
    /// Red, green; green, blue.
    Rggb,
    /// Blue, green; green, red.
    Bggr,
    /// Green, blue; red, green.
    Gbrg,
    /// Green, red; blue, green.
    Grbg,
}

/// The unit of distances, which decides their type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepthUnit {
    /// Whole millimetres, 16 bits; 0 where nothing was measured.
    Millimetres,
    /// Metres as 32-bit floats; NaN where nothing was measured.
    Metres,
}

use ChannelOrder::{Bgr, Bgra, Mono, Rgb, Rgba};
use ImageEncoding::{Bayer, Channels, Depth};
use Mosaic::{Bggr, Gbrg, Grbg, Rggb};
use SampleSize::{Bits8, Bits16};

/// Every name in `Image.encoding` that is understood; the first of each meaning is its own. The types of OpenCV count as
/// `cv_bridge` hands them on: as blue, green, red.
const NAMES: [(&str, ImageEncoding); 30] = [
    ("rgb8", Channels(Rgb, Bits8)),
    ("bgr8", Channels(Bgr, Bits8)),
    ("mono8", Channels(Mono, Bits8)),
    ("rgba8", Channels(Rgba, Bits8)),
    ("bgra8", Channels(Bgra, Bits8)),
    ("8UC1", Channels(Mono, Bits8)),
    ("8UC3", Channels(Bgr, Bits8)),
    ("8UC4", Channels(Bgra, Bits8)),
    ("rgb16", Channels(Rgb, Bits16)),
    ("bgr16", Channels(Bgr, Bits16)),
    ("mono16", Channels(Mono, Bits16)),
    ("rgba16", Channels(Rgba, Bits16)),
    ("bgra16", Channels(Bgra, Bits16)),
    ("uyvy", ImageEncoding::Yuv422(Yuv422::Uyvy)),
    ("yuv422", ImageEncoding::Yuv422(Yuv422::Uyvy)),
    ("yuyv", ImageEncoding::Yuv422(Yuv422::Yuyv)),
    ("yuv422_yuy2", ImageEncoding::Yuv422(Yuv422::Yuyv)),
    ("nv12", ImageEncoding::SemiPlanar(SemiPlanar::Nv12)),
    ("nv21", ImageEncoding::SemiPlanar(SemiPlanar::Nv21)),
    ("nv24", ImageEncoding::SemiPlanar(SemiPlanar::Nv24)),
    ("bayer_rggb8", Bayer(Rggb, Bits8)),
    ("bayer_bggr8", Bayer(Bggr, Bits8)),
    ("bayer_gbrg8", Bayer(Gbrg, Bits8)),
    ("bayer_grbg8", Bayer(Grbg, Bits8)),
    ("bayer_rggb16", Bayer(Rggb, Bits16)),
    ("bayer_bggr16", Bayer(Bggr, Bits16)),
    ("bayer_gbrg16", Bayer(Gbrg, Bits16)),
    ("bayer_grbg16", Bayer(Grbg, Bits16)),
    ("16UC1", Depth(DepthUnit::Millimetres)),
    ("32FC1", Depth(DepthUnit::Metres)),
];

impl ImageEncoding {
    /// The word for it in `Image.encoding`.
    pub fn ros_name(self) -> &'static str {
        let own = NAMES.into_iter().find(|(_, encoding)| *encoding == self);
        // Every encoding has a name, as the tests show.
        own.map_or("", |(name, _)| name)
    }

    /// The names of all encodings.
    pub fn ros_names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().map(|(name, _)| name)
    }

    /// Bytes of a row of the picture, or of its first plane, without padding.
    pub fn row_bytes(self, width: usize) -> usize {
        match self {
            Channels(order, size) => width * order.count() * size.bytes(),
            Self::Yuv422(_) => 2 * width,
            Self::SemiPlanar(_) => width,
            Bayer(_, size) => width * size.bytes(),
            Depth(DepthUnit::Millimetres) => 2 * width,
            Depth(DepthUnit::Metres) => 4 * width,
        }
    }

    /// Bytes of the whole picture, in halves of a row of the first plane.
    pub(super) fn half_rows(self, height: u64) -> u64 {
        match self {
            Self::SemiPlanar(SemiPlanar::Nv12 | SemiPlanar::Nv21) => 3 * height,
            Self::SemiPlanar(SemiPlanar::Nv24) => 6 * height,
            _ => 2 * height,
        }
    }

    /// Whether pixels that share a colour make up the whole picture.
    pub(super) fn fits(self, width: u32, height: u32) -> Result<(), &'static str> {
        let (even_width, even_height) = (width.is_multiple_of(2), height.is_multiple_of(2));
        match self {
            Self::Yuv422(_) if !even_width => Err("an even width is allowed"),
            Self::SemiPlanar(SemiPlanar::Nv12 | SemiPlanar::Nv21)
                if !even_width || !even_height =>
            {
                Err("an even width and an even height are allowed")
            }
            Bayer(..) if width < 2 || height < 2 => Err("2 × 2 pixels or more are allowed"),
            _ => Ok(()),
        }
    }

    pub(super) fn parse(name: &str) -> Result<Self, MessageError> {
        let known = NAMES.into_iter().find(|(known, _)| *known == name);
        known.map(|(_, encoding)| encoding).ok_or_else(|| {
            let names: Vec<_> = Self::ros_names().collect();
            MessageError::invalid(
                "encoding",
                format_args!("{name:?}"),
                format_args!("{} are allowed", names.join(", ")),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_has_a_name_and_is_read_by_it() {
        for (name, encoding) in NAMES {
            assert_eq!(ImageEncoding::parse(name), Ok(encoding));
            assert_eq!(ImageEncoding::parse(encoding.ros_name()), Ok(encoding));
        }
        let mut names: Vec<_> = ImageEncoding::ros_names().collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
    }

    #[test]
    fn the_error_for_an_unknown_encoding_lists_what_is_known() {
        let error = ImageEncoding::parse("h264").unwrap_err().to_string();
        assert!(error.starts_with("encoding is \"h264\"; rgb8, "), "{error}");
        for name in ImageEncoding::ros_names() {
            assert!(error.contains(name), "{name} is not in {error}");
        }
    }
}
