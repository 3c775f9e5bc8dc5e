//! One modality's way from a serialized message to its feature.

use std::fmt;
use std::path::{Path, PathBuf};

use super::image::ImageEncoder;
use super::onnx::Model;
use super::provider::{Device, SessionOptions};
use super::runtime::Runtime;
use super::text::TextEncoder;
use super::vector::VectorReader;
use crate::map::MapShape;
use crate::message::{
    CompressedImageView, ImageView, JointStateView, MessageError, MessageType, Numbers, text,
};
use crate::policy::{ModalitySpec, SourceSpec, Weights};
use crate::problems::Problems;
use crate::time::Stamp;

/// Turns the messages of one modality into features, in the node as in the trainer.
pub struct FeatureExtractor {
    source: Source,
    width: usize,
}

enum Source {
    Image(Box<ImageEncoder>),
    Text(Box<TextEncoder>),
    Vector(VectorReader),
}

/// What a message gave beside its feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extraction {
    /// The message's own stamp; `None` for types without a header.
    pub stamp: Option<Stamp>,
    /// Whether there is a feature: a blank instruction means that there is none.
    pub present: bool,
}

/// What would run, for a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The encoder's file; `None` for numbers, which need no encoder.
    pub model: Option<PathBuf>,
    /// Where it runs.
    pub device: Option<Device>,
    /// What goes in: name, type and shape of the model's inputs, or the names of the numbers.
    pub input: String,
    /// The output that is read, with its type and shape.
    pub output: String,
    /// Width of the feature.
    pub width: usize,
}

impl Summary {
    pub(super) fn of_model(path: &Path, model: &Model, input: String) -> Self {
        Self {
            model: Some(path.to_owned()),
            device: Some(model.device()),
            input,
            output: model.output().to_string(),
            width: 0,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.model, self.device) {
            (Some(model), Some(device)) => write!(
                f,
                "{} on {device}: {} -> {}, {} numbers",
                model.display(),
                self.input,
                self.output,
                self.width
            ),
            _ => write!(f, "{} numbers: {}", self.width, self.input),
        }
    }
}

impl FeatureExtractor {
    /// Loads what turns messages into the modality's feature; `folder` is where the paths in `spec` start from.
    /// An encoder is run once on a blank input, so the first message is not slower than the others.
    ///
    /// # Errors
    /// A file that is missing or another one than the policy was trained with, a model that cannot be loaded, that
    /// lacks the named input or output, takes another tensor, or gives a feature of another width.
    pub fn load(
        spec: &ModalitySpec,
        folder: &Path,
        weights: &Weights,
        runtime: &Runtime,
        options: &SessionOptions,
    ) -> Result<Self, Problems> {
        let source = Source::load(&spec.name, &spec.source, folder, weights, runtime, options)?;
        let width = source.width();
        if width != spec.width {
            return Err(Problems::from(format!(
                "width is {}, and the {} gives {width} numbers; they must agree",
                spec.width,
                match source {
                    Source::Vector(_) => "list of names",
                    _ => "encoder with its pooling",
                }
            )));
        }
        Ok(Self { source, width })
    }

    /// Loads the extractors of all modalities of a policy, in its order.
    ///
    /// # Errors
    /// The problems of all of them, each with its modality's name.
    pub fn load_all(
        modalities: &[ModalitySpec],
        folder: &Path,
        weights: &Weights,
        runtime: &Runtime,
        options: &SessionOptions,
    ) -> Result<Vec<Self>, Problems> {
        let mut problems = Problems::new();
        let mut extractors = Vec::with_capacity(modalities.len());
        for modality in modalities {
            match Self::load(modality, folder, weights, runtime, options) {
                Ok(extractor) => extractors.push(extractor),
                Err(found) => problems.add_all(&format!("modality {}", modality.name), found),
            }
        }
        problems.or(extractors)
    }

    /// What reads numbers by name out of messages; there is no encoder to load.
    pub fn of_numbers(names: &[String]) -> Self {
        Self {
            source: Source::Vector(VectorReader::new(names)),
            width: names.len(),
        }
    }

    /// Reads a message and writes its feature to `feature`, of the modality's width; untouched when there is none.
    ///
    /// # Errors
    /// What is wrong with the message, or with the feature that it gave.
    ///
    /// # Panics
    /// When `feature` is of another width.
    pub fn extract(
        &mut self,
        message_type: MessageType,
        bytes: &[u8],
        feature: &mut [f32],
    ) -> Result<Extraction, MessageError> {
        assert_eq!(feature.len(), self.width, "room for the feature");
        let mut present = true;
        let stamp = match (&mut self.source, message_type) {
            (Source::Image(encoder), MessageType::Image) => {
                let view = ImageView::parse(bytes)?;
                encoder.image(&view, feature)?;
                Some(view.stamp)
            }
            (Source::Image(encoder), MessageType::CompressedImage) => {
                let view = CompressedImageView::parse(bytes)?;
                encoder.compressed(&view, feature)?;
                Some(view.stamp)
            }
            (Source::Text(encoder), MessageType::String) => {
                present = encoder.encode(text(bytes)?, feature)?;
                None
            }
            (Source::Vector(reader), MessageType::JointState) => {
                let view = JointStateView::parse(bytes)?;
                reader.joints(&view, feature)?;
                Some(view.stamp)
            }
            (Source::Vector(reader), MessageType::Float32MultiArray) => {
                reader.array(&Numbers::float32(bytes)?, feature)?;
                None
            }
            (Source::Vector(reader), MessageType::Float64MultiArray) => {
                reader.array(&Numbers::float64(bytes)?, feature)?;
                None
            }
            (source, other) => {
                return Err(MessageError::invalid(
                    "the message's type",
                    other.ros_name(),
                    allowed_types(source.kind()),
                ));
            }
        };
        Ok(Extraction { stamp, present })
    }

    /// Width of the feature.
    pub fn width(&self) -> usize {
        self.width
    }

    /// What would run, for a table.
    pub fn describe(&self) -> Summary {
        match &self.source {
            Source::Image(encoder) => encoder.summary().clone(),
            Source::Text(encoder) => encoder.summary().clone(),
            Source::Vector(reader) => reader.summary(),
        }
    }
}

impl Source {
    fn load(
        modality: &str,
        spec: &SourceSpec,
        folder: &Path,
        weights: &Weights,
        runtime: &Runtime,
        options: &SessionOptions,
    ) -> Result<Self, Problems> {
        Ok(match spec {
            SourceSpec::Image { encoder } => Self::Image(Box::new(ImageEncoder::load(
                modality, encoder, folder, weights, runtime, options,
            )?)),
            SourceSpec::Text { encoder } => Self::Text(Box::new(TextEncoder::load(
                encoder, folder, runtime, options,
            )?)),
            SourceSpec::Vector { names } => Self::Vector(VectorReader::new(names)),
        })
    }

    fn width(&self) -> usize {
        match self {
            Self::Image(encoder) => encoder.summary().width,
            Self::Text(encoder) => encoder.summary().width,
            Self::Vector(reader) => reader.width(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Image(_) => "image",
            Self::Text(_) => "text",
            Self::Vector(_) => "vector",
        }
    }
}

/// What an encoder gives, for a policy that is being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Width of the feature.
    pub width: usize,
    /// The shape of the model's output before pooling, where it is a map.
    pub map: Option<MapShape>,
}

/// Loads what `source` names to see what it gives. Nothing learned is at hand yet, so keypoints cannot be pooled.
///
/// # Errors
/// As for [`FeatureExtractor::load`].
pub fn probe(
    source: &SourceSpec,
    folder: &Path,
    runtime: &Runtime,
    options: &SessionOptions,
) -> Result<Probe, Problems> {
    let source = Source::load("", source, folder, &Weights::default(), runtime, options)?;
    Ok(Probe {
        width: source.width(),
        map: match &source {
            Source::Image(encoder) => encoder.map(),
            Source::Text(_) | Source::Vector(_) => None,
        },
    })
}

/// Whether messages of a type can feed a modality of that kind.
///
/// # Errors
/// A sentence that names the types which can.
pub fn accepts(source: &SourceSpec, message_type: MessageType) -> Result<(), String> {
    if accepted(source.kind()).contains(&message_type) {
        Ok(())
    } else {
        Err(format!(
            "message is {}, and the modality is of kind {}; {}",
            message_type.ros_name(),
            source.kind(),
            allowed_types(source.kind())
        ))
    }
}

fn accepted(kind: &str) -> &'static [MessageType] {
    match kind {
        "image" => &[MessageType::Image, MessageType::CompressedImage],
        "text" => &[MessageType::String],
        _ => &[
            MessageType::JointState,
            MessageType::Float32MultiArray,
            MessageType::Float64MultiArray,
        ],
    }
}

fn allowed_types(kind: &str) -> String {
    let names: Vec<&str> = accepted(kind).iter().map(|t| t.ros_name()).collect();
    format!("{} can feed it", names.join(", "))
}
