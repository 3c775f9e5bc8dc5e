//! What can be altered about a picture, and how far.

use serde::{Deserialize, Serialize};

/// One thing that is drawn anew for every copy. The key in a training file is its name with `_` between words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// How many times as large what is seen is.
    Zoom,
    /// To the right and down, each drawn on its own, as a part of the picture's width and height.
    Shift,
    /// Clockwise about the middle, in degrees.
    RotationDeg,
    /// How far each corner moves at most along each axis, as a part of the picture's width and height.
    Perspective,
    /// Width and height of a rectangle of one colour, each drawn on its own, as a part of the picture's.
    Occlusion,
    /// Standard deviation of a Gaussian blur, as a part of the picture's width.
    Blur,
    /// Exponent of every number, from 0 for black to 1 for full: above 1 the picture's middle tones become darker.
    Gamma,
    /// Factor of all channels.
    Brightness,
    /// Factor of each channel, drawn for each on its own.
    WhiteBalance,
    /// Factor of how far a colour is from the grey of its brightness.
    Saturation,
    /// Factor of how far a number is from the picture's mean brightness.
    Contrast,
    /// Standard deviation of the noise of every number, as a part of the full scale.
    Noise,
}

/// A quantity in a training file.
pub struct Rules {
    /// Its key.
    pub key: &'static str,
    /// What alters nothing.
    pub neutral: f64,
    /// The least that is allowed.
    pub least: f64,
    /// The most that is allowed.
    pub most: f64,
    /// What its numbers are.
    pub unit: &'static str,
    /// A range for most robots.
    pub usual: [f64; 2],
}

impl Quantity {
    /// All of them, in the order in which they are applied.
    pub const ALL: [Self; 12] = [
        Self::Zoom,
        Self::Shift,
        Self::RotationDeg,
        Self::Perspective,
        Self::Occlusion,
        Self::Blur,
        Self::Gamma,
        Self::Brightness,
        Self::WhiteBalance,
        Self::Saturation,
        Self::Contrast,
        Self::Noise,
    ];

    /// What is allowed of it, and what is usual.
    pub fn rules(self) -> Rules {
        let (key, neutral, [least, most], unit, usual) = match self {
            Self::Zoom => ("zoom", 1.0, [0.5, 2.0], "factor", [0.95, 1.05]),
            Self::Shift => ("shift", 0.0, [-0.5, 0.5], "part of the side", [-0.05, 0.05]),
            Self::RotationDeg => ("rotation_deg", 0.0, [-180.0, 180.0], "degrees", [-3.0, 3.0]),
            // From a quarter on the four corners may no longer span a picture.
            Self::Perspective => (
                "perspective",
                0.0,
                [0.0, 0.2],
                "part of the side",
                [0.0, 0.03],
            ),
            // A rectangle over everything would leave no picture.
            Self::Occlusion => ("occlusion", 0.0, [0.0, 0.9], "part of the side", [0.0, 0.2]),
            Self::Blur => ("blur", 0.0, [0.0, 0.1], "part of the width", [0.0, 0.008]),
            Self::Gamma => ("gamma", 1.0, [0.2, 5.0], "exponent", [0.8, 1.25]),
            Self::Brightness => ("brightness", 1.0, [0.1, 10.0], "factor", [0.7, 1.4]),
            Self::WhiteBalance => ("white_balance", 1.0, [0.1, 10.0], "factor", [0.8, 1.2]),
            Self::Saturation => ("saturation", 1.0, [0.0, 10.0], "factor", [0.7, 1.3]),
            Self::Contrast => ("contrast", 1.0, [0.1, 10.0], "factor", [0.8, 1.25]),
            Self::Noise => (
                "noise",
                0.0,
                [0.0, 0.5],
                "part of the full scale",
                [0.0, 0.06],
            ),
        };
        Rules {
            key,
            neutral,
            least,
            most,
            unit,
            usual,
        }
    }

    /// The quantity of a key.
    pub fn of_key(key: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|quantity| quantity.rules().key == key)
    }

    /// Whether it says from where a picture is seen; the others say how it looks.
    pub fn is_of_place(self) -> bool {
        matches!(
            self,
            Self::Zoom | Self::Shift | Self::RotationDeg | Self::Perspective
        )
    }

    /// Whether it means anything for distances: they have no colours, and blur and noise would invent some where nothing was
    /// measured.
    pub fn is_of_depth(self) -> bool {
        self.is_of_place() || self == Self::Occlusion
    }
}
