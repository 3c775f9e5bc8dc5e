//! Which part of a picture an encoder is shown.

use late_fusion_resize::Part;

use crate::spec::{Fit, ImageInputSpec, RegionSpec};

/// A region of pictures, and how it is fitted into the encoder's size.
pub(super) struct View {
    region: RegionSpec,
    fit: Fit,
    width: usize,
    height: usize,
}

impl View {
    /// Of this input.
    pub fn of(spec: &ImageInputSpec) -> Self {
        Self {
            region: spec.region,
            fit: spec.fit,
            width: spec.width,
            height: spec.height,
        }
    }

    /// Whether a picture of this size is shown as it is.
    pub fn is_picture(&self, width: usize, height: usize) -> bool {
        self.region.is_whole() && (width, height) == (self.width, self.height)
    }

    /// The part of a picture of this size that is shown.
    pub fn part_of(&self, width: f64, height: f64) -> Part {
        let region = Part {
            left: self.region.left * width,
            top: self.region.top * height,
            width: self.region.width * width,
            height: self.region.height * height,
        };
        let (w, h) = match self.fit {
            Fit::Stretch => (region.width, region.height),
            Fit::Crop => {
                let across = region.width / self.width as f64;
                let scale = across.min(region.height / self.height as f64);
                (self.width as f64 * scale, self.height as f64 * scale)
            }
        };
        let left = region.left + (region.width - w) / 2.0;
        let top = region.top + (region.height - h) / 2.0;
        Part {
            left,
            top,
            width: within(left, w, width),
            height: within(top, h, height),
        }
    }
}

/// A length from a place on that ends where the whole does, although rounding would have it end behind.
fn within(from: f64, mut length: f64, whole: f64) -> f64 {
    while from + length > whole {
        length = length.min(whole - from).next_down();
    }
    length
}

#[cfg(test)]
mod tests {
    use crate::encoder::onnx::Numbers;
    use crate::encoder::picture::{Picture, Pixel};
    use crate::encoder::prepare::Preparation;
    use crate::message::MessageError;

    fn prepared(width: usize, height: usize, input: &str) -> Result<Vec<u8>, MessageError> {
        let input = format!("{{name: p, type: u8, layout: nhwc, width: 4, height: 4, {input}}}");
        let mut preparation = Preparation::new(&serde_yaml::from_str(&input).unwrap());
        // Every column has its own red, every row its own green.
        let pixels = |y| (0..width).flat_map(move |x| [10 * x as u8, 10 * y as u8, 0]);
        let data: Vec<u8> = (0..height).flat_map(pixels).collect();
        preparation.prepare(Picture {
            width,
            height,
            step: 3 * width,
            pixel: Pixel::Rgb,
            data: &data,
        })?;
        match preparation.tensor() {
            Numbers::U8(bytes) => Ok(bytes.to_vec()),
            _ => unreachable!("bytes were asked for"),
        }
    }

    #[test]
    fn a_region_is_shown_as_it_is_where_it_has_the_size() {
        let shown = prepared(
            8,
            16,
            "region: {left: 0.25, top: 0.5, width: 0.5, height: 0.25}",
        );
        let red_and_green = |x: u8, y: u8| [10 * x, 10 * y, 0];
        let expected = (8..12).flat_map(|y| (2..6).flat_map(move |x| red_and_green(x, y)));
        assert_eq!(shown.unwrap(), Vec::from_iter(expected));
    }

    #[test]
    fn a_region_is_found_in_pictures_of_every_size() {
        for side in (1..26).chain([224, 360, 1080]) {
            for part in [
                "left: 0.1, top: 0.38, width: 0.9, height: 0.62",
                "left: 0.99, top: 0.99, width: 0.01, height: 0.01",
                "left: 0.7, top: 0, width: 0.3000001, height: 1",
            ] {
                for fit in ["stretch", "crop"] {
                    let input = format!("region: {{{part}}}, fit: {fit}");
                    let shown = prepared(side, 2 * side, &input);
                    assert!(shown.is_ok(), "{side}, {input}: {shown:?}");
                }
            }
        }
    }
}
