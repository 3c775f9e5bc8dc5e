//! Resizes pictures of bytes with antialiasing.
//!
//! `fast_image_resize` is generic, so that it is compiled with whatever calls it. In a crate of its own it is compiled
//! once; within `late_fusion` it was half of the time of every build.

use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, pixels};

/// A picture: `height` rows of `stride` pixels, of which the first `width` are shown.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Pixels shown in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Pixels from the start of one row to the start of the next.
    pub stride: usize,
    /// Bytes of a pixel, 1 to 4.
    pub channels: usize,
    /// `height` · `stride` · `channels` bytes or more.
    pub data: &'a [u8],
}

/// A part of a picture, in pixels from its upper left corner.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// Pixels left of it.
    pub left: f64,
    /// Pixels above it.
    pub top: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// Resizes pictures; its buffers are reused.
#[derive(Debug, Default)]
pub struct Resizer(fast_image_resize::Resizer);

impl Resizer {
    /// Fills `resized`, `width` × `height` pixels of as many channels as `picture` has, with a part of it: bilinear, and
    /// antialiased where it becomes smaller. Alpha is a channel like the others.
    ///
    /// # Errors
    /// Why this part cannot be resized so: it lies outside the picture, or a buffer is too small.
    pub fn resize(
        &mut self,
        picture: Picture<'_>,
        part: Part,
        (width, height): (usize, usize),
        resized: &mut [u8],
    ) -> Result<(), String> {
        let to = (width as u32, height as u32);
        match picture.channels {
            1 => self.resize_as::<pixels::U8>(picture, part, to, resized),
            2 => self.resize_as::<pixels::U8x2>(picture, part, to, resized),
            3 => self.resize_as::<pixels::U8x3>(picture, part, to, resized),
            4 => self.resize_as::<pixels::U8x4>(picture, part, to, resized),
            channels => Err(format!("{channels} bytes to a pixel; 1 to 4 are allowed")),
        }
    }

    fn resize_as<P: PixelTrait>(
        &mut self,
        picture: Picture<'_>,
        part: Part,
        (width, height): (u32, u32),
        resized: &mut [u8],
    ) -> Result<(), String> {
        let (stride, rows) = (picture.stride as u32, picture.height as u32);
        let bytes = picture.stride * picture.height * picture.channels;
        let data = picture.data.get(..bytes).ok_or_else(|| {
            let there = picture.data.len();
            format!("its rows have {bytes} bytes, and {there} are there")
        })?;
        let whole =
            TypedImageRef::<P>::from_buffer(stride, rows, data).map_err(|e| e.to_string())?;
        // Padding is not read, not even for the pixels beside it.
        let shown = TypedCroppedImage::from_ref(&whole, 0, 0, picture.width as u32, rows)
            .map_err(|e| e.to_string())?;
        let mut to =
            TypedImage::<P>::from_buffer(width, height, resized).map_err(|e| e.to_string())?;
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
            .use_alpha(false)
            .crop(part.left, part.top, part.width, part.height);
        self.0
            .resize_typed(&shown, &mut to, &options)
            .map_err(|e| e.to_string())
    }
}
