//! Episodes that nobody marked, and labels that are what was measured later.

use late_fusion::message::{MessageType, cdr};
use late_fusion::time::Stamp;
use late_fusion::train::{Dataset, dataset};

use super::support::*;

fn with(episodes: &str) -> Workshop {
    let file = POINT.replace("{topic: episode}", episodes);
    assert_ne!(file, POINT);
    Workshop::new(&file)
}

/// How many labels each episode has.
fn lengths(dataset: &Dataset) -> Vec<usize> {
    let spans = dataset.episodes.iter().map(|episode| episode.samples.len());
    spans.collect()
}

/// Three labels 100 ms apart, with what they rest on.
fn act(recorder: &mut Recorder) {
    for i in 0..3 {
        let stamp = recorder.now();
        recorder.numbers("/goal", &[1.0, 0.0]);
        recorder.place(stamp, [0.1 * f64::from(i), 0.0]);
        recorder.label(stamp, [1.0, 0.0]);
        recorder.wait(97);
    }
}

fn joystick(recorder: &mut Recorder, pressed: bool) {
    let mut writer = cdr::Writer::new();
    writer.header(recorder.now(), "");
    writer.length(0);
    writer.length(2);
    writer.i32(0);
    writer.i32(i32::from(pressed));
    recorder.write("/joy", MessageType::Joy, &writer.finish());
}

#[test]
fn a_recording_or_what_lies_between_two_pauses_is_an_episode() {
    for (episodes, expected) in [
        ("{each: bag}", vec![6, 6]),
        ("{each: gap, gap_s: 2.0}", vec![3, 3, 3, 3]),
        ("{each: gap, gap_s: 10.0}", vec![6, 6]),
    ] {
        let workshop = with(episodes);
        for bag in ["a.mcap", "b.mcap"] {
            let mut recorder = Recorder::new(&workshop.bag(bag));
            act(&mut recorder);
            recorder.wait(4_000);
            act(&mut recorder);
            recorder.finish();
        }
        let dataset = dataset(&workshop.options).unwrap();
        assert_eq!(lengths(&dataset), expected, "{episodes}");
    }
}

#[test]
fn an_episode_lasts_as_long_as_a_button_is_held() {
    let workshop = with("{topic: joy, button: 1}");
    let mut recorder = Recorder::new(&workshop.bag("a.mcap"));
    act(&mut recorder);
    for pressed in [false, true, true] {
        joystick(&mut recorder, pressed);
    }
    act(&mut recorder);
    joystick(&mut recorder, false);
    act(&mut recorder);
    joystick(&mut recorder, true);
    // Held until the recording was over: whether that was all, nobody knows.
    act(&mut recorder);
    recorder.finish();
    assert_eq!(lengths(&dataset(&workshop.options).unwrap()), [3]);
    let workshop = with("{topic: joy, button: 7}");
    let mut recorder = Recorder::new(&workshop.bag("a.mcap"));
    joystick(&mut recorder, true);
    act(&mut recorder);
    recorder.finish();
    assert_names(&workshop.refusal(), &["as long as button 7 of joy is held"]);
}

const JOINTS: &str = "std_msgs/Header header\nstring[] name\nfloat64[] position\nfloat64[] velocity\nfloat64[] effort\n\
    ================================================================================\nMSG: std_msgs/Header\n\
    builtin_interfaces/Time stamp\nstring frame_id\n\
    ================================================================================\nMSG: builtin_interfaces/Time\n\
    int32 sec\nuint32 nanosec\n";

#[test]
fn what_is_measured_later_is_the_label_of_what_was_seen_before() {
    let action = "  topic: expert_action\n  message: trajectory_msgs/msg/JointTrajectory\n  fields: {vx: velocities.x, vy: velocities.y}\n";
    let measured = "  topic: leader\n  message: leader_msgs/msg/Joints\n  fields: {vx: 'position[x]', vy: 'position[y]'}\n  ahead_s: 0.2\n";
    let file = POINT
        .replace(action, measured)
        .replace("{topic: episode}", "{each: bag}");
    assert!(file.contains("ahead_s"));
    let workshop = Workshop::new(&file);
    let leader = MessageType::defined("leader_msgs/msg/Joints", JOINTS).unwrap();
    let mut recorder = Recorder::new(&workshop.bag("a.mcap"));
    for i in 0..6 {
        let stamp = Stamp::from_nanos(recorder.now().nanos());
        let at = 0.1 * f64::from(i);
        recorder.numbers("/goal", &[1.0, 0.0]);
        recorder.place(stamp, [at, 0.0]);
        recorder.write(
            "/leader",
            leader,
            &joint_state(stamp, &[("y", 0.0), ("x", at)]),
        );
        recorder.wait(97);
    }
    recorder.finish();
    let dataset = dataset(&workshop.options).unwrap();
    let samples: Vec<u32> = (0..dataset.len() as u32).collect();
    let places: Vec<f32> = features(&dataset, 0).iter().map(|row| row[0]).collect();
    let labels: Vec<f32> = samples
        .iter()
        .map(|i| dataset.labels.row(*i as usize)[0])
        .collect();
    assert!(labels.len() >= 3, "{labels:?}");
    for (place, label) in places.iter().zip(&labels) {
        assert!((label - place - 0.2).abs() < 1e-6, "{place} {label}");
    }
}
