//! Labels that are put together from the messages of several topics.

use late_fusion::train::dataset;

use super::support::*;

/// The point, whose y is commanded on a topic of its own, of which `more` is said.
fn several(more: &str) -> Workshop {
    let one = "action:
  topic: expert_action
  message: trajectory_msgs/msg/JointTrajectory
  fields: {vx: velocities.x, vy: velocities.y}
";
    let several = format!(
        "action:
  - {{topic: expert_action, message: trajectory_msgs/msg/JointTrajectory, fields: {{vx: velocities.x}}}}
  - {{topic: side, message: std_msgs/msg/Float64MultiArray, fields: {{vy: data.0}}{more}}}
"
    );
    let file = POINT.replace(one, &several);
    assert_ne!(file, POINT);
    Workshop::new(&file)
}

/// An episode of five labels, of which the second topic is told by `side` when it is to speak, and with what.
fn record(workshop: &Workshop, side: impl Fn(usize) -> Option<f64>) {
    let mut recorder = Recorder::new(&workshop.bag("a.mcap"));
    recorder.numbers("/goal", &[0.0, 0.0]);
    recorder.mark("start");
    for i in 0..5 {
        if let Some(number) = side(i) {
            recorder.numbers("/side", &[number]);
        }
        let stamp = recorder.now();
        recorder.place(stamp, [0.0, 0.0]);
        recorder.label(stamp, [0.125 * i as f64, 0.875]);
        recorder.wait(200);
    }
    recorder.mark("success");
    recorder.finish();
}

fn rows(workshop: &Workshop) -> Vec<Vec<f32>> {
    let data = dataset(&workshop.options).unwrap();
    (0..data.len())
        .map(|i| data.labels.row(i).to_vec())
        .collect()
}

#[test]
fn a_label_is_completed_with_the_newest_message_of_the_other_topic() {
    let workshop = several("");
    record(&workshop, |i| Some(-0.125 * i as f64));
    let expected: Vec<[f32; 2]> = (0..5)
        .map(|i| [0.125, -0.125].map(|n| n * i as f32))
        .collect();
    assert_eq!(rows(&workshop), expected);
}

#[test]
fn what_is_published_together_with_a_label_belongs_to_it_whichever_comes_first() {
    for (after_ms, own) in [(3, true), (50, false)] {
        let workshop = several("");
        let mut recorder = Recorder::new(&workshop.bag("a.mcap"));
        recorder.numbers("/goal", &[0.0, 0.0]);
        recorder.mark("start");
        for i in 0..4 {
            let stamp = recorder.now();
            recorder.place(stamp, [0.0, 0.0]);
            recorder.label(stamp, [0.125 * f64::from(i), 0.875]);
            recorder.wait(after_ms);
            recorder.numbers("/side", &[-0.125 * f64::from(i)]);
            recorder.numbers("/side", &[0.75]);
            recorder.wait(200);
        }
        recorder.mark("success");
        recorder.finish();
        // Later, it is the last one before the label; the first label then has none.
        let expected: Vec<[f32; 2]> = match own {
            true => (0..4)
                .map(|i| [0.125, -0.125].map(|n| n * i as f32))
                .collect(),
            false => (1..4).map(|i| [0.125 * i as f32, 0.75]).collect(),
        };
        assert_eq!(rows(&workshop), expected, "{after_ms} ms later");
    }
}

#[test]
fn a_label_without_a_fresh_message_of_the_other_topic_is_none() {
    // It speaks only beside the second label, and counts for half a second.
    let workshop = several("");
    record(&workshop, |i| (i == 1).then_some(0.5));
    assert_eq!(rows(&workshop), [[0.125, 0.5], [0.25, 0.5], [0.375, 0.5]]);
    let workshop = several(", max_age_s: 0.25");
    record(&workshop, |i| (i == 1).then_some(0.5));
    assert_eq!(rows(&workshop), [[0.125, 0.5], [0.25, 0.5]]);
    let workshop = several(", max_age_s: .inf");
    record(&workshop, |i| (i == 1).then_some(0.5));
    assert_eq!(rows(&workshop).len(), 4);
}

#[test]
fn what_leaves_every_label_incomplete_is_told() {
    let workshop = several("");
    record(&workshop, |_| None);
    assert_names(
        &workshop.refusal(),
        &["a.mcap", "action: there is no message on topic side"],
    );
    let workshop = several("");
    record(&workshop, |i| (i == 0).then_some(f64::NAN));
    assert_names(
        &workshop.refusal(),
        &["action vy is NaN", "only finite numbers are allowed"],
    );
}

#[test]
fn what_a_training_file_says_of_several_topics_is_checked() {
    let of = |from: &str, to: &str| {
        let workshop = several("");
        let file = std::fs::read_to_string(workshop.path("training.yaml")).unwrap();
        assert!(file.contains(from), "{file}");
        std::fs::write(workshop.path("training.yaml"), file.replace(from, to)).unwrap();
        record(&workshop, |_| Some(0.0));
        workshop.refusal()
    };
    for (from, to, told) in [
        (
            "{vy: data.0}",
            "{vx: data.0}",
            "action vy is in none of action[0], action[1]",
        ),
        (
            "{vy: data.0}",
            "{vx: data.0}",
            "action vx is in action[0] and in action[1]",
        ),
        (", fields: {vy: data.0}", "", "action[1].fields is missing"),
        (
            "data.0}",
            "data.0}, ahead_s: 0.1",
            "action[1].ahead_s is for the first topic",
        ),
        (
            "velocities.x}",
            "velocities.x}, max_age_s: 1",
            "action[0].max_age_s is for topics after the first",
        ),
        (
            "data.0}",
            "data.0}, max_age_s: 0",
            "action[1].max_age_s is 0; allowed: 0.001 to 3600",
        ),
        (
            "data.0}",
            "data.1}",
            "action[1].fields: data.1 is given, but not data.0",
        ),
    ] {
        let text = of(from, to);
        assert!(text.contains(told), "{told:?} is not in {text:?}");
    }
}
