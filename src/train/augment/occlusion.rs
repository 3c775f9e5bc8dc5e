//! What hides a part of a picture.

use crate::encoder::RgbPicture;

/// A rectangle of one colour; its numbers are parts of the picture's width and height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Occlusion {
    /// Its left and its upper edge.
    pub from: [f64; 2],
    /// Its width and its height.
    pub size: [f64; 2],
    /// Red, green and blue.
    pub colour: [u8; 3],
}

impl Occlusion {
    /// Nothing is hidden.
    #[cfg(test)]
    pub const NONE: Self = Self {
        from: [0.0; 2],
        size: [0.0; 2],
        colour: [0; 3],
    };

    /// Whether it hides nothing.
    pub fn is_none(&self) -> bool {
        self.size.contains(&0.0)
    }

    /// Draws it over a picture, its edges on the nearest pixels' edges.
    pub fn hide(&self, picture: &mut RgbPicture) {
        let [columns, rows] = [(0, picture.width), (1, picture.height)].map(|(axis, side)| {
            let edge = |at: f64| ((at * side as f64).round() as usize).min(side);
            edge(self.from[axis])..edge(self.from[axis] + self.size[axis])
        });
        let width = picture.width;
        for row in rows {
            let (pixels, _) = picture.data[3 * row * width..].as_chunks_mut::<3>();
            pixels[columns.clone()].fill(self.colour);
        }
    }
}
