//! A model whose weights lie in a file beside it is as much that file as its own.

use std::fs;
use std::path::Path;

use late_fusion::encoder::{fingerprint, hashes_of_model, sha256_of};
use late_fusion::message::MessageType;
use late_fusion::spec::{Activation, ImageEncoderSpec, ModalitySpec, Weights};

use crate::support::*;

const DATA: &str = "image_external.data";

/// The encoder in a folder of its own, with the hashes of its files as training writes them.
fn trained(folder: &Path) -> ImageEncoderSpec {
    for file in ["image_external.onnx", DATA] {
        fs::copy(root().join("tests/models").join(file), folder.join(file)).unwrap();
    }
    recorded(folder)
}

fn recorded(folder: &Path) -> ImageEncoderSpec {
    let mut spec = image_encoder("map mean");
    spec.model = folder.join("image_external.onnx");
    let hashes = hashes_of_model(&spec.model).unwrap();
    (spec.sha256, spec.external_data) = (hashes.sha256, hashes.external_data);
    spec.output = "mean".into();
    spec.pooling = late_fusion::spec::Pooling::None;
    spec.input.rescale = 1.0;
    (spec.input.mean, spec.input.std) = ([0.0; 3], [1.0; 3]);
    spec
}

fn other_weights(folder: &Path) {
    let numbers = [0.25_f32, 4.0, 1.0].map(f32::to_le_bytes).concat();
    fs::write(folder.join(DATA), numbers).unwrap();
}

#[test]
fn with_the_weights_it_was_trained_with_it_works() {
    let folder = tempfile::tempdir().unwrap();
    let spec = trained(folder.path());
    let hash = sha256_of(&folder.path().join(DATA)).unwrap();
    assert_eq!(spec.external_data, [(DATA.to_owned(), hash)].into());
    let mut eye = extractor(image_source(spec));
    let message = image(32, 24, 96, "rgb8", &[10; 32 * 24 * 3]);
    let (seen, _) = feature(&mut eye, MessageType::Image, &message).unwrap();
    assert_eq!(seen, [10.0, 20.0, 40.0]);
}

#[test]
fn with_other_weights_it_is_another_encoder() {
    let folder = tempfile::tempdir().unwrap();
    let spec = trained(folder.path());
    let expected = spec.external_data[DATA].clone();
    other_weights(folder.path());
    let found = sha256_of(&folder.path().join(DATA)).unwrap();
    let refusal = refusal(&image_source(spec.clone()));
    assert_names(&refusal, &["another file", DATA, &expected, &found]);
    let of = |encoder: ImageEncoderSpec| {
        let modality = ModalitySpec {
            name: "scene".into(),
            source: image_source(encoder),
            width: 3,
            history: 1,
            moved_since: None,
            projection: None,
            projection_hidden: vec![],
            projection_activation: Activation::None,
        };
        fingerprint(&modality, &Weights::default()).unwrap()
    };
    assert_ne!(of(spec.clone()), of(recorded(folder.path())));
    let mut loud = spec.clone();
    loud.external_data
        .get_mut(DATA)
        .unwrap()
        .make_ascii_uppercase();
    assert_eq!(of(spec), of(loud));
}

#[test]
fn weights_that_nobody_wrote_down_are_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut spec = trained(folder.path());
    let hash = std::mem::take(&mut spec.external_data)[DATA].clone();
    let line = format!("external_data: {{{DATA}: {hash}}}");
    let said = refusal(&image_source(spec.clone()));
    assert_names(&said, &["encoder.model", DATA, &line, "policy.yaml"]);
    spec.external_data = [(DATA.to_owned(), hash.clone()), ("more.data".into(), hash)].into();
    assert_names(
        &refusal(&image_source(spec)),
        &["\"more.data\"", "no weights"],
    );
}

#[test]
fn weights_that_are_missing_or_lie_elsewhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spec = trained(folder.path());
    fs::remove_file(folder.path().join(DATA)).unwrap();
    assert_names(
        &refusal(&image_source(spec.clone())),
        &[DATA, "No such file"],
    );
    let model = fs::read(&spec.model).unwrap();
    let at = model
        .windows(DATA.len())
        .position(|w| w == DATA.as_bytes())
        .unwrap();
    for elsewhere in [
        "../ge_external.data",
        "/mage_external.data",
        "aa/../external.data",
        "../../external/data",
    ] {
        assert_eq!(elsewhere.len(), DATA.len());
        let mut changed = model.clone();
        changed[at..at + DATA.len()].copy_from_slice(elsewhere.as_bytes());
        let mut spec = spec.clone();
        fs::write(&spec.model, changed).unwrap();
        spec.sha256 = sha256_of(&spec.model).unwrap();
        assert_names(
            &refusal(&image_source(spec.clone())),
            &[elsewhere, "own folder"],
        );
        assert_names(
            &hashes_of_model(&spec.model).unwrap_err().to_string(),
            &[elsewhere],
        );
    }
}
