//! One modality's way from a serialized message to its feature.

use std::path::Path;
use std::time::Instant;

use super::accepted::allowed_types;
use super::fingerprint::fingerprint;
use super::image::ImageEncoder;
use super::precomputed::PrecomputedFeature;
use super::provider::SessionOptions;
use super::rgb_picture::RgbPicture;
use super::runtime::Runtime;
use super::summary::Summary;
use super::text::TextEncoder;
use super::vector::VectorReader;
use crate::errors::ConfigErrors;
use crate::message::{
    CompressedImageView, FeatureView, ImageView, JointStateView, MessageError, MessageType,
    Numbers, text,
};
use crate::realtime::CpuList;
use crate::spec::{ModalitySpec, SourceSpec, Weights};
use crate::time::Stamp;

/// Turns the messages of one modality into features, in the node as in the trainer.
pub struct FeatureExtractor {
    source: Source,
    /// What takes its features over when they come ready-made; none for numbers, which nothing makes.
    ready: Option<PrecomputedFeature>,
    width: usize,
    cpus: CpuList,
}

pub(super) enum Source {
    Image(Box<ImageEncoder>),
    Text(Box<TextEncoder>),
    Vector(Box<VectorReader>),
    /// An encoder on another machine, with the width of its features.
    Remote(usize),
}

/// What a message gave beside its feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extraction {
    /// The message's own stamp; `None` for types without a header.
    pub stamp: Option<Stamp>,
    /// Whether there is a feature: a blank instruction means that there is none, and joint states that some joints are
    /// yet to come.
    pub present: bool,
    /// Whether the message has to do with the modality; joint states may be about other joints alone. Where it has not,
    /// nothing is new.
    pub relevant: bool,
    /// How much older than the message the oldest number of the feature is, in nanoseconds: the joints of a robot come
    /// from several publishers, and each has an age of its own.
    pub behind_ns: i64,
    /// How much earlier than the message its oldest part was received, in nanoseconds.
    pub received_behind_ns: i64,
}

impl Extraction {
    /// Nothing to fuse, from a message without a stamp.
    pub fn absent() -> Self {
        Self {
            stamp: None,
            present: false,
            relevant: true,
            behind_ns: 0,
            received_behind_ns: 0,
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
    ) -> Result<Self, ConfigErrors> {
        let source = Source::load(spec, folder, weights, runtime, options)?;
        let width = source.width();
        if width != spec.width {
            return Err(ConfigErrors::from(format!(
                "width is {}, and the {} gives {width} numbers; they must agree",
                spec.width,
                match source {
                    Source::Vector(_) => "list of names",
                    _ => "encoder with its pooling",
                }
            )));
        }
        Ok(Self {
            source,
            ready: ready(spec, weights),
            width,
            cpus: options.cpus.clone(),
        })
    }

    /// What takes the modality's features over ready-made, from an encoder of the same fingerprint on another machine: the
    /// files of the encoder need not be here. Numbers are read as they always are.
    pub fn without_encoder(spec: &ModalitySpec, weights: &Weights) -> Self {
        Self {
            source: match &spec.source {
                SourceSpec::Vector { names } => Source::Vector(Box::new(VectorReader::new(names))),
                _ => Source::Remote(spec.width),
            },
            ready: ready(spec, weights),
            width: spec.width,
            cpus: CpuList::default(),
        }
    }

    /// Loads the extractors of all modalities of a policy, in its order, each with the options for its name.
    ///
    /// # Errors
    /// The errors of all of them, each with its modality's name.
    pub fn load_all(
        modalities: &[ModalitySpec],
        folder: &Path,
        weights: &Weights,
        runtime: &Runtime,
        options: impl Fn(&str) -> SessionOptions,
    ) -> Result<Vec<Self>, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let mut extractors = Vec::with_capacity(modalities.len());
        for modality in modalities {
            let options = options(&modality.name);
            match Self::load(modality, folder, weights, runtime, &options) {
                Ok(extractor) => extractors.push(extractor),
                Err(found) => errors.add_all(&format!("modality {}", modality.name), found),
            }
        }
        errors.or(extractors)
    }

    /// Lets the calling thread, which is the one that will extract, run where the encoder's threads may. That this cannot be
    /// is told when it is loaded.
    pub fn settle_on_this_thread(&self) {
        if !self.cpus.is_any() {
            let _ = self.cpus.apply_to_this_thread();
        }
    }

    /// The same, for which a picture is absent of which no colour channel has its dark and its bright numbers further
    /// apart than this part of the full range: it shows nothing, as with a covered lens. The darkest and the brightest
    /// hundredth of the pixels do not count, so that hot pixels are no contrast.
    pub fn with_min_contrast(mut self, min_contrast: f64) -> Self {
        if let Source::Image(encoder) = &mut self.source {
            encoder.require_contrast(min_contrast);
        }
        self
    }

    /// The same, which keeps the last picture.
    pub fn keeping_pictures(mut self) -> Self {
        if let Source::Image(encoder) = &mut self.source {
            encoder.keep_pictures();
        }
        self
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
        self.extract_received(message_type, bytes, Stamp::default(), feature)
    }

    /// The same for a message that was received at `received`, which is the stamp of joint states that have none.
    ///
    /// Joint states are put together: the feature has the newest position of every joint. So the messages of a topic must
    /// come in their order, all of them, and [`FeatureExtractor::forget`] stands between two recordings.
    ///
    /// # Errors
    /// As for [`FeatureExtractor::extract`].
    ///
    /// # Panics
    /// As for [`FeatureExtractor::extract`].
    pub fn extract_received(
        &mut self,
        message_type: MessageType,
        bytes: &[u8],
        received: Stamp,
        feature: &mut [f32],
    ) -> Result<Extraction, MessageError> {
        assert_eq!(feature.len(), self.width, "room for the feature");
        let mut present = true;
        let (mut relevant, mut behind_ns, mut received_behind_ns) = (true, 0, 0);
        let stamp = match (&mut self.source, &self.ready, message_type) {
            (Source::Image(encoder), _, MessageType::Image) => {
                let view = ImageView::parse(bytes)?;
                present = encoder.image(&view, feature)?;
                Some(view.stamp)
            }
            (Source::Image(encoder), _, MessageType::CompressedImage) => {
                let view = CompressedImageView::parse(bytes)?;
                present = encoder.compressed(&view, feature)?;
                Some(view.stamp)
            }
            (Source::Text(encoder), _, MessageType::String) => {
                present = encoder.encode(text(bytes)?, feature)?;
                None
            }
            (Source::Vector(reader), _, MessageType::JointState) => {
                let view = JointStateView::parse(bytes)?;
                let joined = reader.joints(&view, received, feature)?;
                (relevant, present) = (joined.relevant, joined.present);
                (behind_ns, received_behind_ns) = (joined.behind_ns, joined.received_behind_ns);
                Some(view.stamp)
            }
            (Source::Vector(reader), _, MessageType::Float32MultiArray) => {
                reader.array(&Numbers::float32(bytes)?, feature)?;
                None
            }
            (Source::Vector(reader), _, MessageType::Float64MultiArray) => {
                reader.array(&Numbers::float64(bytes)?, feature)?;
                None
            }
            (Source::Vector(reader), _, MessageType::Defined(defined)) => {
                reader.fields(defined, bytes, feature)?
            }
            (_, Some(ready), MessageType::PointCloud2) => {
                let view = FeatureView::parse(bytes)?;
                present = ready.read(&view, feature)?;
                Some(view.stamp)
            }
            (source, _, other) => {
                return Err(MessageError::invalid(
                    "the message's type",
                    other.ros_name(),
                    allowed_types(source.kind()),
                ));
            }
        };
        Ok(Extraction {
            stamp,
            present,
            relevant,
            behind_ns,
            received_behind_ns,
        })
    }

    /// Forgets the messages before: what follows is another recording.
    pub fn forget(&mut self) {
        if let Source::Vector(reader) = &mut self.source {
            reader.forget();
        }
    }

    /// Which joints are missing, or else which one makes the feature as old as it is, where that is one of several.
    /// `None` for whatever does not come as joint states.
    pub fn reason(&self) -> Option<String> {
        match &self.source {
            Source::Vector(reader) => reader.reason(),
            _ => None,
        }
    }

    /// When the encoder's model last began to run; `None` for what needs none.
    pub fn model_entered(&self) -> Option<Instant> {
        match &self.source {
            Source::Image(encoder) => encoder.model_entered(),
            Source::Text(encoder) => encoder.model_entered(),
            Source::Vector(_) | Source::Remote(_) => None,
        }
    }

    /// The last picture as its encoder was given it, before normalization; `None` for other sources, and where pictures are
    /// not kept ([`FeatureExtractor::keeping_pictures`]).
    pub fn picture(&self) -> Option<&RgbPicture> {
        match &self.source {
            Source::Image(encoder) => encoder.kept(),
            _ => None,
        }
    }

    /// Writes the feature of a picture in memory, which becomes the last one; of other sources nothing is written.
    ///
    /// # Errors
    /// A picture with other bytes than its size says, or that cannot be resized to the encoder's, and what the encoder's library says.
    pub fn extract_picture(
        &mut self,
        picture: &RgbPicture,
        feature: &mut [f32],
    ) -> Result<(), MessageError> {
        match &mut self.source {
            Source::Image(encoder) => encoder.picture(picture, feature),
            _ => Ok(()),
        }
    }

    /// Writes the feature of a sentence; of other sources, and of a blank sentence, nothing is written.
    ///
    /// # Errors
    /// A sentence that is too long for the encoder, and what its library says; nothing is written then either.
    pub fn extract_sentence(
        &mut self,
        sentence: &str,
        feature: &mut [f32],
    ) -> Result<(), MessageError> {
        match &mut self.source {
            Source::Text(encoder) => encoder.encode(sentence, feature).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Width of the feature.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The fingerprint of what makes its features; `None` for numbers, which nothing makes.
    pub fn fingerprint(&self) -> Option<&str> {
        self.ready.as_ref().map(PrecomputedFeature::encoder)
    }

    /// What would run, for a table.
    pub fn describe(&self) -> Summary {
        match &self.source {
            Source::Image(encoder) => encoder.summary().clone(),
            Source::Text(encoder) => encoder.summary().clone(),
            Source::Vector(reader) => reader.summary(),
            Source::Remote(width) => Summary {
                model: None,
                device: None,
                input: format!(
                    "made elsewhere by {}",
                    self.fingerprint().unwrap_or_default()
                ),
                output: "as they are".into(),
                width: *width,
            },
        }
    }
}

fn ready(spec: &ModalitySpec, weights: &Weights) -> Option<PrecomputedFeature> {
    fingerprint(spec, weights).map(|encoder| PrecomputedFeature::new(encoder, spec.width))
}

impl Source {
    pub fn load(
        spec: &ModalitySpec,
        folder: &Path,
        weights: &Weights,
        runtime: &Runtime,
        options: &SessionOptions,
    ) -> Result<Self, ConfigErrors> {
        Ok(match &spec.source {
            SourceSpec::Image { encoder } => Self::Image(Box::new(ImageEncoder::load(
                &spec.name, encoder, folder, weights, runtime, options,
            )?)),
            SourceSpec::Text { encoder } => Self::Text(Box::new(TextEncoder::load(
                encoder, folder, runtime, options,
            )?)),
            SourceSpec::Vector { names } => Self::Vector(Box::new(VectorReader::new(names))),
            SourceSpec::Feature { .. } => Self::Remote(spec.width),
        })
    }

    pub fn width(&self) -> usize {
        match self {
            Self::Image(encoder) => encoder.summary().width,
            Self::Text(encoder) => encoder.summary().width,
            Self::Vector(reader) => reader.width(),
            Self::Remote(width) => *width,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Image(_) => "image",
            Self::Text(_) => "text",
            Self::Vector(_) => "vector",
            Self::Remote(_) => "feature",
        }
    }
}
