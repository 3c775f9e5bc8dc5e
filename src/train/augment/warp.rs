//! Where a copy is seen from: perspective, rotation, zoom and shift as one map, and one resampling.

use nalgebra::{Matrix3, Vector3};

use crate::encoder::RgbPicture;

/// From a pixel of the copy to the place in the picture that it shows, both counted in pixels from the middle of the first.
pub struct Warp(Matrix3<f64>);

/// How a picture is moved; see [`super::Quantity`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// Factor about the middle.
    pub zoom: f64,
    /// To the right and down, as a part of width and height.
    pub shift: [f64; 2],
    /// Clockwise about the middle.
    pub rotation_deg: f64,
    /// How far the corners of what is seen lie from those of the picture, as a part of width and height: upper left, upper
    /// right, lower right, lower left.
    pub corners: [[f64; 2]; 4],
}

impl Move {
    /// Nothing moves.
    pub const NONE: Self = Self {
        zoom: 1.0,
        shift: [0.0; 2],
        rotation_deg: 0.0,
        corners: [[0.0; 2]; 4],
    };
}

impl Warp {
    /// For a picture of this size.
    pub fn new(moved: &Move, width: usize, height: usize) -> Self {
        let (width, height) = (width as f64, height as f64);
        let (sine, cosine) = moved.rotation_deg.to_radians().sin_cos();
        let (sine, cosine) = (sine / moved.zoom, cosine / moved.zoom);
        let [right, down] = moved.shift;
        let into_square = scaled(1.0 / width, 1.0 / height, 0.5 / width, 0.5 / height);
        // From the middle of what is shown, before it was shifted.
        let about_middle = scaled(
            width,
            height,
            -width * (0.5 + right),
            -height * (0.5 + down),
        );
        let turned = Matrix3::new(cosine, sine, 0.0, -sine, cosine, 0.0, 0.0, 0.0, 1.0);
        let back = scaled(1.0, 1.0, (width - 1.0) / 2.0, (height - 1.0) / 2.0);
        Self(back * turned * about_middle * seen(moved.corners) * into_square)
    }

    /// The copy: bilinear between pixels; what is at the picture's edge goes on beyond it.
    pub fn apply(&self, picture: &RgbPicture) -> RgbPicture {
        let (width, height) = (picture.width, picture.height);
        let (last_x, last_y) = ((width - 1) as f64, (height - 1) as f64);
        let mut data = Vec::with_capacity(picture.data.len());
        let [step_x, step_y, step_z] = [self.0[(0, 0)], self.0[(1, 0)], self.0[(2, 0)]];
        for row in 0..height {
            let [x, y, z]: [f64; 3] = (self.0 * Vector3::new(0.0, row as f64, 1.0)).into();
            for column in 0..width {
                let along = column as f64;
                let z = z + along * step_z;
                let x = ((x + along * step_x) / z).clamp(0.0, last_x);
                let y = ((y + along * step_y) / z).clamp(0.0, last_y);
                let (left, top) = (x as usize, y as usize);
                let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
                let (x, y) = ((x - left as f64) as f32, (y - top as f64) as f32);
                let at = |x: usize, y: usize| 3 * (y * width + x);
                let places = [
                    at(left, top),
                    at(right, top),
                    at(left, bottom),
                    at(right, bottom),
                ];
                for channel in 0..3 {
                    let [a, b, c, d] = places.map(|place| f32::from(picture.data[place + channel]));
                    let (above, below) = (a + x * (b - a), c + x * (d - c));
                    data.push((above + y * (below - above) + 0.5) as u8);
                }
            }
        }
        RgbPicture {
            width,
            height,
            data,
        }
    }
}

/// Scales both axes, then moves along them.
fn scaled(by_x: f64, by_y: f64, right: f64, down: f64) -> Matrix3<f64> {
    Matrix3::new(by_x, 0.0, right, 0.0, by_y, down, 0.0, 0.0, 1.0)
}

/// From the unit square to the quadrilateral whose corners lie so far from its own. After Heckbert 1989, "Fundamentals of
/// texture mapping and image warping", section 2.2.3.
fn seen(corners: [[f64; 2]; 4]) -> Matrix3<f64> {
    let [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = corners;
    let (x1, x2, y2, y3) = (x1 + 1.0, x2 + 1.0, y2 + 1.0, y3 + 1.0);
    let (from_1_x, from_1_y) = (x1 - x2, y1 - y2);
    let (from_3_x, from_3_y) = (x3 - x2, y3 - y2);
    let (sum_x, sum_y) = (x0 - x1 + x2 - x3, y0 - y1 + y2 - y3);
    let area = from_1_x * from_3_y - from_3_x * from_1_y;
    let g = (sum_x * from_3_y - from_3_x * sum_y) / area;
    let h = (from_1_x * sum_y - sum_x * from_1_y) / area;
    Matrix3::new(
        x1 - x0 + g * x1,
        x3 - x0 + h * x3,
        x0,
        y1 - y0 + g * y1,
        y3 - y0 + h * y3,
        y0,
        g,
        h,
        1.0,
    )
}
