//! Encoders that cannot work are refused when they are loaded, with a message that names what is wrong and what is right.

use std::fs;
use std::path::{Path, PathBuf};

use late_fusion::encoder::{ExecutionProvider, FeatureExtractor, SessionOptions, sha256_of};
use late_fusion::spec::{
    Activation, ElementType, ImageEncoderSpec, Layout, ModalitySpec, Pooling, Weights,
};

use crate::sentences::{keep_log, logged};
use crate::support::*;

/// The small vision encoder with something changed, and what loading it says.
fn refused(change: impl FnOnce(&mut ImageEncoderSpec)) -> String {
    let mut spec = image_encoder("map mean");
    change(&mut spec);
    refusal(&image_source(spec))
}

/// Points the encoder to a file of this content, with its true hash.
fn replace_model(spec: &mut ImageEncoderSpec, folder: &Path, content: &[u8]) -> PathBuf {
    let path = folder.join("other.onnx");
    fs::write(&path, content).unwrap();
    spec.sha256 = sha256_of(&path).unwrap();
    spec.model = path.clone();
    path
}

#[test]
fn a_missing_file() {
    let message = refused(|spec| spec.model = "tests/models/absent.onnx".into());
    assert_names(
        &message,
        &["encoder.model", "tests/models/absent.onnx", "No such file"],
    );
}

#[test]
fn a_file_that_is_cut_off_or_no_onnx_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(root().join("tests/models/image_map.onnx")).unwrap();
    for content in [&whole[..whole.len() / 2], b"a picture of a cat", b""] {
        let message = refused(|spec| drop(replace_model(spec, folder.path(), content)));
        assert_names(&message, &["encoder.model", "other.onnx"]);
        let why = match content.is_empty() {
            // No field at all is a message, too.
            true => "ONNX Runtime cannot open it",
            false => "it is not an ONNX model",
        };
        assert_names(&message, &[why]);
    }
}

#[test]
fn another_file_than_the_policy_was_trained_with() {
    let right = image_encoder("map mean").sha256;
    let wrong = "0".repeat(64);
    let message = refused(|spec| spec.sha256 = wrong.clone());
    assert_names(
        &message,
        &["encoder.model", "image_map.onnx", &right, &wrong],
    );
    let mut spec = text_encoder("i32");
    (spec.tokenizer_sha256, spec.sha256) = (wrong.clone(), wrong.clone());
    let message = refusal(&text_source(spec));
    assert_names(
        &message,
        &[
            "encoder.tokenizer",
            "tokenizer.json",
            "encoder.model",
            "text_i32.onnx",
        ],
    );
}

#[test]
fn a_tokenizer_that_is_none() {
    let mut spec = text_encoder("i32");
    spec.tokenizer = "tests/golden/encoders.json".into();
    spec.tokenizer_sha256 = sha256_of(&root().join(&spec.tokenizer)).unwrap();
    let message = refusal(&text_source(spec));
    assert_names(
        &message,
        &["encoder.tokenizer", "encoders.json", "tokenizer.json"],
    );
}

#[test]
fn an_input_of_another_name_type_layout_or_size() {
    let has = "pixel_values f32 [batch, 3, 24, 32]";
    let message = refused(|spec| spec.input.name = "image".into());
    assert_names(&message, &["\"image\"", has]);
    let message = refused(|spec| spec.input.element = ElementType::U8);
    assert_names(&message, &["u8 [1, 3, 24, 32]", has]);
    let message = refused(|spec| spec.input.layout = Layout::Nhwc);
    assert_names(&message, &["f32 [1, 24, 32, 3]", has]);
    let message = refused(|spec| spec.input.width = 224);
    assert_names(&message, &["f32 [1, 3, 24, 224]", has]);
}

#[test]
fn an_output_of_another_name_or_shape() {
    let message = refused(|spec| spec.output = "features".into());
    assert_names(
        &message,
        &[
            "\"features\"",
            "map f32 [batch, 8, 6, 8]",
            "last_hidden_state f32",
        ],
    );
    let message = refused(|spec| spec.pooling = Pooling::Cls);
    assert_names(&message, &["cls", "[1, tokens, width]", "[1, 8, 6, 8]"]);
}

#[test]
fn an_encoder_of_another_kind() {
    let text = text_encoder("i32");
    let message =
        refused(|spec| (spec.model, spec.sha256) = (text.model.clone(), text.sha256.clone()));
    assert_names(&message, &["\"map\"", "last_hidden_state f32"]);
    let image = image_encoder("map mean");
    let mut spec = text_encoder("i32");
    (spec.model, spec.sha256) = (image.model, image.sha256);
    let message = refusal(&text_source(spec));
    assert_names(
        &message,
        &["input_ids", "pixel_values f32 [batch, 3, 24, 32]"],
    );
}

#[test]
fn another_width_than_the_policy_says() {
    let spec = ModalitySpec {
        name: "scene".into(),
        source: image_source(image_encoder("map mean")),
        width: 1280,
        history: 1,
        moved_since: None,
        projection: None,
        projection_hidden: vec![],
        projection_activation: Activation::None,
    };
    let options = SessionOptions::default();
    let load = FeatureExtractor::load_all(&[spec], root(), &Weights::default(), &runtime(), |_| {
        options.clone()
    });
    let message = load.err().expect("another width").to_string();
    assert_names(&message, &["modality scene", "width is 1280", "8 numbers"]);
}

#[test]
fn cuda_where_there_is_none_is_an_error_and_auto_runs_on_the_cpu_and_says_so() {
    keep_log();
    let source = image_source(image_encoder("tokens mean"));
    let with = |provider| SessionOptions {
        provider,
        ..SessionOptions::default()
    };
    if load_with(&source, &with(ExecutionProvider::Cuda)).is_ok() {
        println!("this ONNX Runtime has CUDA and this machine a GPU; there is nothing to refuse");
        return;
    }
    let message = load_with(&source, &with(ExecutionProvider::Cuda))
        .unwrap_err()
        .to_string();
    assert_names(
        &message,
        &["execution_provider is cuda", "image_map.onnx", "auto"],
    );
    let before = logged("runs on the cpu");
    assert_eq!(load_with(&source, &with(ExecutionProvider::Auto)), Ok(8));
    assert_eq!(logged("runs on the cpu"), before + 1);
}
