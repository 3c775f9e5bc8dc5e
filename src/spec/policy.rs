//! What `policy.yaml` says: the modalities and their encoders, the fusion, the head and the action space.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::FusionSpec;

/// The format number that this release writes and reads.
pub const FORMAT: u32 = 3;

/// A whole `policy.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// Number of the format, [`FORMAT`].
    pub format: u32,
    /// What the policy is called in logs and tables.
    pub name: String,
    /// What it was trained to do, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The modalities, in the order in which they are fused.
    pub modalities: Vec<ModalitySpec>,
    /// How the projected features become one vector.
    pub fusion: FusionSpec,
    /// How the fused vector becomes an action.
    pub head: HeadSpec,
    /// The action space, one entry per number of the action.
    pub actions: Vec<ActionSpec>,
    /// What the recordings were like that it was learned from.
    #[serde(default, skip_serializing_if = "RecordedSpec::is_empty")]
    pub recorded: RecordedSpec,
}

/// What the recordings were like that a policy was learned from, as far as running it depends on that. Nothing of it is
/// needed; what is not said is not compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedSpec {
    /// Labels per second, by their median interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_rate_hz: Option<f64>,
    /// By modality, how many seconds old its messages were at the first label that each was used for, as a median. Only
    /// modalities that must not be older than some age are in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub observation_age_s: BTreeMap<String, f64>,
}

impl RecordedSpec {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The same for a policy that has only these modalities.
    pub fn of(&self, modalities: &[ModalitySpec]) -> Self {
        let mut recorded = self.clone();
        let is_kept = |name: &String| modalities.iter().any(|m| m.name == *name);
        recorded.observation_age_s.retain(|name, _| is_kept(name));
        recorded
    }
}

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
        /// The identity of what made it, which every message must carry.
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

/// A vision encoder: the file, how a picture is prepared for it and what is read from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageEncoderSpec {
    /// The ONNX file, relative to the folder of `policy.yaml`.
    pub model: PathBuf,
    /// SHA-256 of that file, in hexadecimal.
    pub sha256: String,
    /// SHA-256 of the files beside it in which weights of it lie, by their names as the model has them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external_data: BTreeMap<String, String>,
    /// The tensor that the model expects.
    pub input: ImageInputSpec,
    /// Name of the output that is read.
    pub output: String,
    /// How that output becomes one vector.
    #[serde(default)]
    pub pooling: Pooling,
    /// Cells per side of the pooling `grid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<usize>,
    /// Keypoints of the pooling `spatial_softmax`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keypoints: Option<usize>,
    /// Whether the vector is scaled to length 1.
    #[serde(default)]
    pub normalize: Normalize,
}

/// The image tensor of an encoder. A number of the tensor is `(byte · rescale − mean) / std`, per channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageInputSpec {
    /// Name of the input.
    pub name: String,
    /// Its element type.
    #[serde(rename = "type", default)]
    pub element: ElementType,
    /// Its order of axes.
    #[serde(default)]
    pub layout: Layout,
    /// Columns, in pixels.
    pub width: usize,
    /// Rows, in pixels.
    pub height: usize,
    /// Order of the colour channels.
    #[serde(default)]
    pub channels: Channels,
    /// How a picture of another aspect ratio is fitted.
    #[serde(default)]
    pub fit: Fit,
    /// Factor applied to a byte before the mean is taken off; 1/255 unless said otherwise.
    #[serde(default = "one_255th")]
    pub rescale: f32,
    /// Mean per channel, after `rescale`, in the order of `channels`.
    #[serde(default)]
    pub mean: [f32; 3],
    /// Normalizer deviation per channel, after `rescale`, in the order of `channels`.
    #[serde(default = "ones")]
    pub std: [f32; 3],
}

fn one_255th() -> f32 {
    1.0 / 255.0
}

fn ones() -> [f32; 3] {
    [1.0; 3]
}

/// A language encoder: the model, its tokenizer and what is read from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextEncoderSpec {
    /// The ONNX file, relative to the folder of `policy.yaml`.
    pub model: PathBuf,
    /// SHA-256 of that file, in hexadecimal.
    pub sha256: String,
    /// SHA-256 of the files beside it in which weights of it lie, by their names as the model has them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external_data: BTreeMap<String, String>,
    /// The `tokenizer.json`, relative to the folder of `policy.yaml`.
    pub tokenizer: PathBuf,
    /// SHA-256 of the tokenizer, in hexadecimal.
    pub tokenizer_sha256: String,
    /// The most tokens the model takes, special tokens included; a longer instruction is refused.
    pub max_tokens: usize,
    /// Name of the output that is read.
    pub output: String,
    /// How that output becomes one vector.
    #[serde(default)]
    pub pooling: Pooling,
    /// Whether the vector is scaled to length 1.
    #[serde(default)]
    pub normalize: Normalize,
}

/// Element type of an image tensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ElementType {
    /// 32-bit floats.
    #[default]
    F32,
    /// Bytes; `rescale`, `mean` and `std` do not apply.
    U8,
}

/// Order of the axes of an image tensor; the batch is always 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Batch, channel, row, column.
    #[default]
    Nchw,
    /// Batch, row, column, channel.
    Nhwc,
}

/// Order of the colour channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// Red first.
    #[default]
    Rgb,
    /// Blue first.
    Bgr,
}

/// How a picture is brought to the encoder's size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Both sides are scaled on their own.
    #[default]
    Stretch,
    /// The largest centred part of the encoder's aspect ratio is scaled.
    Crop,
}

/// How an encoder's output becomes one vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The output is one vector already: `[1, width]`.
    #[default]
    None,
    /// Mean over the positions of a map `[1, width, rows, columns]`, or over the tokens of `[1, tokens, width]`.
    Mean,
    /// The first token of `[1, tokens, width]`.
    Cls,
    /// Mean over the tokens that the attention mask keeps.
    MaskedMean,
    /// Every number of the output, in its order.
    Flatten,
    /// Means over the `cells`×`cells` cells of a map `[1, channels, rows, columns]`, channel by channel, each row by row:
    /// `channels·cells²` numbers.
    Grid,
    /// Learned keypoints of a map `[1, channels, rows, columns]`: a softmax over the positions of each of `keypoints`
    /// learned mixtures of the channels, and the expected place under it: x of every keypoint, then y of every
    /// keypoint, from −1 (left, top) to 1 (right, bottom). Finn et al. 2016, "Deep spatial autoencoders for visuomotor
    /// learning".
    SpatialSoftmax,
}

/// Scaling of a pooled vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalize {
    /// As it is.
    #[default]
    None,
    /// To Euclidean length 1.
    L2,
}

/// How the fused vector becomes an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum HeadSpec {
    /// A multi-layer perceptron with ReLU between its layers.
    Mlp {
        /// Widths of the hidden layers.
        hidden: Vec<usize>,
        /// The chunk of actions that it predicts; without it one action.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chunk: Option<ChunkSpec>,
    },
}

impl HeadSpec {
    /// How many actions are predicted at once.
    pub fn steps(&self) -> usize {
        let Self::Mlp { chunk, .. } = self;
        chunk.map_or(1, |chunk| chunk.steps)
    }
}

/// A chunk: the actions of the next `steps` steps, of which the first is for the time of the label that it was learned
/// from. [`crate::chunk`] says when that is while the policy runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChunkSpec {
    /// How many actions.
    pub steps: usize,
    /// Time from one to the next, in seconds.
    pub step_s: f64,
}

/// One number of the action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionSpec {
    /// Its name, by which it is mapped to a field of the command message.
    pub name: String,
    /// Its unit, for people: `m/s`, `rad`, `1` for a normalized number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// The smallest value that may leave the node.
    pub min: f64,
    /// The largest value that may leave the node.
    pub max: f64,
    /// The value that stops the robot.
    #[serde(default)]
    pub stop: f64,
}
