//! A picture of any size and colour order to an encoder's tensor. Every buffer is reused.

use late_fusion_resize::Resizer;

use super::onnx::Numbers;
use super::picture::{Picture, Pixel};
use super::rgb_picture::RgbPicture;
use super::view::View;
use crate::message::MessageError;
use crate::spec::{Channels, ElementType, ImageInputSpec, Layout};

/// Prepares pictures for one encoder.
pub(super) struct Preparation {
    width: usize,
    height: usize,
    view: View,
    layout: Layout,
    channels: Channels,
    resizer: Resizer,
    resized: Vec<u8>,
    packed: Vec<u8>,
    shape: [i64; 4],
    tensor: Tensor,
    /// The least contrast of a picture that shows anything, in steps of a byte.
    min_contrast: u8,
    tones: Box<Tones>,
    is_blank: bool,
    /// The last picture as the tensor shows it, where somebody asks for it.
    kept: Option<RgbPicture>,
}

/// The tensor with, per channel, the number that each byte becomes.
enum Tensor {
    F32(Vec<f32>, Box<[[f32; 256]; 3]>),
    U8(Vec<u8>, Box<[[u8; 256]; 3]>),
}

impl Preparation {
    /// For the tensor that `spec` describes, which a black picture fills until the first one is prepared.
    pub fn new(spec: &ImageInputSpec) -> Self {
        let length = 3 * spec.width * spec.height;
        let bytes: [u8; 256] = std::array::from_fn(|byte| byte as u8);
        let tensor = match spec.element {
            ElementType::F32 => {
                let table: [[f32; 256]; 3] = std::array::from_fn(|c| {
                    bytes.map(|byte| (f32::from(byte) * spec.rescale - spec.mean[c]) / spec.std[c])
                });
                Tensor::F32(vec![0.0; length], Box::new(table))
            }
            ElementType::U8 => Tensor::U8(vec![0; length], Box::new([bytes; 3])),
        };
        let mut preparation = Self {
            width: spec.width,
            height: spec.height,
            view: View::of(spec),
            layout: spec.layout,
            channels: spec.channels,
            resizer: Resizer::default(),
            resized: Vec::new(),
            packed: Vec::new(),
            shape: match spec.layout {
                Layout::Nchw => [1, 3, spec.height as i64, spec.width as i64],
                Layout::Nhwc => [1, spec.height as i64, spec.width as i64, 3],
            },
            tensor,
            min_contrast: 0,
            tones: Box::new([[0; 256]; 3]),
            is_blank: false,
            kept: None,
        };
        preparation.fill(&vec![0; length], 3 * spec.width, Pixel::Rgb);
        preparation
    }

    /// From here on a picture is blank with less contrast than this part of the full range.
    pub fn require_contrast(&mut self, min_contrast: f64) {
        self.min_contrast = (min_contrast * 255.0).ceil() as u8;
    }

    /// From here on the last picture is kept.
    pub fn keep_pictures(&mut self) {
        self.kept = Some(RgbPicture {
            width: self.width,
            height: self.height,
            data: vec![0; 3 * self.width * self.height],
        });
    }

    /// The last picture as the tensor shows it, if it is kept.
    pub fn kept(&self) -> Option<&RgbPicture> {
        self.kept.as_ref()
    }

    /// Whether the last picture shows nothing.
    pub fn is_blank(&self) -> bool {
        self.is_blank
    }

    /// The tensor's dimensions.
    pub fn shape(&self) -> &[i64] {
        &self.shape
    }

    /// The tensor of the last picture.
    pub fn tensor(&self) -> Numbers<'_> {
        match &self.tensor {
            Tensor::F32(numbers, _) => Numbers::F32(numbers),
            Tensor::U8(numbers, _) => Numbers::U8(numbers),
        }
    }

    /// Fits a picture to the encoder's size and fills the tensor with it.
    pub fn prepare(&mut self, picture: Picture<'_>) -> Result<(), MessageError> {
        if self.view.is_picture(picture.width, picture.height) {
            self.fill(picture.data, picture.step, picture.pixel);
            return Ok(());
        }
        let row_bytes = self.width * picture.pixel.bytes();
        // Taken out while `fill` borrows the rest.
        let mut resized = std::mem::take(&mut self.resized);
        resized.resize(row_bytes * self.height, 0);
        let outcome = self.resize(picture, &mut resized);
        if outcome.is_ok() {
            self.fill(&resized, row_bytes, picture.pixel);
        }
        self.resized = resized;
        outcome.map_err(|why| {
            MessageError::invalid(
                "the picture",
                format_args!("{} × {} pixels ({why})", picture.width, picture.height),
                format_args!(
                    "it must be possible to resize it to {} × {}",
                    self.width, self.height
                ),
            )
        })
    }

    fn resize(&mut self, picture: Picture<'_>, resized: &mut [u8]) -> Result<(), String> {
        let (width, height, channels) = (picture.width, picture.height, picture.pixel.bytes());
        // Rows that end in padding are a wider picture of which a part is shown, as long as whole pixels pad them.
        let (stride, data) = if picture.step.is_multiple_of(channels) {
            (picture.step / channels, picture.data)
        } else {
            self.packed.clear();
            for row in picture.data.chunks_exact(picture.step) {
                self.packed.extend_from_slice(&row[..width * channels]);
            }
            (width, self.packed.as_slice())
        };
        let part = self.view.part_of(width as f64, height as f64);
        let picture = late_fusion_resize::Picture {
            width,
            height,
            stride,
            channels,
            data,
        };
        let size = (self.width, self.height);
        self.resizer.resize(picture, part, size, resized)
    }

    /// Fills the tensor from rows of the encoder's size.
    fn fill(&mut self, data: &[u8], step: usize, pixel: Pixel) {
        if let Some(kept) = &mut self.kept {
            kept.copy_from(Picture {
                width: self.width,
                height: self.height,
                step,
                pixel,
                data,
            });
        }
        let mut places = pixel.rgb_places();
        if self.channels == Channels::Bgr {
            places.reverse();
        }
        let rows = Rows {
            data,
            step,
            width: self.width,
            pixel_bytes: pixel.bytes(),
            places,
        };
        self.is_blank = rows.are_blank(self.min_contrast, &mut self.tones);
        match &mut self.tensor {
            Tensor::F32(numbers, table) => rows.fill(self.layout, table, numbers),
            Tensor::U8(numbers, table) => rows.fill(self.layout, table, numbers),
        }
    }
}

/// Per channel, how many pixels have each byte.
type Tones = [[u32; 256]; 3];

/// Of a hundred pixels one may be darker and one may be brighter than what counts: hot pixels of a sensor show nothing.
const COUNTED_OF: usize = 100;

/// Rows between two looks at the contrast.
const LOOK_EVERY: usize = 16;

/// The contrast of a picture: the largest, over its channels, of the differences between a dark and a bright byte, beyond
/// each of which lie more than `few` pixels. Per channel, for a finger on the lens is red everywhere, and its red is far
/// from its blue.
fn contrast(tones: &Tones, few: u32) -> u8 {
    let of_channel = |tones: &[u32; 256]| {
        let dark = beyond(tones.iter(), few);
        let bright = beyond(tones.iter().rev(), few);
        // 0 as well where there are too few pixels so far.
        255_usize.saturating_sub(dark + bright) as u8
    };
    tones.iter().map(of_channel).max().unwrap_or(0)
}

/// How many tones are passed over before more than `few` pixels have been.
fn beyond<'a>(tones: impl Iterator<Item = &'a u32>, few: u32) -> usize {
    let mut count = 0;
    tones
        .take_while(|&&pixels| {
            count += pixels;
            count <= few
        })
        .count()
}

/// Rows of pixels and where the tensor's channels are in each.
struct Rows<'a> {
    data: &'a [u8],
    step: usize,
    width: usize,
    pixel_bytes: usize,
    places: [usize; 3],
}

impl Rows<'_> {
    /// Whether their contrast is less than `min_contrast`.
    fn are_blank(&self, min_contrast: u8, tones: &mut Tones) -> bool {
        if min_contrast == 0 {
            return false;
        }
        *tones = [[0; 256]; 3];
        let rows = self.data.len().div_ceil(self.step);
        let few = (rows * self.width / COUNTED_OF) as u32;
        for (y, row) in self.data.chunks(self.step).enumerate() {
            let pixels = row[..self.width * self.pixel_bytes].chunks_exact(self.pixel_bytes);
            for pixel in pixels {
                for (tones, &place) in tones.iter_mut().zip(&self.places) {
                    tones[usize::from(pixel[place])] += 1;
                }
            }
            // Further pixels can only add to it: of a picture that shows something the first rows tell.
            if (y + 1).is_multiple_of(LOOK_EVERY) && contrast(tones, few) >= min_contrast {
                return false;
            }
        }
        contrast(tones, few) < min_contrast
    }

    fn fill<T: Copy>(&self, layout: Layout, table: &[[T; 256]; 3], numbers: &mut [T]) {
        let plane = numbers.len() / 3;
        // The last row of a message may end without its padding.
        for (y, row) in self.data.chunks(self.step).enumerate() {
            let row = &row[..self.width * self.pixel_bytes];
            let pixels = || row.chunks_exact(self.pixel_bytes);
            for (channel, &place) in self.places.iter().enumerate() {
                let table = &table[channel];
                let first = y * self.width;
                match layout {
                    Layout::Nchw => {
                        let first = channel * plane + first;
                        let target = &mut numbers[first..first + self.width];
                        for (number, pixel) in target.iter_mut().zip(pixels()) {
                            *number = table[usize::from(pixel[place])];
                        }
                    }
                    Layout::Nhwc => {
                        let target =
                            numbers[3 * first..3 * (first + self.width)].chunks_exact_mut(3);
                        for (number, pixel) in target.zip(pixels()) {
                            number[channel] = table[usize::from(pixel[place])];
                        }
                    }
                }
            }
        }
    }
}
