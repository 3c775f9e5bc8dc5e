//! The features equal those of an independent preparation and Python's onnxruntime on the same pictures and sentences.

use late_fusion::message::{MessageType, encode_text};

use crate::support::*;

/// The largest difference of two features of one width; not a number where one holds one, which `f32::max` would lose.
fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |most, each| match most >= each || most.is_nan() {
            true => most,
            false => each,
        })
}

#[test]
fn pictures() {
    let golden = golden();
    for expected in &golden.images {
        let encoder = golden.image_encoders[&expected.encoder].clone();
        let input = &encoder.input;
        let as_it_is = (input.width, input.height) == (expected.width, expected.height)
            && input.region.is_whole();
        let mut extractor = expected.extractor(encoder);
        let (found, extraction) = match &expected.jpeg {
            Some(file) => {
                let jpeg = std::fs::read(root().join("tests/golden").join(file)).unwrap();
                let message = compressed("rgb8; jpeg compressed bgr8", &jpeg);
                feature(&mut extractor, MessageType::CompressedImage, &message)
            }
            None => {
                let message = scene_message(expected.width, expected.height);
                feature(&mut extractor, MessageType::Image, &message)
            }
        }
        .unwrap();
        let alike = cosine(&found, &expected.feature);
        let difference = largest_difference(&found, &expected.feature);
        let what = match &expected.jpeg {
            Some(file) => format!("{} on {file}", expected.encoder),
            None => format!(
                "{} on {}x{}",
                expected.encoder, expected.width, expected.height
            ),
        };
        println!("{what}: cosine {alike:.8}, largest difference {difference:.1e}");
        // Jpeg leaves it to the decoder how the colours' half resolution is enlarged.
        let enough = if expected.jpeg.is_some() {
            0.9995
        } else {
            0.9999
        };
        assert!(alike > enough, "{what}: cosine {alike}");
        // A picture that needs no resizing is the same to the last bit; a resizer rounds in its own way.
        assert!(!as_it_is || difference < 1e-4, "{what}: {difference}");
        assert_eq!((extraction.stamp, extraction.present), (Some(TAKEN), true));
    }
}

#[test]
fn sentences() {
    let golden = golden();
    for expected in &golden.sentences {
        let mut extractor = extractor(text_source(golden.text_encoders[&expected.encoder].clone()));
        let sentence = expected.sentence.repeat(expected.times);
        let (found, extraction) =
            feature(&mut extractor, MessageType::String, &encode_text(&sentence)).unwrap();
        let alike = cosine(&found, &expected.feature);
        let difference = largest_difference(&found, &expected.feature);
        let what = format!(
            "{} on {} × {:?}",
            expected.encoder, expected.times, expected.sentence
        );
        println!("{what}: cosine {alike:.8}, largest difference {difference:.1e}");
        assert!(alike > 0.9999, "{what}: cosine {alike}");
        assert_eq!((extraction.stamp, extraction.present), (None, true));
    }
}
