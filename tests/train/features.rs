//! Training from features that were made elsewhere.

use std::path::Path;

use late_fusion::bag::{Reader, Writer};
use late_fusion::message::{FeatureTemplate, MessageType};
use late_fusion::spec::{PolicySpec, SourceSpec};
use late_fusion::train::{dataset, train};

use super::encoders::workshop;
use super::support::*;

const SKIN: &str = "tactile skin v1";

/// The point, whose goal comes as a feature.
fn touched(encoder: &str) -> Workshop {
    let goal = "kind: vector, names: [x, y], max_age_s: .inf";
    let feature = format!("kind: feature, width: 2, max_age_s: .inf{encoder}");
    let file = POINT.replace(
        &format!("topic: goal, {goal}"),
        &format!("topic: goal, {feature}"),
    );
    assert!(file.contains(&feature));
    Workshop::new(&file.replace("epochs: 60", "epochs: 2"))
}

/// An episode of three labels, each with a feature of its own; a blank one and a broken one are among them.
fn record(path: &Path, encoder: &str, first: f32) {
    let values = [
        &[first, 0.5][..],
        &[],
        &[f32::NAN, 0.0],
        &[first + 0.25, 0.0, 1.0],
        &[first + 0.5, -0.5],
    ];
    record_values(path, encoder, &values);
}

/// An episode with a label at each of these features.
fn record_values(path: &Path, encoder: &str, values: &[&[f32]]) {
    let mut recorder = Recorder::new(path);
    let mut template = FeatureTemplate::new(encoder);
    recorder.mark("start");
    for (i, values) in values.iter().enumerate() {
        let stamp = recorder.now();
        let feature = template.encode(stamp, "skin", values).to_vec();
        recorder.write("/goal", MessageType::PointCloud2, &feature);
        recorder.place(stamp, [0.0, 0.0]);
        recorder.label(stamp, [0.125 * i as f64, 0.0]);
        recorder.wait(25);
    }
    recorder.mark("success");
    recorder.finish();
}

#[test]
fn features_are_learned_from_as_they_are_and_the_bags_say_what_made_them() {
    for said in ["", ", encoder: tactile skin v1"] {
        let workshop = touched(said);
        record(&workshop.bag("a.mcap"), SKIN, 1.0);
        record(&workshop.bag("b.mcap"), SKIN, 2.0);
        let data = dataset(&workshop.options).unwrap();
        let rows = features(&data, 1);
        // The blank one is absence, and so is what is broken: a feature of any age would hold for ever.
        let expected = [[1.0, 0.5], [1.5, -0.5], [2.0, 0.5], [2.5, -0.5]];
        assert_eq!(rows, expected);

        let report = train(&workshop.options).unwrap();
        let losses = &report.skipped["goal"];
        assert_eq!((losses.unreadable, losses.absent), (4, 6));
        assert_names(
            losses.first_unreadable.as_ref().unwrap(),
            &["number 0", "NaN"],
        );
        let spec = PolicySpec::load(&workshop.options.out).unwrap();
        let encoder = SKIN.to_owned();
        assert_eq!(spec.modalities[1].source, SourceSpec::Feature { encoder });
        assert_eq!(spec.modalities[1].width, 2);
    }
}

#[test]
fn a_broken_feature_ends_the_one_before_it_only_where_that_would_hold_for_ever() {
    let (first, last) = ([1.0, 0.5], [1.5, -0.5]);
    for (max_age_s, expected) in [
        (".inf", vec![first, last]),
        ("0.5", vec![first, first, last]),
    ] {
        let goal = "kind: vector, names: [x, y], max_age_s: .inf";
        let feature = format!("kind: feature, width: 2, max_age_s: {max_age_s}");
        let workshop = Workshop::new(&POINT.replace(goal, &feature));
        let values = [&first[..], &[f32::NAN, 0.0], &last];
        record_values(&workshop.bag("a.mcap"), SKIN, &values);
        let data = dataset(&workshop.options).unwrap();
        assert_eq!(features(&data, 1), expected, "max_age_s: {max_age_s}");
    }
}

#[test]
fn features_of_several_encoders_are_not_mixed() {
    let workshop = touched("");
    record(&workshop.bag("a.mcap"), SKIN, 1.0);
    record(&workshop.bag("b.mcap"), "tactile skin v2", 2.0);
    assert_names(
        &workshop.refusal(),
        &[
            "modality goal",
            "several encoders",
            "\"tactile skin v1\" (in ",
            "a.mcap",
            "\"tactile skin v2\" (in ",
            "b.mcap",
        ],
    );
}

#[test]
fn features_of_another_encoder_than_the_training_files_are_refused() {
    let workshop = touched(", encoder: tactile skin v2");
    record(&workshop.bag("a.mcap"), SKIN, 1.0);
    let text = workshop.refusal();
    assert_names(
        &text,
        &[
            "modality goal",
            "asks for",
            SKIN,
            "tactile skin v2",
            "a.mcap",
        ],
    );
    let text = touched(", encoder: ''").refusal();
    assert_names(&text, &["modality goal: encoder is \"\""]);
}

/// Trains from one of the workshop's recordings, and makes another of it in which a topic has the features of its messages.
fn record_features(workshop: &mut Workshop, topic: &str, modality: usize) {
    workshop.options.bags = vec![workshop.bag("a.mcap")];
    train(&workshop.options).unwrap();
    let mut extractor = extractor_of(&workshop.options.out, modality);
    let bag = workshop.path("features.mcap");
    let mut template = FeatureTemplate::new(extractor.fingerprint().unwrap());
    let mut feature = vec![0.0; extractor.width()];
    let mut writer = Writer::create(&bag).unwrap();
    let mut topics = std::collections::BTreeMap::new();
    for record in Reader::open(&workshop.bag("a.mcap")).unwrap().records() {
        let (message, bytes) = match &*record.topic == topic {
            true => {
                let of_messages = match topic {
                    "/camera" => MessageType::Image,
                    _ => MessageType::String,
                };
                let extraction = extractor.extract(of_messages, &record.bytes, &mut feature);
                let stamp = extraction.unwrap().stamp.unwrap_or(record.log_time);
                let bytes = template.encode(stamp, "encoder", &feature);
                (MessageType::PointCloud2.ros_name(), bytes)
            }
            false => (&*record.message_type, &*record.bytes),
        };
        let topic = *topics
            .entry(record.topic.clone())
            .or_insert_with(|| writer.add_topic(&record.topic, message, "").unwrap());
        writer.write(topic, record.log_time, bytes).unwrap();
    }
    writer.finish().unwrap();
    workshop.options.bags = vec![bag];
}

#[test]
fn a_camera_may_be_recorded_as_the_features_that_its_encoder_made() {
    let mut workshop = workshop();
    workshop.options.bags = vec![workshop.bag("a.mcap")];
    let seen = dataset(&workshop.options).unwrap();
    record_features(&mut workshop, "/camera", 0);
    assert_eq!(dataset(&workshop.options).unwrap(), seen);
}

#[test]
fn copies_of_what_comes_as_features_are_refused() {
    for (topic, modality, key, named) in [
        (
            "/camera",
            0,
            "augment: {copies: 2, shift: [-0.1, 0.1]}",
            ["training.augment", "modality scene"],
        ),
        (
            "/instruction",
            1,
            "typos: 2",
            ["training.typos", "modality instruction"],
        ),
    ] {
        let mut workshop = workshop();
        record_features(&mut workshop, topic, modality);
        dataset(&workshop.options).unwrap();
        let text = std::fs::read_to_string(&workshop.options.file).unwrap();
        let text = text.replace("seed: 1", &format!("seed: 1, {key}"));
        std::fs::write(&workshop.options.file, text).unwrap();
        let refusal = dataset(&workshop.options).unwrap_err().to_string();
        assert_names(&refusal, &named);
        assert_names(&refusal, &["features.mcap"]);
    }
}
