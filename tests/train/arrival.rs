//! What is learned never comes from the future, nor from another episode.

use late_fusion::modality::Timeline;
use late_fusion::spec::PolicySpec;
use late_fusion::time::Stamp;
use late_fusion::train::{dataset, train};

use super::support::*;

/// The training file `POINT` with another key of the modality `place`, and few epochs.
fn place_with(keys: &str) -> String {
    let place = "topic: joint_states, kind: vector";
    assert!(POINT.contains(place));
    POINT
        .replace(place, &format!("{place}, {keys}"))
        .replace("epochs: 60", "epochs: 1")
}

fn at(ms: i64) -> Stamp {
    Stamp::from_nanos(1_000_000_000 + ms * 1_000_000)
}

#[test]
fn a_chunk_ends_where_something_else_is_meant() {
    let chunk = "hidden: [32, 32], chunk: {steps: 3, step_s: 0.025}";
    let workshop = Workshop::new(&POINT.replace("hidden: [32, 32]", chunk));
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    recorder.numbers("/goal", &[0.5, 0.25]);
    recorder.mark("start");
    for (number, velocity) in [0.125, 0.25, 0.5, -0.5, -0.25].into_iter().enumerate() {
        let stamp = at(100 + 25 * number as i64);
        if number == 3 {
            recorder.mark("change");
        }
        recorder.go_to(stamp);
        recorder.place(stamp, [0.0, 0.0]);
        recorder.label(stamp, [velocity, 0.0]);
    }
    recorder.mark("success");
    recorder.finish();
    let data = dataset(&workshop.options).unwrap();
    let chunks: Vec<Vec<f32>> = (0..data.len())
        .map(|sample| data.labels.row(sample).iter().step_by(2).copied().collect())
        .collect();
    let expected = [
        [0.125, 0.25, 0.5],
        [0.25, 0.5, 0.5],
        [0.5, 0.5, 0.5],
        [-0.5, -0.25, -0.25],
        [-0.25, -0.25, -0.25],
    ];
    assert_eq!(chunks, expected);
}

#[test]
fn a_history_begins_anew_at_start_and_where_stamps_go_back() {
    let workshop = Workshop::new(&place_with("history: 3"));
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    recorder.numbers("/goal", &[0.0, 0.0]);
    let show = |recorder: &mut Recorder, stamp: Stamp, place: f64| {
        recorder.place(stamp, [place, 0.0]);
        recorder.label(recorder.now(), [0.1, 0.1]);
    };
    recorder.mark("start");
    for place in [1.0, 2.0, 4.0] {
        let stamp = recorder.now();
        show(&mut recorder, stamp, place);
    }
    recorder.mark("success");
    // The arm is put back, and a label comes before the first message of the next episode.
    let stamp = recorder.now();
    recorder.place(stamp, [9.0, 0.0]);
    recorder.mark("start");
    recorder.label(recorder.now(), [0.1, 0.1]);
    for (back_ms, place) in [(0, 1.0), (0, 1.5), (100, 8.0), (0, 8.5)] {
        let stamp = Stamp::from_nanos(recorder.now().nanos() - back_ms * 1_000_000);
        show(&mut recorder, stamp, place);
    }
    recorder.mark("success");
    recorder.finish();
    let data = dataset(&workshop.options).unwrap();
    let seen: Vec<[f32; 3]> = features(&data, 0)
        .iter()
        .map(|row| [row[0], row[2], row[4]])
        .collect();
    let expected = [
        [1.0, 0.0, 0.0],
        [2.0, -1.0, -1.0],
        [4.0, -2.0, -3.0],
        [9.0, 0.0, 0.0],
        [1.0, 0.0, 0.0],
        [1.5, -0.5, -0.5],
        [8.0, 0.0, 0.0],
        [8.5, -0.5, -0.5],
    ];
    assert_eq!(seen, expected);
}

#[test]
fn what_must_be_fresh_does_not_come_from_another_episode() {
    let workshop = Workshop::new(&place_with("latency_s: 0.02"));
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    recorder.numbers("/goal", &[0.5, 0.25]);
    for place in [1.0, 2.0] {
        recorder.mark("start");
        // This comes before the place could be used, and soon after the episode before.
        recorder.label(recorder.now(), [place / 8.0, 0.0]);
        recorder.place(recorder.now(), [place, 0.0]);
        recorder.wait(30);
        recorder.label(recorder.now(), [place / 8.0, 0.5]);
        recorder.mark("success");
    }
    recorder.finish();
    let data = dataset(&workshop.options).unwrap();
    assert_eq!(data.labels.values(), [0.125, 0.5, 0.25, 0.5]);
    let places: Vec<f32> = features(&data, 0).iter().map(|row| row[0]).collect();
    assert_eq!(places, [1.0, 2.0]);
    assert_eq!(features(&data, 1), [[0.5, 0.25]; 2]);
}

/// Records labels every 25 ms, stamped when they are given, and a sensor every 33 ms that says when it measured and is
/// `under_way_ms` late to arrive. For every sample: when its label was given, and when what it is paired with was measured.
fn paired(workshop: &Workshop, under_way_ms: i64) -> Vec<(i64, i64)> {
    let sensor = (0..60).map(|i| (33 * i + under_way_ms, Some(33 * i)));
    let labels = (0..60).map(|i| (300 + 25 * i, None));
    let mut events: Vec<_> = sensor.chain(labels).collect();
    events.sort_unstable();
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    recorder.go_to(at(-9));
    recorder.numbers("/goal", &[0.0, 0.0]);
    recorder.mark("start");
    for (arrives_ms, measured_ms) in events {
        recorder.go_to(at(arrives_ms));
        match measured_ms {
            Some(measured_ms) => recorder.place(at(measured_ms), [measured_ms as f64, 0.0]),
            None => recorder.label(at(arrives_ms), [arrives_ms as f64 * 1e-4, 0.0]),
        }
    }
    recorder.mark("success");
    recorder.finish();
    let data = dataset(&workshop.options).unwrap();
    assert_eq!(data.len(), 60);
    let labels = data.labels.values().iter().step_by(2);
    let given = labels.map(|velocity| (velocity * 1e4).round() as i64);
    given
        .zip(features(&data, 0).iter().map(|row| row[0] as i64))
        .collect()
}

#[test]
fn a_label_is_paired_with_the_newest_that_had_arrived() {
    for (latency_s, latency_ms) in [("0", 0), ("0.05", 50)] {
        for under_way_ms in [0, 80] {
            let workshop = Workshop::new(&place_with(&format!("latency_s: {latency_s}")));
            let pairs = paired(&workshop, under_way_ms);
            let usable_after_ms = under_way_ms + latency_ms;
            for (given_ms, measured_ms) in &pairs {
                // A label at the very time of an arrival has not seen it, unless it carries its stamp.
                let newest_ms = (0..60)
                    .map(|i| 33 * i)
                    .rfind(|measured_ms| {
                        let usable_ms = measured_ms + usable_after_ms;
                        usable_ms < *given_ms || (usable_after_ms, usable_ms) == (0, *given_ms)
                    })
                    .unwrap();
                assert_eq!(*measured_ms, newest_ms, "the label of {given_ms} ms");
            }
            let ages = pairs.iter().map(|(given, measured)| given - measured);
            let youngest_ms = ages.min().unwrap();
            assert!(
                (usable_after_ms..usable_after_ms + 10).contains(&youngest_ms),
                "{youngest_ms}"
            );
        }
    }
}

#[test]
fn a_range_of_latencies_spans_what_had_arrived_with_any_of_them() {
    let workshop = Workshop::new(&place_with("latency_s: [0, 0.1]"));
    let pairs = paired(&workshop, 80);
    let data = dataset(&workshop.options).unwrap();
    assert_eq!((data.spans[0].len(), data.spans[1].len()), (60, 0));
    for ((given_ms, _), span) in pairs.iter().zip(&data.spans[0]) {
        let row = |row: u32| data.features[0].row(row as usize).unwrap()[0] as i64;
        let newest = |latency_ms| {
            let mut measured = (0..60).map(|i| 33 * i);
            measured.rfind(|measured_ms| measured_ms + 80 + latency_ms < *given_ms)
        };
        let measured: Vec<i64> = span.clone().map(row).collect();
        assert_eq!(measured.first().copied(), newest(100), "{given_ms} ms");
        assert_eq!(measured.last().copied(), newest(0), "{given_ms} ms");
        assert!(measured.is_sorted_by(|a, b| a + 33 == *b), "{measured:?}");
    }
}

#[test]
fn the_policy_says_how_it_was_recorded() {
    let workshop = Workshop::new(&place_with("latency_s: 0.01"));
    paired(&workshop, 80);
    train(&workshop.options).unwrap();
    let recorded = PolicySpec::load(&workshop.options.out).unwrap().recorded;
    assert_eq!(recorded.label_rate_hz, Some(40.0));
    let ages: Vec<(&String, &f64)> = recorded.observation_age_s.iter().collect();
    // Of the goal any age counts. A message is used at the first label after it, 12 ms later on average.
    let [(name, age_s)] = ages[..] else {
        panic!("{ages:?}")
    };
    assert_eq!(name, "place");
    assert!((0.090..0.115).contains(age_s), "{age_s}");
}

#[test]
fn a_latency_that_none_can_have_is_refused() {
    for latency_s in ["-0.1", "11", ".nan"] {
        let text = Workshop::new(&place_with(&format!("latency_s: {latency_s}"))).refusal();
        assert_names(&text, &["modality place: latency_s is ", "0 to 10 s"]);
    }
}

#[test]
fn what_was_recorded_only_after_the_label_that_answers_it_is_told() {
    let workshop = Workshop::new(&place_with("history: 1"));
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    recorder.numbers("/goal", &[0.0, 0.0]);
    recorder.mark("start");
    for (place, comes_late) in [(1.0, false), (2.0, false), (3.0, true), (4.0, false)] {
        let stamp = recorder.now();
        if comes_late {
            recorder.label(stamp, [place / 8.0, 0.0]);
        }
        recorder.place(stamp, [place, 0.0]);
        if !comes_late {
            recorder.label(stamp, [place / 8.0, 0.0]);
        }
    }
    recorder.mark("success");
    recorder.finish();
    let data = dataset(&workshop.options).unwrap();
    let places: Vec<f32> = features(&data, 0).iter().map(|row| row[0]).collect();
    assert_eq!(places, [1.0, 2.0, 2.0, 4.0]);
    let report = train(&workshop.options).unwrap();
    assert_eq!(report.skipped["place"].late, 1);
    let warnings = report.warnings.join("\n");
    assert_names(&warnings, &["recorded only after them", "place: 1 of 4"]);
}

#[test]
fn how_far_it_has_moved_since_is_what_the_node_says() {
    let keys = "moved_since: goal";
    let workshop =
        Workshop::new(&place_with(keys).replace("topic: goal,", "topic: goal, latency_s: 0.06,"));
    let mut recorder = Recorder::new(&workshop.bag("bag.mcap"));
    recorder.go_to(at(-200));
    let mut timeline = Timeline::new(2);
    let mut goals = vec![at(-200)];
    recorder.numbers("/goal", &[0.5, 0.25]);
    recorder.mark("start");
    let mut expected = Vec::new();
    for number in 0..40 {
        let stamp = at(25 * number);
        recorder.go_to(stamp);
        let place = [number as f64, 0.5 * (number * number) as f64];
        recorder.place(stamp, place);
        timeline.push(stamp, &place.map(|number| number as f32));
        if number % 3 == 0 {
            goals.push(recorder.now());
            recorder.numbers("/goal", &[0.5, 0.25]);
        }
        recorder.wait(1);
        let usable = |goal: &&Stamp| goal.nanos() + 60_000_000 < recorder.now().nanos();
        let since = goals.iter().rfind(usable).unwrap();
        let (now, then) = (timeline.newest().unwrap(), timeline.at(*since).unwrap());
        expected.push([now[0], now[1], now[0] - then[0], now[1] - then[1]]);
        recorder.label(recorder.now(), [0.1, 0.0]);
    }
    recorder.mark("success");
    recorder.finish();
    let data = dataset(&workshop.options).unwrap();
    assert_eq!(features(&data, 0), expected);
    assert!(expected.iter().any(|row| row[2] > 1.0), "{expected:?}");
    train(&workshop.options).unwrap();
    let spec = PolicySpec::load(&workshop.options.out).unwrap();
    assert_eq!(spec.modalities[0].moved_since.as_deref(), Some("goal"));
    let text = Workshop::new(&place_with("moved_since: gaol")).refusal();
    assert_names(&text, &["place: moved_since is gaol", "goal"]);
    let text = Workshop::new(&place_with("stamp_delay_s: 2")).refusal();
    assert_names(&text, &["place: stamp_delay_s is 2", "0 to 1"]);
}
