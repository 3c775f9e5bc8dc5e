//! Compressed pictures: jpeg and png to pixels, with the size known and allowed before anything is allocated, and only
//! where nothing is missing: a decoder that forgives gives a grey or streaked half for what was lost on the way.

use std::fmt::Display;

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::compressed_depth::{Codec, PackedDepth, is_packed};
use super::picture::{Picture, Pixel};
use super::pixels::{Subject, narrow, narrow_in_place};
use super::{jpeg, png, rvl};
use crate::message::{MAX_MEGAPIXELS, MessageError};

/// Decodes into a buffer that is kept from picture to picture.
#[derive(Default)]
pub(super) struct Decoder {
    pixels: Vec<u8>,
    /// A jpeg with what it left out.
    file: Vec<u8>,
}

impl Decoder {
    /// Decodes a jpeg or png; which one it is, its first bytes tell. `format` is what the message calls it, from which
    /// it is known what 16 bits of grey mean. Its colours are the file's own, and it is not turned as EXIF may ask for:
    /// so do subscribers of `image_transport` see it.
    pub fn decode(
        &mut self,
        format: &str,
        bytes: &[u8],
        wanted: Subject,
    ) -> Result<Picture<'_>, MessageError> {
        let (width, height, pixel) = if is_packed(format, bytes) {
            self.packed_depth(format, bytes, wanted)?
        } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            wanted.colour("data", "a jpeg")?;
            self.jpeg(bytes)?
        } else if bytes.starts_with(png::START) {
            self.plain_png(format, bytes, wanted)?
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
        if jpeg::check(bytes, width, height).map_err(|damage| broken(&damage))?
            == jpeg::Needs::StandardTables
        {
            jpeg::add_standard_tables(bytes, &mut self.file);
            decoder = JpegDecoder::new_with_options(ZCursor::new(self.file.as_slice()), options);
            decoder.decode_headers().map_err(|e| broken(&e))?;
        }
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

    fn plain_png(
        &mut self,
        format: &str,
        bytes: &[u8],
        wanted: Subject,
    ) -> Result<(usize, usize, Pixel), MessageError> {
        let header = self.png(bytes)?;
        let (source, is_said) = match format.split_once(';') {
            Some((source, _)) => (source.trim(), true),
            None => (format, false),
        };
        // `cv_bridge` writes no more than "png" of whatever it packs.
        let may_be_depth = source == "16UC1" || (!is_said && matches!(wanted, Subject::Depth(_)));
        if may_be_depth && (header.pixel, header.is_wide) == (Pixel::Grey, true) {
            let range = wanted.depth("data", format_args!("a png of format {format:?}"))?;
            narrow_in_place(&mut self.pixels, |sample| range.of_millimetres(sample));
        } else {
            wanted.colour("data", format_args!("a png of format {format:?}"))?;
            if header.is_wide {
                narrow_in_place(&mut self.pixels, narrow);
            }
        }
        Ok((header.width, header.height, header.pixel))
    }

    fn png(&mut self, bytes: &[u8]) -> Result<png::Header, MessageError> {
        png::decode(bytes, &mut self.pixels, |w, h| check_size("png", w, h))
    }

    /// A picture of distances as the transport `compressedDepth` packs it.
    fn packed_depth(
        &mut self,
        format: &str,
        bytes: &[u8],
        wanted: Subject,
    ) -> Result<(usize, usize, Pixel), MessageError> {
        let range = wanted.depth("data", format_args!("of format {format:?}"))?;
        let packed = PackedDepth::parse(format, bytes)?;
        let (width, height) = match packed.codec {
            Codec::Png => {
                let header = self.png(packed.file)?;
                if (header.pixel, header.is_wide) != (Pixel::Grey, true) {
                    return Err(MessageError::invalid(
                        "data",
                        format_args!("of format {format:?} with a png of another kind"),
                        "one channel of 16 bits is allowed",
                    ));
                }
                (header.width, header.height)
            }
            Codec::Rvl => self.rvl(packed.file)?,
        };
        narrow_in_place(&mut self.pixels, |sample| packed.unit.grey(sample, range));
        Ok((width, height, Pixel::Grey))
    }

    fn rvl(&mut self, file: &[u8]) -> Result<(usize, usize), MessageError> {
        let broken = |why: &str| {
            MessageError::invalid(
                "data",
                format_args!("RVL of {} bytes that is damaged ({why})", file.len()),
                "a whole picture is allowed",
            )
        };
        let (width, height) = rvl::size(file).ok_or_else(|| broken("no size"))?;
        check_size("RVL", width.into(), height.into())?;
        let (width, height) = (width as usize, height as usize);
        rvl::decode(file, width * height, &mut self.pixels).map_err(|why| broken(&why))?;
        Ok((width, height))
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
