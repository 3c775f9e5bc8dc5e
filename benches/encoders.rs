//! How long messages take to become features, on one thread: `cargo bench --bench encoders`.
//!
//! Needs the environment variable `LATE_FUSION_ONNXRUNTIME`, which `source scripts/env.bash` sets.

#[path = "../tests/encoders/support.rs"]
#[allow(dead_code)]
mod support;

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use late_fusion::encoder::{FeatureExtractor, sha256_of};
use late_fusion::message::{MessageType, encode_text};
use late_fusion::spec::{ImageEncoderSpec, Pooling};

use support::{
    compressed, extractor, feature, image_encoder, image_source, root, scene_message, text_encoder,
    text_source,
};

/// How long each case is repeated.
const FOR: Duration = Duration::from_secs(3);

fn main() {
    println!("{:<48} {:>9} {:>9} {:>9}", "", "p50 ms", "p99 ms", "runs");
    let camera = scene_message(640, 480);
    let fitting = scene_message(224, 224);
    let jpeg = std::fs::read(root().join("tests/golden/scene_640x480.jpg")).unwrap();
    let jpeg = compressed("jpeg", &jpeg);

    // The mean of each channel costs next to nothing, so what is timed is the preparation.
    let mut prepare = extractor(image_source(means_of(image_encoder("lite0 pooled"))));
    time("prepare 640 × 480 rgb8 to 224 × 224 f32", || {
        run(&mut prepare, MessageType::Image, &camera);
    });
    time("prepare 224 × 224 rgb8 to 224 × 224 f32", || {
        run(&mut prepare, MessageType::Image, &fitting);
    });
    time("decode and prepare a 640 × 480 jpeg", || {
        run(&mut prepare, MessageType::CompressedImage, &jpeg);
    });
    let mut lite0 = extractor(image_source(image_encoder("lite0 pooled")));
    time("EfficientNet-Lite0 on 640 × 480 rgb8", || {
        run(&mut lite0, MessageType::Image, &camera);
    });
    #[cfg(feature = "train")]
    time_copies();
    let mut minilm = extractor(text_source(text_encoder("minilm")));
    // Two sentences in turn, because the same one again is not encoded again. Each has 14 words and 2 marks.
    let sentences = ["red", "green"].map(|colour| {
        encode_text(&format!(
            "please open the {colour} drawer on the left and then push the other button"
        ))
    });
    let mut turn = 0;
    time("MiniLM-L6 on 16 tokens", || {
        turn = 1 - turn;
        run(&mut minilm, MessageType::String, &sentences[turn]);
    });
}

/// What an altered copy of a picture takes before it is encoded, every alteration on its own and all of them.
#[cfg(feature = "train")]
fn time_copies() {
    use late_fusion::encoder::RgbPicture;
    use late_fusion::train::Augment;

    let source = image_source(image_encoder("lite0 pooled"));
    let picture = RgbPicture {
        width: 224,
        height: 224,
        data: support::scene(224, 224),
    };
    let moved =
        "zoom: [0.9, 1.1], shift: [-0.05, 0.05], rotation_deg: [-3, 3], perspective: [0, 0.03]";
    let coloured = "brightness: [0.7, 1.4], white_balance: [0.8, 1.2], saturation: [0.7, 1.3], contrast: [0.8, 1.25]";
    let all =
        format!("{moved}, occlusion: [0, 0.2], blur: [0, 0.008], {coloured}, noise: [0, 0.06]");
    for (name, ranges) in [
        ("moved", moved),
        ("occluded", "occlusion: [0, 0.2]"),
        ("blurred", "blur: [0.004, 0.008]"),
        ("with other colours", coloured),
        ("with noise", "noise: [0, 0.06]"),
        ("with all of it", &all),
    ] {
        let augment = serde_yaml::from_str(&format!("{{copies: 1, {ranges}}}")).unwrap();
        let augmentation = Augment::read(augment)
            .unwrap()
            .of("scene", &source)
            .unwrap();
        let mut copies = augmentation.of_message("bag", "camera", 0);
        time(&format!("a copy of 224 × 224, {name}"), || {
            std::hint::black_box(copies.next().unwrap().apply(&picture));
        });
    }
}

/// The same preparation in front of an encoder that only takes means.
fn means_of(mut spec: ImageEncoderSpec) -> ImageEncoderSpec {
    spec.model = "tests/models/image_log.onnx".into();
    spec.sha256 = sha256_of(&root().join(&spec.model)).unwrap();
    spec.output = "mean".into();
    spec.pooling = Pooling::None;
    spec
}

fn run(extractor: &mut FeatureExtractor, message_type: MessageType, message: &[u8]) {
    feature(extractor, message_type, message).unwrap();
}

/// Repeats `case` and prints its percentiles, without the first runs.
fn time(name: &str, mut case: impl FnMut()) {
    for _ in 0..10 {
        case();
    }
    let mut micros = Histogram::<u64>::new_with_max(60_000_000, 3).unwrap();
    let end = Instant::now() + FOR;
    while Instant::now() < end {
        let began = Instant::now();
        case();
        micros.saturating_record(began.elapsed().as_micros() as u64);
    }
    let at = |percentile| micros.value_at_percentile(percentile) as f64 * 1e-3;
    println!(
        "{name:<48} {:>9.3} {:>9.3} {:>9}",
        at(50.0),
        at(99.0),
        micros.len()
    );
}
