//! Brightness and colour apart, in the limited range of ITU-R BT.601, to red, green and blue.

use super::rows::convert_rows;
use crate::message::{ImageView, SemiPlanar, Yuv422};

/// What a pair of U and V adds to a brightness, with 20 bits behind the point and half of the last one for rounding.
#[derive(Clone, Copy)]
struct Tint([i32; 3]);

/// The coefficients of OpenCV: 1.164, and for red 1.596, for green −0.391 and −0.813, for blue 2.018.
const SHIFT: u32 = 20;
const BRIGHTNESS: i32 = 1_220_542;
const RED_OF_V: i32 = 1_673_527;
const GREEN_OF_U: i32 = -409_993;
const GREEN_OF_V: i32 = -852_492;
const BLUE_OF_U: i32 = 2_116_026;

impl Tint {
    fn new(u: u8, v: u8) -> Self {
        let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
        let half = 1 << (SHIFT - 1);
        Self([
            half + RED_OF_V * v,
            half + GREEN_OF_V * v + GREEN_OF_U * u,
            half + BLUE_OF_U * u,
        ])
    }

    fn pixel(self, y: u8) -> [u8; 3] {
        let brightness = i32::from(y.saturating_sub(16)) * BRIGHTNESS;
        self.0
            .map(|tint| ((brightness + tint) >> SHIFT).clamp(0, 255) as u8)
    }

    /// Two pixels of the same colour.
    fn pixels(self, left: u8, right: u8) -> [u8; 6] {
        let ([r, g, b], [r2, g2, b2]) = (self.pixel(left), self.pixel(right));
        [r, g, b, r2, g2, b2]
    }
}

/// Fills `pixels` from pixels that share their colour in pairs.
pub(super) fn convert_422(view: &ImageView<'_>, order: Yuv422, pixels: &mut [u8]) {
    match order {
        Yuv422::Uyvy => convert_rows(view, pixels, |[u, y, v, y2]| Tint::new(u, v).pixels(y, y2)),
        Yuv422::Yuyv => convert_rows(view, pixels, |[y, u, y2, v]| Tint::new(u, v).pixels(y, y2)),
    }
}

/// Fills `pixels` from a plane of brightness and one of colour.
pub(super) fn convert_planes(view: &ImageView<'_>, planes: SemiPlanar, pixels: &mut [u8]) {
    let rows = view.rows().zip(pixels.chunks_exact_mut(3 * view.width));
    let colour = view.second_plane();
    for (y, (brightness, made)) in rows.enumerate() {
        match planes {
            SemiPlanar::Nv12 => in_pairs(brightness, &colour[y / 2 * view.step..], made, Tint::new),
            SemiPlanar::Nv21 => {
                let tint = |v, u| Tint::new(u, v);
                in_pairs(brightness, &colour[y / 2 * view.step..], made, tint);
            }
            SemiPlanar::Nv24 => {
                let colours = colour[y * 2 * view.step..].as_chunks().0;
                let each = brightness.iter().zip(colours);
                for ((y, [u, v]), pixel) in each.zip(made.as_chunks_mut().0) {
                    *pixel = Tint::new(*u, *v).pixel(*y);
                }
            }
        }
    }
}

/// A row of which two neighbours have one colour.
fn in_pairs(brightness: &[u8], colours: &[u8], made: &mut [u8], tint: impl Fn(u8, u8) -> Tint) {
    let pairs = brightness.as_chunks().0.iter().zip(colours.as_chunks().0);
    for (([left, right], [a, b]), pixels) in pairs.zip(made.as_chunks_mut().0) {
        *pixels = tint(*a, *b).pixels(*left, *right);
    }
}
