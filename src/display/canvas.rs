//! The picture that is drawn into.

use std::convert::Infallible;

use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;
use embedded_graphics::text::{Baseline, Text};

use super::text::{ELLIPSIS, advance, fitted};
use crate::encoder::RgbPicture;

/// A picture that is drawn into. What would lie outside of it is left out.
pub(super) struct Canvas {
    picture: RgbPicture,
    /// How many pixels were left out.
    #[cfg(test)]
    pub left_out: usize,
}

impl Canvas {
    /// A canvas of one colour.
    pub fn new(width: usize, height: usize, colour: Rgb888) -> Self {
        let pixel = [colour.r(), colour.g(), colour.b()];
        Self {
            picture: RgbPicture {
                width,
                height,
                data: pixel.repeat(width * height),
            },
            #[cfg(test)]
            left_out: 0,
        }
    }

    /// What was drawn.
    pub fn finish(self) -> RgbPicture {
        self.picture
    }

    /// Fills a rectangle.
    pub fn fill(&mut self, area: Rectangle, colour: Rgb888) {
        let Ok(()) = self.fill_solid(&area, colour);
    }

    /// A text whose upper left corner is at `at`, cut so that it is at most `width` pixels wide. Returns the width that
    /// it has.
    pub fn text(
        &mut self,
        text: &str,
        at: Point,
        width: u32,
        font: &MonoFont<'_>,
        colour: Rgb888,
    ) -> u32 {
        let line = fitted(text, font, width);
        let letters = line.strip_suffix(ELLIPSIS).unwrap_or(&line);
        let style = MonoTextStyle::new(font, colour);
        let Ok(end) = Text::with_baseline(letters, at, style, Baseline::Top).draw(self);
        let mut drawn = line.chars().count() as u32 * advance(font);
        if letters.len() < line.len() {
            // The fonts have no ellipsis.
            let step = (advance(font) / 3).max(1);
            let dot = Size::new((step / 2).max(1), (step / 2).max(1));
            for i in 0..3 {
                let corner = Point::new(end.x + (i * step) as i32, at.y + font.baseline as i32);
                self.fill(Rectangle::new(corner, dot), colour);
            }
            drawn = drawn.min(width);
        }
        drawn
    }

    /// A picture whose upper left corner is at `at`.
    pub fn paste(&mut self, picture: &RgbPicture, at: Point) {
        let area = Rectangle::new(at, Size::new(picture.width as u32, picture.height as u32));
        let pixels = picture.data.chunks_exact(3);
        let colours = pixels.map(|rgb| Rgb888::new(rgb[0], rgb[1], rgb[2]));
        let Ok(()) = self.fill_contiguous(&area, colours);
    }

    fn index(&mut self, at: Point) -> Option<usize> {
        let column = usize::try_from(at.x).ok();
        let row = usize::try_from(at.y).ok();
        let (width, height) = (self.picture.width, self.picture.height);
        let index = match (column, row) {
            (Some(column), Some(row)) if column < width && row < height => {
                Some(3 * (row * width + column))
            }
            _ => None,
        };
        #[cfg(test)]
        {
            self.left_out += usize::from(index.is_none());
        }
        index
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.picture.width as u32, self.picture.height as u32)
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            if let Some(index) = self.index(at) {
                let rgb = [colour.r(), colour.g(), colour.b()];
                self.picture.data[index..index + 3].copy_from_slice(&rgb);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use embedded_graphics::mono_font::iso_8859_1::FONT_6X10;

    use super::*;

    const WHITE: Rgb888 = Rgb888::WHITE;

    #[test]
    fn a_text_that_is_cut_stays_within_its_width() {
        for text in ["open the drawer", "引き出しを開けて", "öffne die Schublade"] {
            let mut canvas = Canvas::new(64, 16, Rgb888::BLACK);
            let width = canvas.text(text, Point::new(2, 2), 50, &FONT_6X10, WHITE);
            assert!((40..=50).contains(&width), "{width}");
            assert_eq!(canvas.left_out, 0);
            let picture = canvas.finish();
            let lit = |column: usize| {
                (0..picture.height).any(|row| picture.data[3 * (row * 64 + column)] > 0)
            };
            assert!((2..52).any(lit) && !(52..64).any(lit), "{text}");
        }
    }

    #[test]
    fn what_lies_outside_is_left_out_and_counted() {
        let mut canvas = Canvas::new(8, 8, Rgb888::BLACK);
        canvas.fill(Rectangle::new(Point::new(6, 6), Size::new(4, 1)), WHITE);
        assert_eq!(canvas.left_out, 2);
        let picture = RgbPicture {
            width: 2,
            height: 1,
            data: vec![1, 2, 3, 4, 5, 6],
        };
        canvas.paste(&picture, Point::new(7, 0));
        assert_eq!(canvas.left_out, 3);
        assert_eq!(canvas.finish().data[21..24], [1, 2, 3]);
    }
}
