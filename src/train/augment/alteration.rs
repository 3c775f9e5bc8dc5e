//! What makes one copy of a picture: numbers drawn from the ranges, and what they do.

use image::imageops::blur;
use image::{ImageBuffer, Rgb};
use rand::Rng;
use rand::rngs::StdRng;

use super::occlusion::Occlusion;
use super::quantity::Quantity;
use super::ranges::Ranges;
use super::tone::Tone;
use super::warp::{Move, Warp};
use crate::encoder::RgbPicture;

/// How one copy differs from its picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alteration {
    /// From where it is seen.
    pub moved: Move,
    /// What hides a part of it.
    pub occlusion: Occlusion,
    /// Standard deviation of its blur, as a part of its width.
    pub blur: f64,
    /// How bright, colourful and noisy it is.
    pub tone: Tone,
    /// Decides its noise.
    pub noise_seed: u64,
}

/// Less blur than this, in pixels, changes no byte.
const LEAST_BLUR: f32 = 0.1;

impl Alteration {
    /// A copy that is its picture.
    #[cfg(test)]
    pub const NONE: Self = Self {
        moved: Move::NONE,
        occlusion: Occlusion::NONE,
        blur: 0.0,
        tone: Tone::NONE,
        noise_seed: 0,
    };

    /// Draws one from these ranges. Of distances, what hides a part is grey: a distance as well.
    pub fn draw(ranges: &Ranges, is_depth: bool, random: &mut StdRng) -> Self {
        let altered = ranges.draw_altered(random);
        let mut draw = |quantity: Quantity| match altered.contains(&quantity) {
            true => ranges.draw(quantity, random),
            false => quantity.rules().neutral,
        };
        let zoom = draw(Quantity::Zoom);
        let shift = [0; 2].map(|_| draw(Quantity::Shift));
        let rotation_deg = draw(Quantity::RotationDeg);
        let farthest = draw(Quantity::Perspective);
        let size = [0; 2].map(|_| draw(Quantity::Occlusion));
        let blur = draw(Quantity::Blur);
        let tone = Tone {
            gamma: draw(Quantity::Gamma),
            brightness: draw(Quantity::Brightness),
            white_balance: [0; 3].map(|_| draw(Quantity::WhiteBalance)),
            saturation: draw(Quantity::Saturation),
            contrast: draw(Quantity::Contrast),
            noise: draw(Quantity::Noise),
        };
        let corners = [[0; 2]; 4].map(|c| c.map(|_| random.random_range(-farthest..=farthest)));
        let from = size.map(|side| random.random_range(0.0..=1.0 - side));
        let colour: [u8; 3] = random.random();
        Self {
            moved: Move {
                zoom,
                shift,
                rotation_deg,
                corners,
            },
            occlusion: Occlusion {
                from,
                size,
                colour: match is_depth {
                    true => [colour[0]; 3],
                    false => colour,
                },
            },
            blur,
            tone,
            noise_seed: random.random(),
        }
    }

    /// The copy of a picture: moved, then hidden in part, then blurred, then toned, as on the way through a lens to a sensor.
    pub fn apply(&self, picture: &RgbPicture) -> RgbPicture {
        let mut copy = match self.moved == Move::NONE {
            true => picture.clone(),
            false => Warp::new(&self.moved, picture.width, picture.height).apply(picture),
        };
        self.occlusion.hide(&mut copy);
        let sigma = (self.blur * picture.width as f64) as f32;
        if sigma >= LEAST_BLUR {
            blur_by(sigma, &mut copy);
        }
        if self.tone != Tone::NONE {
            self.tone.apply(&mut copy, self.noise_seed);
        }
        copy
    }

    /// What was drawn, for people; nothing of what is as it was.
    pub fn in_words(&self) -> Vec<String> {
        let Self {
            moved,
            occlusion,
            tone,
            ..
        } = self;
        let [right, down] = moved.shift;
        let [width, height] = occlusion.size;
        let [red, green, blue] = tone.white_balance;
        let farthest = moved.corners.as_flattened().iter();
        let farthest = farthest.fold(0.0_f64, |most, by| most.max(by.abs()));
        let alters = |neutral: f64, numbers: &[f64]| numbers.iter().any(|n| *n != neutral);
        let all = [
            (
                alters(1.0, &[moved.zoom]),
                format!("zoom × {:.2}", moved.zoom),
            ),
            (
                alters(0.0, &moved.shift),
                format!("shift {right:+.3}, {down:+.3}"),
            ),
            (
                alters(0.0, &[moved.rotation_deg]),
                format!("rotation {:+.1}°", moved.rotation_deg),
            ),
            (
                alters(0.0, &[farthest]),
                format!("perspective {farthest:.3}"),
            ),
            (
                !occlusion.is_none(),
                format!("occlusion {width:.2} × {height:.2}"),
            ),
            (alters(0.0, &[self.blur]), format!("blur {:.4}", self.blur)),
            (
                alters(1.0, &[tone.gamma]),
                format!("gamma {:.2}", tone.gamma),
            ),
            (
                alters(1.0, &[tone.brightness]),
                format!("brightness × {:.2}", tone.brightness),
            ),
            (
                alters(1.0, &tone.white_balance),
                format!("white balance × {red:.2}, {green:.2}, {blue:.2}"),
            ),
            (
                alters(1.0, &[tone.saturation]),
                format!("saturation × {:.2}", tone.saturation),
            ),
            (
                alters(1.0, &[tone.contrast]),
                format!("contrast × {:.2}", tone.contrast),
            ),
            (
                alters(0.0, &[tone.noise]),
                format!("noise {:.3}", tone.noise),
            ),
        ];
        let altered = all.into_iter().filter(|(is_altered, _)| *is_altered);
        altered.map(|(_, words)| words).collect()
    }
}

/// Blurs with a Gaussian of this standard deviation in pixels; what is at the edge goes on beyond it.
fn blur_by(sigma: f32, picture: &mut RgbPicture) {
    let (width, height) = (picture.width as u32, picture.height as u32);
    if let Some(seen) = ImageBuffer::<Rgb<u8>, _>::from_raw(width, height, &picture.data[..]) {
        picture.data = blur(&seen, sigma).into_raw();
    }
}
