//! Which episodes, labels and messages are used.

use late_fusion::train::{dataset, train};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::support::*;

#[test]
fn only_episodes_that_succeeded_are_used_unless_all_are_asked_for() {
    for (used, expected) in [("success", 2), ("all", 3)] {
        let file = POINT.replace(
            "{topic: episode}",
            &format!("{{topic: episode, use: {used}}}"),
        );
        let workshop = Workshop::new(&file.replace("epochs: 60", "epochs: 1"));
        let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
        let mut random = StdRng::seed_from_u64(1);
        for end in ["success", "failure", "success", "no marker"] {
            demonstrate(&mut recorder, &mut random, end);
        }
        recorder.finish();
        let report = train(&workshop.options).unwrap();
        let bag = &report.bags[0];
        assert_eq!((bag.succeeded, bag.failed, bag.unfinished), (2, 1, 1));
        assert_eq!(bag.used, expected);
        assert_eq!(report.labels.samples, 20 * expected);
    }
}

#[test]
fn within_an_episode_it_is_known_where_something_else_is_meant() {
    let workshop = Workshop::new(POINT);
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    recorder.mark("change");
    recorder.numbers("/goal", &[0.5, 0.25]);
    // Only the first word of a marker counts; the rest is the demonstrator's own note.
    for (marker, labels) in [
        ("start 1 of 2", 1),
        ("change", 3),
        ("change of mind", 2),
        ("success", 1),
        ("start", 2),
        ("success", 0),
    ] {
        recorder.mark(marker);
        for _ in 0..labels {
            let stamp = recorder.now();
            recorder.place(stamp, [0.0, 0.0]);
            recorder.label(stamp, [0.1, 0.2]);
        }
    }
    recorder.finish();
    let data = dataset(&workshop.options).unwrap();
    let sizes: Vec<Vec<usize>> = data
        .episodes
        .iter()
        .map(|episode| episode.meanings().map(|samples| samples.len()).collect())
        .collect();
    assert_eq!(sizes, [vec![1, 3, 2], vec![2]]);
}

#[test]
fn a_message_from_before_the_start_holds_and_labels_outside_episodes_do_not_count() {
    let workshop = Workshop::new(POINT);
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    recorder.numbers("/goal", &[9.0, 9.0]);
    recorder.numbers("/goal", &[0.5, 0.25]);
    let stamp = recorder.now();
    recorder.place(stamp, [0.0, 0.0]);
    recorder.label(stamp, [0.9, 0.9]);
    recorder.mark("start");
    let stamp = recorder.now();
    recorder.place(stamp, [0.125, 0.0]);
    recorder.label(stamp, [0.1, 0.2]);
    recorder.mark("success");
    recorder.label(stamp, [0.8, 0.8]);
    recorder.finish();
    let data = dataset(&workshop.options).unwrap();
    assert_eq!(data.labels.values(), [0.1, 0.2]);
    assert_eq!(features(&data, 0), [vec![0.125, 0.0]]);
    assert_eq!(features(&data, 1), [vec![0.5, 0.25]]);
}

#[test]
fn a_label_is_paired_with_what_the_node_would_have_seen() {
    let workshop = Workshop::new(POINT);
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    recorder.numbers("/goal", &[0.0, 0.0]);
    recorder.mark("start");
    let first = recorder.now();
    recorder.wait(100);
    let second = recorder.now();
    recorder.place(first, [1.0, 1.0]);
    // The next observation is in the bag before the label of the first.
    recorder.place(second, [2.0, 2.0]);
    recorder.label(first, [0.1, 0.1]);
    recorder.label(second, [0.2, 0.2]);
    // A message that the node drops leaves the one before it in place.
    let broken = joint_state(recorder.now(), &[("x", 3.0), ("y", f64::NAN)]);
    let message = late_fusion::message::MessageType::JointState;
    recorder.write("/joint_states", message, &broken);
    let third = recorder.now();
    recorder.label(third, [0.3, 0.3]);
    // Nothing for longer than max_age_s: the node would have stopped.
    recorder.wait(1000);
    let late = recorder.now();
    recorder.label(late, [0.4, 0.4]);
    recorder.mark("success");
    recorder.finish();
    let data = dataset(&workshop.options).unwrap();
    assert_eq!(data.labels.values(), [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]);
    let places = [vec![1.0, 1.0], vec![2.0, 2.0], vec![2.0, 2.0]];
    assert_eq!(features(&data, 0), places);
    let report = train(&workshop.options).unwrap();
    assert_eq!((report.labels.found, report.labels.samples), (4, 3));
    assert_eq!(report.skipped["place"].stale, 1);
    assert_eq!(report.skipped["place"].unreadable, 1);
    let why = report.skipped["place"].first_unreadable.as_ref().unwrap();
    assert_names(why, &["position of y", "NaN"]);
}

/// Records a message about one joint alone.
fn joint(recorder: &mut Recorder, name: &str, position: f64) {
    let message = joint_state(recorder.now(), &[(name, position)]);
    recorder.write(
        "/joint_states",
        late_fusion::message::MessageType::JointState,
        &message,
    );
}

fn label(recorder: &mut Recorder, number: f64) {
    let stamp = recorder.now();
    recorder.label(stamp, [number, 0.0]);
}

#[test]
fn joints_that_come_in_messages_of_their_own_are_put_together_as_in_the_node() {
    let workshop = Workshop::new(&POINT.replace("epochs: 60", "epochs: 1"));
    for (bag, has_both) in [("a.mcap", true), ("b.mcap", false)] {
        let mut recorder = Recorder::new(&workshop.bag(bag));
        recorder.numbers("/goal", &[0.0, 0.0]);
        // The last message before the episode is about one joint; the others count all the same.
        if has_both {
            joint(&mut recorder, "y", 2.0);
        }
        joint(&mut recorder, "x", 1.0);
        joint(&mut recorder, "wheel", 9.0);
        joint(&mut recorder, "x", 1.5);
        recorder.mark("start");
        label(&mut recorder, 0.1);
        joint(&mut recorder, "x", 3.0);
        joint(&mut recorder, "wheel", 9.0);
        label(&mut recorder, 0.2);
        joint(&mut recorder, "y", 4.0);
        label(&mut recorder, 0.3);
        // One joint goes on and the other one does not.
        recorder.wait(400);
        joint(&mut recorder, "x", 5.0);
        label(&mut recorder, 0.4);
        recorder.wait(200);
        joint(&mut recorder, "x", 6.0);
        label(&mut recorder, 0.5);
        recorder.mark("success");
        recorder.finish();
    }
    let data = dataset(&workshop.options).unwrap();
    let first = [[1.5, 2.0], [3.0, 2.0], [3.0, 4.0], [5.0, 4.0]];
    let second = [[3.0, 4.0], [5.0, 4.0]];
    let expected: Vec<Vec<f32>> = first.iter().chain(&second).map(|f| f.to_vec()).collect();
    assert_eq!(
        features(&data, 0),
        expected,
        "the second bag knows nothing of the first"
    );
    let labels: Vec<f32> = data.labels.values().iter().copied().step_by(2).collect();
    assert_eq!(labels, [0.1, 0.2, 0.3, 0.4, 0.3, 0.4]);
    let report = train(&workshop.options).unwrap();
    let skipped = &report.skipped["place"];
    assert_eq!((skipped.absent, skipped.stale), (2, 2));
    assert_eq!((skipped.unreadable, skipped.nothing_yet), (0, 0));
}

#[test]
fn labels_are_brought_to_the_limits_and_bad_ones_left_out() {
    let workshop = Workshop::new(POINT);
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    recorder.numbers("/goal", &[0.0, 0.0]);
    recorder.mark("start");
    for velocity in [[0.5, 7.0], [f64::NAN, 0.0], [-2.0, 0.25]] {
        let stamp = recorder.now();
        recorder.place(stamp, [0.0, 0.0]);
        recorder.label(stamp, velocity);
    }
    recorder.mark("success");
    recorder.finish();
    let data = dataset(&workshop.options).unwrap();
    assert_eq!(data.labels.values(), [0.5, 1.0, -1.0, 0.25]);
    let report = train(&workshop.options).unwrap();
    assert_eq!((report.labels.unreadable, report.labels.limited), (1, 2));
    let why = report.labels.first_unreadable.unwrap();
    assert_names(&why, &["vx", "NaN"]);
}

#[test]
fn of_a_bag_that_was_cut_off_what_is_whole_is_used() {
    let workshop = Workshop::new(&POINT.replace("epochs: 60", "epochs: 1"));
    let path = workshop.bag("bag.mcap");
    let mut recorder = Recorder::new(&path);
    let mut random = StdRng::seed_from_u64(1);
    for _ in 0..400 {
        demonstrate(&mut recorder, &mut random, "success");
    }
    recorder.finish();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let report = train(&workshop.options).unwrap();
    let bag = &report.bags[0];
    assert!((50..400).contains(&bag.used), "{} episodes", bag.used);
    assert!(bag.truncated.is_some());
}
