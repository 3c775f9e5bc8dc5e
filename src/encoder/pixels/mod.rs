//! A camera's picture to one that can be resized: 8 bits a channel; red, green and blue, or grey.
//!
//! What has 8 bits a channel stays in the message. Everything else is converted row by row into one buffer that is kept,
//! to the numbers that `cv_bridge` and OpenCV make of it.

mod bayer;
mod depth;
mod rows;
mod wide;
mod yuv;

#[cfg(test)]
mod tests;

use super::picture::{Picture, Pixel};
use crate::message::{ChannelOrder, ImageEncoding, ImageView, MessageError, SampleSize};

pub(super) use depth::{DepthRange, Subject};
pub(super) use wide::{narrow, narrow_in_place};

/// Converts pictures of every encoding; its buffers are reused.
#[derive(Default)]
pub(super) struct Converter {
    pixels: Vec<u8>,
    mosaic: bayer::Demosaic,
}

impl Converter {
    /// The picture in a message, which must show what is wanted.
    pub fn convert<'a>(
        &'a mut self,
        view: &ImageView<'a>,
        wanted: Subject,
    ) -> Result<Picture<'a>, MessageError> {
        let name = format_args!("{:?}", view.encoding.ros_name());
        if !matches!(view.encoding, ImageEncoding::Depth(_)) {
            wanted.colour("encoding", name)?;
        }
        let pixel = match view.encoding {
            ImageEncoding::Channels(order, SampleSize::Bits8) => {
                return Ok(Picture {
                    width: view.width,
                    height: view.height,
                    step: view.step,
                    pixel: order.into(),
                    data: view.data,
                });
            }
            ImageEncoding::Channels(order, SampleSize::Bits16) => {
                let pixel = match order {
                    ChannelOrder::Mono => Pixel::Grey,
                    _ => Pixel::Rgb,
                };
                wide::convert(view, order, self.room(view, pixel));
                pixel
            }
            ImageEncoding::Yuv422(order) => {
                yuv::convert_422(view, order, self.room(view, Pixel::Rgb));
                Pixel::Rgb
            }
            ImageEncoding::SemiPlanar(planes) => {
                yuv::convert_planes(view, planes, self.room(view, Pixel::Rgb));
                Pixel::Rgb
            }
            ImageEncoding::Bayer(mosaic, size) => {
                self.room(view, Pixel::Rgb);
                self.mosaic.convert(view, mosaic, size, &mut self.pixels);
                Pixel::Rgb
            }
            ImageEncoding::Depth(unit) => {
                let range = wanted.depth("encoding", name)?;
                depth::convert(view, unit, range, self.room(view, Pixel::Grey));
                Pixel::Grey
            }
        };
        Ok(Picture {
            width: view.width,
            height: view.height,
            step: self.pixels.len() / view.height,
            pixel,
            data: &self.pixels,
        })
    }

    fn room(&mut self, view: &ImageView<'_>, pixel: Pixel) -> &mut [u8] {
        let length = pixel.bytes() * view.width * view.height;
        self.pixels.resize(length, 0);
        &mut self.pixels
    }
}
