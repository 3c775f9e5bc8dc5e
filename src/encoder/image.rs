//! A vision encoder: a picture in a message to a feature.

use std::path::Path;
use std::time::Instant;

use super::decode::Decoder;
use super::file::verified_model;
use super::onnx::{Element, Input, Model, Port, list};
use super::picture::{Picture, Pixel};
use super::pixels::{Converter, Subject};
use super::pooling::{Pool, Recipe};
use super::prepare::Preparation;
use super::provider::SessionOptions;
use super::rgb_picture::RgbPicture;
use super::runtime::Runtime;
use super::summary::Summary;
use crate::errors::ConfigErrors;
use crate::map::MapShape;
use crate::message::{CompressedImageView, ImageView, MessageError};
use crate::spec::{ElementType, ImageEncoderSpec, ImageInputSpec, Weights};

/// A loaded vision encoder.
pub(super) struct ImageEncoder {
    input: String,
    preparation: Preparation,
    converter: Converter,
    decoder: Decoder,
    subject: Subject,
    model: Model,
    pool: Pool,
    map: Option<MapShape>,
    summary: Summary,
}

impl ImageEncoder {
    /// Loads the model, checks that it takes the tensor of the policy, and runs it once on a black picture.
    pub fn load(
        modality: &str,
        spec: &ImageEncoderSpec,
        folder: &Path,
        weights: &Weights,
        runtime: &Runtime,
        options: &SessionOptions,
    ) -> Result<Self, ConfigErrors> {
        let (path, content) =
            verified_model(folder, &spec.model, &spec.sha256, &spec.external_data)?;
        let in_file = |why: String| format!("encoder.model {}: {why}", path.display());
        let mut model = Model::load(runtime.library(), &path, content, &spec.output, options)
            .map_err(in_file)?;
        let preparation = Preparation::new(&spec.input);
        let port =
            check_input(&spec.input, preparation.shape(), model.inputs()).map_err(in_file)?;
        let summary = Summary::of_model(&path, &model, port.to_string());
        let recipe = Recipe {
            pooling: spec.pooling,
            normalize: spec.normalize,
            cells: spec.cells.unwrap_or(1),
            mixtures: spec.mixtures().unwrap_or(1),
            modality,
            weights,
        };
        let (pool, map) = model
            .run(&[tensor(&spec.input.name, &preparation)], |shape, _| {
                let dims: Vec<usize> = shape.iter().map(|&d| d.max(0) as usize).collect();
                Pool::new(&recipe, shape).map(|pool| (pool, MapShape::of(&dims)))
            })
            .map_err(|why| in_file(format!("it cannot run on a black picture: {why}")))?
            .map_err(|found| {
                let mut errors = ConfigErrors::new();
                errors.add_all(&format!("encoder.model {}", path.display()), found);
                errors
            })?;
        Ok(Self {
            input: spec.input.name.clone(),
            preparation,
            converter: Converter::default(),
            decoder: Decoder::default(),
            subject: Subject::of(&spec.input),
            model,
            map,
            summary: Summary {
                width: pool.width(),
                ..summary
            },
            pool,
        })
    }

    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// When the model last began to run.
    pub fn model_entered(&self) -> Option<Instant> {
        self.model.entered()
    }

    /// The shape of the model's output, where it is a map.
    pub fn map(&self) -> Option<MapShape> {
        self.map
    }

    /// From here on pictures with less contrast than this part of the full range are not encoded.
    pub fn require_contrast(&mut self, min_contrast: f64) {
        self.preparation.require_contrast(min_contrast);
    }

    /// From here on the last picture is kept as the model is given it.
    pub fn keep_pictures(&mut self) {
        self.preparation.keep_pictures();
    }

    /// The last picture, if it is kept.
    pub fn kept(&self) -> Option<&RgbPicture> {
        self.preparation.kept()
    }

    /// Encodes a picture of a camera, and says whether it shows anything.
    pub fn image(
        &mut self,
        view: &ImageView<'_>,
        feature: &mut [f32],
    ) -> Result<bool, MessageError> {
        let picture = self.converter.convert(view, self.subject)?;
        self.preparation.prepare(picture)?;
        self.run(feature)
    }

    /// Encodes a compressed picture of a camera, and says whether it shows anything.
    pub fn compressed(
        &mut self,
        view: &CompressedImageView<'_>,
        feature: &mut [f32],
    ) -> Result<bool, MessageError> {
        let picture = self.decoder.decode(view.format, view.data, self.subject)?;
        self.preparation.prepare(picture)?;
        self.run(feature)
    }

    /// Encodes a picture in memory, whatever it shows.
    pub fn picture(
        &mut self,
        picture: &RgbPicture,
        feature: &mut [f32],
    ) -> Result<(), MessageError> {
        let RgbPicture {
            width,
            height,
            data,
        } = picture;
        if data.is_empty() || data.len() != 3 * width * height {
            return Err(MessageError::invalid(
                "the picture",
                format_args!("{width} × {height} pixels in {} bytes", data.len()),
                "three bytes for each pixel, and at least one pixel",
            ));
        }
        self.preparation.prepare(Picture {
            width: *width,
            height: *height,
            step: 3 * width,
            pixel: Pixel::Rgb,
            data,
        })?;
        self.encode(feature)
    }

    fn run(&mut self, feature: &mut [f32]) -> Result<bool, MessageError> {
        if self.preparation.is_blank() {
            return Ok(false);
        }
        self.encode(feature)?;
        Ok(true)
    }

    fn encode(&mut self, feature: &mut [f32]) -> Result<(), MessageError> {
        let input = tensor(&self.input, &self.preparation);
        let pool = &mut self.pool;
        self.model
            .run(&[input], |_, output| pool.pool(output, &[], feature))
            .map_err(|why| encoder_failed(&why))?
    }
}

/// The encoder's library refused to run.
pub(super) fn encoder_failed(why: &str) -> MessageError {
    MessageError::invalid(
        "the encoder's answer",
        format_args!("an error ({why})"),
        "the model must be able to run on every input of its declared shape",
    )
}

fn tensor<'a>(name: &'a str, preparation: &'a Preparation) -> Input<'a> {
    Input {
        name,
        shape: preparation.shape(),
        numbers: preparation.tensor(),
    }
}

/// The model's only input, when it takes the tensor that the policy describes.
fn check_input<'a>(
    spec: &ImageInputSpec,
    shape: &[i64],
    inputs: &'a [Port],
) -> Result<&'a Port, String> {
    let port = match inputs {
        [port] if port.name == spec.name => port,
        _ => {
            return Err(format!(
                "encoder.input.name is {:?}, and an image encoder has that one input; the inputs of this model are: {}",
                spec.name,
                list(inputs)
            ));
        }
    };
    let (element, word) = match spec.element {
        ElementType::F32 => (Element::F32, "f32"),
        ElementType::U8 => (Element::U8, "u8"),
    };
    let fits = port.element == element
        && port.shape.len() == shape.len()
        && port
            .shape
            .iter()
            .zip(shape)
            .all(|(&has, &given)| has < 0 || has == given);
    if fits {
        Ok(port)
    } else {
        Err(format!(
            "encoder.input makes a tensor {word} {shape:?}, and this model takes {port}; \
             type, layout, width and height must agree with it"
        ))
    }
}
