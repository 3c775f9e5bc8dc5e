//! Instructions: blank ones, long ones, repeated ones, and models that ask for other tensors.

use std::sync::Mutex;

use late_fusion::encoder::{FeatureExtractor, sha256_of};
use late_fusion::message::{MessageType, encode_text};
use late_fusion::spec::{Pooling, TextEncoderSpec};

use crate::support::*;

fn say(extractor: &mut FeatureExtractor, sentence: &str) -> (Vec<f32>, bool) {
    let message = encode_text(sentence);
    let (feature, extraction) = feature(extractor, MessageType::String, &message).unwrap();
    (feature, extraction.present)
}

#[test]
fn a_blank_instruction_is_no_instruction() {
    let mut extractor = extractor(text_source(text_encoder("minilm")));
    for blank in [
        "",
        " ",
        "\t\n",
        "\u{3000}\u{a0}\u{2003}",
        "\u{200b}",
        "\u{feff}",
    ] {
        let (feature, present) = say(&mut extractor, blank);
        assert!(!present, "{blank:?}");
        assert!(feature.iter().all(|v| v.is_nan()), "untouched");
    }
    let (feature, present) = say(&mut extractor, " open ");
    assert!(present && feature.iter().all(|v| v.is_finite()));
}

#[test]
fn a_nul_inside_is_refused() {
    let mut extractor = extractor(text_source(text_encoder("i32")));
    let mut message = encode_text("open the drawer");
    let middle = message.windows(3).position(|w| w == b"the").unwrap();
    message[middle] = 0;
    let error = feature(&mut extractor, MessageType::String, &message).unwrap_err();
    assert_names(&error.to_string(), &["data", "NUL"]);
}

/// Keeps what is logged at `warn` and above.
struct Kept(Mutex<Vec<String>>);

static LOG: Kept = Kept(Mutex::new(Vec::new()));

impl log::Log for Kept {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// How many of the log's lines hold `part`.
pub fn logged(part: &str) -> usize {
    let lines = LOG.0.lock().unwrap();
    lines.iter().filter(|line| line.contains(part)).count()
}

/// Starts keeping the log.
pub fn keep_log() {
    // Tests share a process: the first one sets it.
    let _ = log::set_logger(&LOG);
    log::set_max_level(log::LevelFilter::Warn);
}

#[test]
fn a_long_instruction_is_refused_with_its_length_and_never_followed_in_part() {
    let mut extractor = extractor(text_source(text_encoder("minilm")));
    let (longest, present) = say(&mut extractor, &"steadily push ".repeat(127));
    assert!(present, "254 words and two marks are all that fits");
    // What cannot be a sentence is not counted in tokens, which takes a while.
    for (words, length) in [
        (255, "257 tokens long"),
        (1800, "1802 tokens long"),
        (2000, "18000 bytes long"),
        (200_000, "1800000 bytes long"),
    ] {
        let long = "steadily ".repeat(words);
        let message = encode_text(&long);
        let refusal = feature(&mut extractor, MessageType::String, &message).unwrap_err();
        assert_names(
            &refusal.to_string(),
            &["the instruction", "steadily", length, "at most 256"],
        );
    }
    let (again, _) = say(&mut extractor, &"steadily push ".repeat(127));
    assert_eq!(again, longest);
}

#[test]
fn a_sentence_whose_feature_is_not_finite_is_refused() {
    let mut spec = text_encoder("i32");
    spec.model = "tests/models/text_log.onnx".into();
    spec.sha256 = sha256_of(&root().join(&spec.model)).unwrap();
    let mut extractor = extractor(text_source(spec));
    assert_eq!(say(&mut extractor, "open the drawer").0, [0.0; 8]);
    let message = encode_text("open the faucet");
    let refusal = feature(&mut extractor, MessageType::String, &message).unwrap_err();
    assert_names(
        &refusal.to_string(),
        &["number 3 of the feature", "NaN", "finite"],
    );
}

/// The small language encoder of fixed length.
fn fixed() -> TextEncoderSpec {
    let mut spec = text_encoder("i32");
    spec.model = "tests/models/text_fixed.onnx".into();
    spec.sha256 = sha256_of(&root().join(&spec.model)).unwrap();
    spec.max_tokens = 12;
    spec
}

#[test]
fn a_model_of_fixed_length_is_fed_with_padding_that_its_mask_leaves_out() {
    let mut flexible = extractor(text_source(text_encoder("i32 cls")));
    let mut fixed_cls = fixed();
    fixed_cls.pooling = Pooling::Cls;
    let mut fixed = extractor(text_source(fixed_cls));
    // Each token carries the mean over the whole length, so the two differ by a known factor of that mean.
    let (a, _) = say(&mut flexible, "open the drawer");
    let (b, _) = say(&mut fixed, "open the drawer");
    let (long_a, _) = say(
        &mut flexible,
        "open the drawer open the drawer open the drawer the",
    );
    let (long_b, _) = say(
        &mut fixed,
        "open the drawer open the drawer open the drawer the",
    );
    assert_ne!(a, b);
    for (a, b) in long_a.iter().zip(&long_b) {
        assert!(
            (a - b).abs() < 1e-6,
            "12 tokens fill the model: {a} and {b}"
        );
    }
}

#[test]
fn a_model_of_fixed_length_refuses_what_cannot_work() {
    let mut spec = fixed();
    spec.max_tokens = 64;
    assert_names(
        &refusal(&text_source(spec)),
        &["max_tokens is 64", "exactly 12"],
    );
    let mut spec = fixed();
    spec.pooling = Pooling::Mean;
    assert_names(&refusal(&text_source(spec)), &["mean", "masked_mean"]);
}
