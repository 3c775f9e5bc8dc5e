//! What a policy says of its frozen encoders: the files, the preparation, and what is read from the model.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::map::MapShape;

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
    /// Filters of the pooling `convolution`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filters: Option<usize>,
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
    /// The part of every picture that the encoder is shown; all of it unless said otherwise.
    #[serde(default, skip_serializing_if = "RegionSpec::is_whole")]
    pub region: RegionSpec,
    /// How a picture, or the region of one, of another aspect ratio is fitted.
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
    /// That the pictures are of distances, and how those become bytes; without it pictures of distances are refused, and
    /// with it all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<DepthSpec>,
}

/// A part of a picture, in fractions of its width and height.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionSpec {
    /// Where it begins, from the left edge.
    pub left: f64,
    /// Where it begins, from the upper edge.
    pub top: f64,
    /// How wide it is.
    pub width: f64,
    /// How high it is.
    pub height: f64,
}

impl RegionSpec {
    /// Whether it is the whole picture.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for RegionSpec {
    /// The whole picture.
    fn default() -> Self {
        Self {
            left: 0.0,
            top: 0.0,
            width: 1.0,
            height: 1.0,
        }
    }
}

/// How distances become grey: 0 m is byte 0, and so is a pixel for which no distance was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepthSpec {
    /// The distance in metres that becomes byte 255, as does whatever is farther away.
    pub max_m: f32,
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
    /// A learned 1×1 convolution of a map `[1, channels, rows, columns]` with ReLU: what `filters` learned mixtures of the
    /// channels say at every position, filter by filter, each row by row: `filters·rows·columns` numbers.
    Convolution,
}

impl Pooling {
    /// Whether it is learned together with the policy, from the encoder's whole map.
    pub fn is_learned(self) -> bool {
        matches!(self, Self::SpatialSoftmax | Self::Convolution)
    }

    /// How many numbers a learned pooling gives of a map, with so many mixtures of its channels.
    pub fn learned_width(self, mixtures: usize, map: MapShape) -> usize {
        match self {
            Self::Convolution => mixtures * map.positions(),
            _ => 2 * mixtures,
        }
    }
}

impl ImageEncoderSpec {
    /// How many mixtures of channels a learned pooling has: its keypoints or filters.
    pub fn mixtures(&self) -> Option<usize> {
        match self.pooling {
            Pooling::SpatialSoftmax => self.keypoints,
            Pooling::Convolution => self.filters,
            _ => None,
        }
    }
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
