//! A mosaic of filters to three colours for each pixel: what a pixel lacks is the mean of its neighbours that have it.

use super::wide::narrow;
use crate::message::{ImageView, Mosaic, SampleSize};

/// Three rows, each with one more pixel on its left and up to two on its right: what lies beyond the edge is what lies as far
/// inside it, which has the same colour.
#[derive(Default)]
pub(super) struct Demosaic([Vec<u16>; 3]);

impl Demosaic {
    /// Fills `pixels` with red, green and blue. The picture has two rows and two columns at least.
    pub fn convert(
        &mut self,
        view: &ImageView<'_>,
        mosaic: Mosaic,
        size: SampleSize,
        pixels: &mut [u8],
    ) {
        for (line, y) in self.0.iter_mut().zip([1, 0, 1]) {
            load(view, y, size, line);
        }
        let (mut has_red, mut green_first) = match mosaic {
            Mosaic::Rggb => (true, false),
            Mosaic::Bggr => (false, false),
            Mosaic::Gbrg => (false, true),
            Mosaic::Grbg => (true, true),
        };
        for (y, made) in pixels.chunks_exact_mut(3 * view.width).enumerate() {
            if y > 0 {
                self.0.rotate_left(1);
                let below = if y + 1 < view.height { y + 1 } else { y - 1 };
                load(view, below, size, &mut self.0[2]);
            }
            let lines = [0, 1, 2].map(|i| self.0[i].as_slice());
            match size {
                SampleSize::Bits8 => fill(lines, green_first, has_red, made, |mean| mean as u8),
                SampleSize::Bits16 => {
                    fill(lines, green_first, has_red, made, |mean| {
                        narrow(mean as u16)
                    });
                }
            }
            (has_red, green_first) = (!has_red, !green_first);
        }
    }
}

/// Reads one row.
fn load(view: &ImageView<'_>, y: usize, size: SampleSize, line: &mut Vec<u16>) {
    line.resize(view.width + 3, 0);
    let row = &view.data[y * view.step..];
    let inner = &mut line[1..=view.width];
    match (size, view.is_bigendian) {
        (SampleSize::Bits8, _) => read(row, inner, |[byte]| byte.into()),
        (SampleSize::Bits16, false) => read(row, inner, u16::from_le_bytes),
        (SampleSize::Bits16, true) => read(row, inner, u16::from_be_bytes),
    }
    line[0] = line[2];
    line[view.width + 1] = line[view.width - 1];
}

fn read<const SIZE: usize>(row: &[u8], line: &mut [u16], sample: impl Fn([u8; SIZE]) -> u16) {
    for (read, bytes) in line.iter_mut().zip(row.as_chunks().0) {
        *read = sample(*bytes);
    }
}

/// Fills a row from the one above it, itself and the one below it, two pixels at a time.
fn fill(
    [above, here, below]: [&[u16]; 3],
    green_first: bool,
    has_red: bool,
    made: &mut [u8],
    narrow: impl Fn(u32) -> u8,
) {
    let two = |a: u16, b: u16| narrow((u32::from(a) + u32::from(b)).div_ceil(2));
    let four = |a: u16, b: u16, c: u16, d: u16| {
        let sum = [a, b, c, d].map(u32::from).iter().sum::<u32>();
        narrow((sum + 2) / 4)
    };
    let one = |a: u16| narrow(a.into());
    // The colour of the row beside green, green, and the other one.
    let ordered = |[own, green, other]: [u8; 3]| match has_red {
        true => [own, green, other],
        false => [other, green, own],
    };
    let places = made.chunks_mut(6);
    let lines = above.windows(4).zip(here.windows(4)).zip(below.windows(4));
    for (((a, h), b), made) in lines.step_by(2).zip(places) {
        let on_green = |x: usize| [two(h[x - 1], h[x + 1]), one(h[x]), two(a[x], b[x])];
        let on_own = |x: usize| {
            [
                one(h[x]),
                four(a[x], b[x], h[x - 1], h[x + 1]),
                four(a[x - 1], a[x + 1], b[x - 1], b[x + 1]),
            ]
        };
        let (left, right) = match green_first {
            true => (on_green(1), on_own(2)),
            false => (on_own(1), on_green(2)),
        };
        let ([r, g, b], [r2, g2, b2]) = (ordered(left), ordered(right));
        // The last column of an odd number stands alone.
        made.copy_from_slice(&[r, g, b, r2, g2, b2][..made.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::ImageEncoding;
    use crate::time::Stamp;

    #[test]
    fn a_mosaic_of_one_colour_is_that_colour_to_its_corners_however_small_it_is() {
        let [r, g, b] = [200u8, 100, 50];
        let sizes = [(2, 2), (3, 2), (2, 3), (3, 3), (5, 4), (8, 7)];
        for (mosaic, tile) in [
            (Mosaic::Rggb, [[r, g], [g, b]]),
            (Mosaic::Bggr, [[b, g], [g, r]]),
            (Mosaic::Gbrg, [[g, b], [r, g]]),
            (Mosaic::Grbg, [[g, r], [b, g]]),
        ] {
            let mut demosaic = Demosaic::default();
            for (width, height) in sizes {
                let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
                let data: Vec<u8> = places.map(|(x, y)| tile[y % 2][x % 2]).collect();
                let view = ImageView {
                    stamp: Stamp::from_nanos(1),
                    width,
                    height,
                    step: width,
                    encoding: ImageEncoding::Bayer(mosaic, SampleSize::Bits8),
                    is_bigendian: false,
                    data: &data,
                };
                let mut pixels = vec![0; 3 * width * height];
                demosaic.convert(&view, mosaic, SampleSize::Bits8, &mut pixels);
                let expected = [r, g, b].repeat(width * height);
                assert_eq!(pixels, expected, "{mosaic:?} {width} × {height}");
            }
        }
    }
}
