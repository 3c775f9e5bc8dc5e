//! How bright and colourful a copy is, and how noisy: one look at every pixel, rounded once.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, StandardNormal};

use crate::encoder::RgbPicture;

/// What becomes of the numbers of a picture; see [`super::Quantity`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// Exponent of every number.
    pub gamma: f64,
    /// Factor of all channels.
    pub brightness: f64,
    /// Factors of red, green and blue.
    pub white_balance: [f64; 3],
    /// Factor of the distance from grey.
    pub saturation: f64,
    /// Factor of the distance from the picture's mean brightness.
    pub contrast: f64,
    /// Standard deviation of the noise, as a part of the full scale.
    pub noise: f64,
}

/// Parts of red, green and blue in a brightness, as television weighs them (ITU-R BT.601).
const BRIGHTNESS: [f32; 3] = [0.299, 0.587, 0.114];

impl Tone {
    /// Nothing changes.
    pub const NONE: Self = Self {
        gamma: 1.0,
        brightness: 1.0,
        white_balance: [1.0; 3],
        saturation: 1.0,
        contrast: 1.0,
        noise: 0.0,
    };

    /// Changes a picture. The seed decides its noise.
    pub fn apply(&self, picture: &mut RgbPicture, seed: u64) {
        let exposed = self.exposed();
        let mean = mean_brightness(&exposed, picture);
        let (saturation, contrast) = (self.saturation as f32, self.contrast as f32);
        let mut noise = self.noise(seed);
        let (pixels, _) = picture.data.as_chunks_mut::<3>();
        for pixel in pixels {
            let colour = [0, 1, 2].map(|channel| exposed[channel][usize::from(pixel[channel])]);
            let grey = brightness(colour);
            for (byte, number) in pixel.iter_mut().zip(colour) {
                let coloured = grey + saturation * (number - grey);
                let toned = mean + contrast * (coloured - mean) + noise();
                // A cast keeps to what a byte can hold.
                *byte = (toned + 0.5) as u8;
            }
        }
    }

    /// Per channel, what every byte becomes by gamma, brightness and white balance: a sensor that is full stays full.
    fn exposed(&self) -> [[f32; 256]; 3] {
        self.white_balance.map(|gain| {
            let full = 255.0 * self.brightness * gain;
            std::array::from_fn(|byte| {
                let number = full * (byte as f64 / 255.0).powf(self.gamma);
                number.min(255.0) as f32
            })
        })
    }

    fn noise(&self, seed: u64) -> impl FnMut() -> f32 {
        let sigma = 255.0 * self.noise as f32;
        let mut random = StdRng::seed_from_u64(seed);
        move || match sigma > 0.0 {
            true => {
                let number: f32 = StandardNormal.sample(&mut random);
                sigma * number
            }
            false => 0.0,
        }
    }
}

fn brightness(colour: [f32; 3]) -> f32 {
    let weighed = colour.iter().zip(&BRIGHTNESS);
    weighed.map(|(number, part)| number * part).sum()
}

/// The mean brightness of a picture whose bytes become these numbers.
fn mean_brightness(exposed: &[[f32; 256]; 3], picture: &RgbPicture) -> f32 {
    let mut counts = [[0_u32; 256]; 3];
    let (pixels, _) = picture.data.as_chunks::<3>();
    for pixel in pixels {
        for (counts, byte) in counts.iter_mut().zip(pixel) {
            counts[usize::from(*byte)] += 1;
        }
    }
    let mean = |channel: usize| {
        let counted = exposed[channel].iter().zip(&counts[channel]);
        let sum: f64 = counted
            .map(|(number, count)| f64::from(*number) * f64::from(*count))
            .sum();
        (sum / pixels.len() as f64) as f32
    };
    brightness([mean(0), mean(1), mean(2)])
}
