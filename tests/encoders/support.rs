//! What all of these tests need: the runtime, specs, pictures and messages.

use std::collections::BTreeMap;
use std::path::Path;

use late_fusion::encoder::{Extraction, FeatureExtractor, Runtime, SessionOptions, probe};
use late_fusion::errors::ConfigErrors;
use late_fusion::message::cdr::Writer;
use late_fusion::message::{MessageError, MessageType};
use late_fusion::spec::{
    Activation, ImageEncoderSpec, ModalitySpec, SourceSpec, TextEncoderSpec, Weights,
};
use late_fusion::time::Stamp;
use serde::Deserialize;

/// When the pictures of these tests were taken.
pub const TAKEN: Stamp = Stamp::from_ros(12, 500);

/// The repository, from which the paths of these tests start.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The ONNX Runtime of the test environment.
pub fn runtime() -> Runtime {
    assert!(
        std::env::var_os("LATE_FUSION_ONNXRUNTIME").is_some(),
        "these tests need the environment variable LATE_FUSION_ONNXRUNTIME, the path of libonnxruntime.so: \
         run `source scripts/env.bash` first"
    );
    Runtime::load(None).expect("the ONNX Runtime of the test environment")
}

/// A modality of the width that its encoder gives.
pub fn extractor(source: SourceSpec) -> FeatureExtractor {
    let options = SessionOptions::default();
    let mut spec = unmeasured(source);
    spec.width = probe(&spec, root(), &runtime(), &options).unwrap().width;
    FeatureExtractor::load(&spec, root(), &Weights::default(), &runtime(), &options).unwrap()
}

/// A modality whose width nobody knows yet.
fn unmeasured(source: SourceSpec) -> ModalitySpec {
    ModalitySpec {
        name: "tested".into(),
        source,
        width: 1,
        history: 1,
        moved_since: None,
        projection: None,
        projection_hidden: vec![],
        projection_activation: Activation::None,
    }
}

/// What loading a source says.
pub fn refusal(source: &SourceSpec) -> String {
    load_with(source, &SessionOptions::default())
        .expect_err("this must be refused")
        .to_string()
}

/// Fails unless a message names all of these.
pub fn assert_names(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

/// The feature of a message.
pub fn feature(
    extractor: &mut FeatureExtractor,
    message_type: MessageType,
    bytes: &[u8],
) -> Result<(Vec<f32>, Extraction), MessageError> {
    let mut feature = vec![f32::NAN; extractor.width()];
    let extraction = extractor.extract(message_type, bytes, &mut feature)?;
    Ok((feature, extraction))
}

/// How alike two directions are; 1 for the same.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len(), "width");
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// A source around a vision encoder.
pub fn image_source(encoder: ImageEncoderSpec) -> SourceSpec {
    SourceSpec::Image { encoder }
}

/// A source around a language encoder.
pub fn text_source(encoder: TextEncoderSpec) -> SourceSpec {
    SourceSpec::Text { encoder }
}

/// Loads an encoder with options, for tests of the options themselves.
pub fn load_with(source: &SourceSpec, options: &SessionOptions) -> Result<usize, ConfigErrors> {
    let spec = unmeasured(source.clone());
    probe(&spec, root(), &runtime(), options).map(|probe| probe.width)
}

/// The picture that the golden features were computed from, red first: gradients, a disc, a box and a checkerboard.
pub fn scene(width: usize, height: usize) -> Vec<u8> {
    let (w, h) = (width as i64, height as i64);
    let mut data = Vec::with_capacity(3 * width * height);
    for y in 0..h {
        for x in 0..w {
            let mut pixel = [
                x * 255 / (w - 1),
                y * 255 / (h - 1),
                (x + y) * 255 / (w + h - 2),
            ];
            if (x - w * 2 / 3).pow(2) + (y - h / 3).pow(2) < (h / 5).pow(2) {
                pixel = [230, 40, 30];
            }
            if (w / 8..w * 3 / 8).contains(&x) && (h / 2..h * 7 / 8).contains(&y) {
                pixel = [30, 60, 220];
            }
            if x >= w / 2 && y >= h * 2 / 3 && (x / 8 + y / 8) % 2 == 1 {
                pixel = pixel.map(|value| 255 - value);
            }
            data.extend(pixel.map(|value| value as u8));
        }
    }
    data
}

/// A serialized `sensor_msgs/msg/Image`.
pub fn image(width: usize, height: usize, step: usize, encoding: &str, data: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.header(TAKEN, "camera");
    writer.u32(height as u32);
    writer.u32(width as u32);
    writer.string(encoding);
    writer.u8(0);
    writer.u32(step as u32);
    sequence(writer, data)
}

/// The scene as a message.
pub fn scene_message(width: usize, height: usize) -> Vec<u8> {
    image(width, height, 3 * width, "rgb8", &scene(width, height))
}

/// A serialized `sensor_msgs/msg/CompressedImage`.
pub fn compressed(format: &str, data: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.header(TAKEN, "camera");
    writer.string(format);
    sequence(writer, data)
}

/// Ends a message with a sequence of bytes.
fn sequence(mut writer: Writer, data: &[u8]) -> Vec<u8> {
    writer.length(data.len());
    let mut message = writer.finish();
    message.extend_from_slice(data);
    message
}

/// What `tests/golden/encoders.py` wrote.
#[derive(Deserialize)]
pub struct Golden {
    pub image_encoders: BTreeMap<String, ImageEncoderSpec>,
    pub text_encoders: BTreeMap<String, TextEncoderSpec>,
    pub images: Vec<GoldenImage>,
    pub sentences: Vec<GoldenSentence>,
}

/// The feature of the scene, drawn at a size or read from a jpeg.
#[derive(Deserialize)]
pub struct GoldenImage {
    pub encoder: String,
    #[serde(default)]
    pub width: usize,
    #[serde(default)]
    pub height: usize,
    pub jpeg: Option<String>,
    pub feature: Vec<f32>,
    /// Of a learned pooling: one row per mixture of the map's channels, and what is added to each.
    #[serde(default)]
    pub weight: Vec<Vec<f32>>,
    #[serde(default)]
    pub bias: Vec<f32>,
}

impl GoldenImage {
    /// The encoder, with what its pooling has learned.
    pub fn extractor(&self, encoder: ImageEncoderSpec) -> FeatureExtractor {
        let source = image_source(encoder);
        let Some(first) = self.weight.first() else {
            return extractor(source);
        };
        let (shape, mixtures) = (vec![self.weight.len(), first.len()], vec![self.bias.len()]);
        let mut weights = Weights::default();
        weights.insert("pool.tested.weight", shape, self.weight.concat());
        weights.insert("pool.tested.bias", mixtures, self.bias.clone());
        let mut spec = unmeasured(source);
        spec.width = self.feature.len();
        let options = SessionOptions::default();
        FeatureExtractor::load(&spec, root(), &weights, &runtime(), &options).unwrap()
    }
}

/// The feature of a sentence, said so many times.
#[derive(Deserialize)]
pub struct GoldenSentence {
    pub encoder: String,
    pub sentence: String,
    pub times: usize,
    pub feature: Vec<f32>,
}

/// Reads the golden features and the encoders that gave them.
pub fn golden() -> Golden {
    let path = root().join("tests/golden/encoders.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// One of the golden vision encoders.
pub fn image_encoder(name: &str) -> ImageEncoderSpec {
    golden().image_encoders.remove(name).unwrap()
}

/// One of the golden language encoders.
pub fn text_encoder(name: &str) -> TextEncoderSpec {
    golden().text_encoders.remove(name).unwrap()
}
