//! A modality of a policy: one input stream, and how it becomes a feature.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ImageEncoderSpec, TextEncoderSpec};

/// One input stream and how it becomes a feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModalitySpec {
    /// The user's name for it: lower-case letters, digits and `_`.
    pub name: String,
    /// What arrives, and what turns it into a feature.
    #[serde(flatten)]
    pub source: SourceSpec,
    /// Width of one feature, in numbers.
    pub width: usize,
    /// How many of the newest features are seen at once: the newest, then the older ones as their differences to it,
    /// newest first. 1 is the newest alone.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub history: usize,
    /// For a vector, the modality whose newest message decides since when its movement counts: behind the newest numbers
    /// come their differences to those at that message's stamp. They say what a late picture does not show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_since: Option<String>,
    /// Width of the learned projection; without it the standardized feature is fused as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projection: Option<usize>,
    /// Widths of the hidden layers before that projection, with ReLU.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projection_hidden: Vec<usize>,
    /// What follows its last layer.
    #[serde(default, skip_serializing_if = "Activation::is_none")]
    pub projection_activation: Activation,
}

/// What follows the last layer of a projection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing.
    #[default]
    None,
    /// tanh, to between −1 and 1.
    Tanh,
}

impl Activation {
    /// Whether nothing follows.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

fn one() -> usize {
    1
}

fn is_one(number: &usize) -> bool {
    *number == 1
}

/// The kind of a modality with what only that kind has. All keys that no modality has by itself reach it, so that it can
/// refuse those that it does not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SourceSpec {
    /// A camera: `sensor_msgs/Image` or `CompressedImage`.
    Image {
        /// The frozen vision model.
        encoder: ImageEncoderSpec,
    },
    /// An instruction: `std_msgs/String`.
    Text {
        /// The frozen language model.
        encoder: TextEncoderSpec,
    },
    /// Numbers that need no encoder, such as joint positions.
    Vector {
        /// One name per number. A `JointState` is read by these names, an array in their order.
        names: Vec<String>,
    },
    /// A feature that was made elsewhere, by an encoder that this policy does not know.
    Feature {
        /// The fingerprint of what made it, which every message must carry.
        encoder: String,
    },
}

impl SourceSpec {
    /// The word used for it in `policy.yaml`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Image { .. } => "image",
            Self::Text { .. } => "text",
            Self::Vector { .. } => "vector",
            Self::Feature { .. } => "feature",
        }
    }

    /// Whether it is a sentence.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text { .. })
    }

    /// The same however it is written: without the places of its files, for a moved encoder is still the same encoder,
    /// and with hashes in lower case.
    pub fn canonical(&self) -> Self {
        let mut source = self.clone();
        match &mut source {
            Self::Image { encoder } => {
                encoder.model = PathBuf::new();
                encoder.sha256.make_ascii_lowercase();
                make_lowercase(&mut encoder.external_data);
            }
            Self::Text { encoder } => {
                encoder.model = PathBuf::new();
                encoder.sha256.make_ascii_lowercase();
                make_lowercase(&mut encoder.external_data);
                encoder.tokenizer = PathBuf::new();
                encoder.tokenizer_sha256.make_ascii_lowercase();
            }
            Self::Vector { .. } | Self::Feature { .. } => {}
        }
        source
    }
}

fn make_lowercase(hashes: &mut BTreeMap<String, String>) {
    for hash in hashes.values_mut() {
        hash.make_ascii_lowercase();
    }
}
