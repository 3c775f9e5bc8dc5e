//! Training files and bags that cannot work: everything wrong is named at once, and nothing is left behind.

use std::fs;

use late_fusion::message::{MessageType, encode_text};
use late_fusion::train::train;

use super::support::*;

#[test]
fn every_problem_of_a_training_file_is_named_at_once() {
    let file = POINT
        .replace("name: point\n", "nam: point\n")
        .replace("epochs: 60", "epochs: 0")
        .replace("learning_rate: 0.01", "learning_rate: -1")
        .replace("velocities.x", "velocity.x")
        .replace("{method: concat}", "{method: average}")
        .replace(
            "kind: vector, names: [x, y], max_age_s: .inf",
            "kind: vektor, names: [x, y], max_age_s: -3",
        );
    let mut workshop = Workshop::new(&file);
    workshop.options.bags = vec![workshop.path("nowhere")];
    let text = workshop.refusal();
    assert_names(
        &text,
        &[
            "`name` is missing",
            "`nam` is unknown",
            "training.epochs is 0",
            "training.learning_rate is -1",
            "velocity.x",
            "fusion: unknown variant `average`",
            "modality goal: unknown variant `vektor`",
            "modality goal: max_age_s is -3",
            "nowhere",
        ],
    );
}

#[test]
fn what_the_policy_would_refuse_is_refused_before_anything_is_trained() {
    let file = POINT
        .replace("name: place", "name: Place")
        .replace(
            "unit: m/s, min: -1, max: 1}\n  -",
            "unit: m/s, min: 1, max: -1}\n  -",
        )
        .replace("names: [x, y]}", "names: [x, x]}");
    let workshop = Workshop::new(&file);
    record(&workshop.bag("bag.mcap"), 1, 1);
    assert_names(
        &workshop.refusal(),
        &["\"Place\"", "action vx: min is 1", "\"x\" twice"],
    );
}

#[test]
fn an_encoder_that_is_not_there_is_named() {
    let file = POINT.replace(
        "  - {name: place, topic: joint_states, kind: vector, names: [x, y]}",
        "  - name: place\n    topic: camera\n    kind: image\n    encoder: {model: no/such.onnx, output: o, \
         input: {name: i, width: 8, height: 8}}",
    );
    let workshop = Workshop::new(&file);
    record(&workshop.bag("bag.mcap"), 1, 1);
    assert_names(&workshop.refusal(), &["modality place", "no/such.onnx"]);
}

#[test]
fn every_bag_without_a_needed_topic_is_named_with_the_topics_it_has() {
    let workshop = Workshop::new(POINT);
    let mut recorder = Recorder::new(&workshop.bag("a.mcap"));
    recorder.mark("start");
    recorder.numbers("/goal", &[0.0, 0.0]);
    recorder.mark("success");
    recorder.finish();
    Recorder::new(&workshop.bag("b.mcap")).finish();
    fs::write(workshop.bag("c.mcap"), b"").unwrap();
    let mut recorder = Recorder::new(&workshop.bag("d.mcap"));
    record_one_of_each(&mut recorder);
    recorder.write("/expert", MessageType::String, &encode_text("x"));
    recorder.finish();
    let text = workshop.refusal();
    assert_names(
        &text,
        &[
            "a.mcap: modality place: there is no message on topic joint_states; there are /episode (std_msgs/msg/String, 2)",
            "a.mcap: action: there is no message on topic expert_action",
            "b.mcap: it holds no message",
            "c.mcap: the file is empty",
        ],
    );
    assert!(!text.contains("d.mcap"), "{text}");
}

#[test]
fn a_topic_of_another_type_is_named() {
    let workshop = Workshop::new(&POINT.replace("topic: goal", "topic: episode"));
    record(&workshop.bag("bag.mcap"), 1, 1);
    assert_names(
        &workshop.refusal(),
        &["modality goal", "topic episode", "std_msgs/msg/String"],
    );
}

#[test]
fn bags_without_a_successful_episode_are_refused_with_the_count() {
    let workshop = Workshop::new(POINT);
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    record_one_of_each(&mut recorder);
    recorder.mark("failure");
    recorder.finish();
    assert_names(&workshop.refusal(), &["0 succeeded, 1 failed", "episode"]);
}

#[test]
fn labels_without_a_modality_beside_them_are_refused_with_the_reason() {
    let workshop = Workshop::new(POINT);
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    recorder.mark("start");
    let stamp = recorder.now();
    recorder.place(stamp, [0.0, 0.0]);
    recorder.label(stamp, [0.0, 0.0]);
    recorder.numbers("/goal", &[0.0, 0.0]);
    recorder.mark("success");
    recorder.finish();
    assert_names(
        &workshop.refusal(),
        &["none of the 1 labels", "goal: 1 before"],
    );
}

#[test]
fn a_policy_is_replaced_only_when_asked() {
    let mut workshop = Workshop::new(&POINT.replace("epochs: 60", "epochs: 1"));
    record(&workshop.bag("bag.mcap"), 2, 1);
    train(&workshop.options).unwrap();
    let weights = workshop.options.out.join("weights.safetensors");
    let before = fs::read(&weights).unwrap();
    record(&workshop.bag("more.mcap"), 2, 2);
    let text = train(&workshop.options).unwrap_err().to_string();
    assert_names(&text, &["--force"]);
    assert!(fs::read(&weights).unwrap() == before, "it is untouched");
    workshop.options.force = true;
    train(&workshop.options).unwrap();
    assert!(fs::read(&weights).unwrap() != before, "it is replaced");
    let names = fs::read_dir(workshop.path("")).unwrap();
    let left = names.filter(|e| {
        e.as_ref()
            .unwrap()
            .file_name()
            .display()
            .to_string()
            .starts_with('.')
    });
    assert_eq!(left.count(), 0, "nothing temporary is left");
}

/// One message on each topic that [`POINT`] needs, in an episode without an end.
fn record_one_of_each(recorder: &mut Recorder) {
    recorder.numbers("/goal", &[0.0, 0.0]);
    recorder.mark("start");
    let stamp = recorder.now();
    recorder.place(stamp, [0.0, 0.0]);
    recorder.label(stamp, [0.0, 0.0]);
}
