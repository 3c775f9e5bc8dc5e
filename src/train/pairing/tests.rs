//! What each label is paired with.

use super::*;

fn arrival(logged: i64, stamp: Option<i64>, row: Option<u32>) -> Arrival {
    Arrival {
        number: 0,
        logged: Stamp::from_nanos(logged),
        stamp: stamp.map(Stamp::from_nanos),
        behind_ns: 0,
        row,
    }
}

/// Messages with the rows 0, 1, 2, …, given by when they were recorded and by their stamps.
fn arrivals(messages: &[(i64, Option<i64>)], latency_ns: i64) -> Arrivals {
    let each = messages.iter().enumerate();
    let each = each.map(|(i, (logged, stamp))| arrival(*logged, *stamp, Some(i as u32)));
    Arrivals::new(each.collect(), latency(&format!("{latency_ns}e-9")), None)
}

fn latency(text: &str) -> Latency {
    serde_yaml::from_str(text).unwrap()
}

fn moment(label: (i64, Option<i64>), modalities: &[Arrivals]) -> LabelTime {
    let label = Label {
        stamp: label.1.map(Stamp::from_nanos),
        logged: Stamp::from_nanos(label.0),
        action: vec![],
    };
    LabelTime::of(&label, modalities, false)
}

/// The row that a label, recorded and stamped then, is paired with.
fn row(messages: Arrivals, label: (i64, Option<i64>)) -> Result<u32, Loss> {
    let modalities = [messages];
    let moment = moment(label, &modalities);
    modalities[0].at(&moment).map(|paired| paired.row)
}

#[test]
fn the_newest_message_that_had_arrived_is_used() {
    let at = |time| row(arrivals(&[(100, None), (200, None)], 0), (time, None));
    assert_eq!(at(100), Err(Loss::NothingYet));
    assert_eq!(at(101), Ok(0));
    assert_eq!(at(200), Ok(0), "at the same time is too late");
    assert_eq!(at(201), Ok(1));
    assert_eq!(at(9999), Ok(1));
}

#[test]
fn a_picture_that_was_taken_before_and_came_after_is_not_used() {
    // Taken every 33, and 80 under way.
    let pictures: Vec<_> = (0..10).map(|i| (33 * i + 80, Some(33 * i))).collect();
    for (label, picture) in [(81, 0), (110, 0), (120, 1), (300, 6)] {
        assert_eq!(
            row(arrivals(&pictures, 0), (label, Some(label))),
            Ok(picture)
        );
    }
    // Also where the label's stamp happens to be that of a picture.
    assert_eq!(row(arrivals(&pictures, 0), (165, Some(165))), Ok(2));
}

#[test]
fn a_feature_is_as_old_as_its_oldest_number_and_known_since_its_message_came() {
    let messages = || {
        let mut second = arrival(120, Some(120), Some(1));
        second.behind_ns = 30;
        Arrivals::new(
            vec![arrival(100, Some(100), Some(0)), second],
            Latency::default(),
            Some(50),
        )
    };
    let at = |time| row(messages(), (time, None));
    assert_eq!(at(119), Ok(0));
    assert_eq!(at(140), Ok(1));
    assert_eq!(at(141), Err(Loss::Stale));
}

#[test]
fn a_message_counts_from_its_latency_on() {
    let at = |time| row(arrivals(&[(100, None), (200, None)], 30), (time, None));
    assert_eq!(at(130), Err(Loss::NothingYet));
    assert_eq!(at(131), Ok(0));
    assert_eq!(at(230), Ok(0));
    assert_eq!(at(231), Ok(1));
}

#[test]
fn a_range_of_latencies_spans_what_each_of_them_would_find() {
    let pictures: Vec<_> = (0..10).map(|i| (25 * i, Some(25 * i))).collect();
    let mut arrivals = arrivals(&pictures, 0);
    arrivals.latency = latency("[0, 100e-9]");
    let modalities = [arrivals];
    for (label, row, span) in [(201, 6, 4..=8), (60, 0, 0..=2)] {
        let paired = modalities[0].at(&moment((label, None), &modalities));
        let paired = paired.unwrap();
        assert_eq!((paired.row, paired.span), (row, span), "{label}");
    }
    let too_early = modalities[0].at(&moment((40, None), &modalities));
    assert_eq!(too_early, Err(Loss::NothingYet), "by the middle one");
}

#[test]
fn a_label_with_the_stamp_of_an_observation_answers_that_one() {
    // The world stands still: all of an observation is recorded at one time, and the next may be there already.
    let world = [(10, Some(10)), (20, Some(20)), (20, Some(30))];
    for (logged, stamp, expected) in [(10, 10, 0), (20, 10, 0), (20, 20, 1), (30, 30, 2)] {
        let found = row(arrivals(&world, 0), (logged, Some(stamp)));
        assert_eq!(found, Ok(expected), "{stamp}");
    }
    let late = |latency_ns| row(arrivals(&world, latency_ns), (30, Some(30)));
    assert_eq!((late(10), late(11), late(20)), (Ok(1), Ok(0), Ok(0)));
}

#[test]
fn what_an_answered_observation_lacks_comes_from_before_it() {
    // A slower camera and sentences without a stamp beside joints of every observation.
    let modalities = [
        arrivals(&[(10, Some(10)), (20, Some(20)), (30, Some(30))], 0),
        arrivals(&[(10, Some(10)), (30, Some(30))], 0),
        arrivals(&[(10, None), (20, None)], 0),
    ];
    let rows = |label| {
        let moment = moment(label, &modalities);
        [0, 1, 2].map(|m: usize| modalities[m].at(&moment).unwrap().row)
    };
    assert_eq!(rows((20, Some(20))), [1, 0, 0]);
    assert_eq!(rows((30, Some(20))), [1, 0, 1], "nothing stamped after it");
}

#[test]
fn the_newest_is_the_last_that_came_whatever_its_stamp() {
    let messages = arrivals(&[(100, Some(90)), (110, Some(50))], 0);
    assert_eq!(row(messages, (150, Some(149))), Ok(1));
}

#[test]
fn what_was_newest_by_the_stamp_of_a_picture_is_found() {
    // Joints every 10, recorded 2 later; a picture stamped 25 that came at 80.
    let joints: Vec<_> = (1..10).map(|i| (10 * i + 2, Some(10 * i))).collect();
    let joints = arrivals(&joints, 0);
    let as_of = |logged, stamp| joints.as_of(&arrival(logged, stamp, Some(0)));
    assert_eq!(as_of(80, Some(25)), Some(1));
    assert_eq!(as_of(80, Some(30)), Some(2));
    assert_eq!(
        as_of(32, None),
        Some(2),
        "without a stamp it is of when it came"
    );
    assert_eq!(as_of(31, Some(35)), Some(1), "that of 30 had not come");
    assert_eq!(
        as_of(30, Some(30)),
        Some(2),
        "of the same observation all counts"
    );
    assert_eq!(as_of(80, Some(5)), Some(0), "before all of them");
    assert_eq!(
        arrivals(&[], 0).as_of(&arrival(80, Some(25), Some(0))),
        None
    );
}

#[test]
fn blank_messages_are_absence() {
    let messages = vec![arrival(100, None, Some(0)), arrival(200, None, None)];
    let messages = Arrivals::new(messages, Latency::default(), None);
    assert_eq!(row(messages, (250, None)), Err(Loss::Absent));
}

#[test]
fn age_is_counted_as_the_node_counts_it() {
    let stale = |message: (i64, Option<i64>), label, clocks_differ| {
        let message = vec![arrival(message.0, message.1, Some(0))];
        let modalities = [Arrivals::new(message, latency("1e-8"), Some(50))];
        let moment = LabelTime {
            clocks_differ,
            ..moment(label, &modalities)
        };
        modalities[0].at(&moment).map(|paired| paired.age_ns)
    };
    // From the stamp to when the command left, whatever stamp that carries.
    assert_eq!(stale((120, Some(100)), (150, Some(149)), false), Ok(50));
    assert_eq!(
        stale((120, Some(100)), (151, None), false),
        Err(Loss::Stale)
    );
    // Without a stamp, or with one of another clock, from when the node would have got it.
    assert_eq!(stale((120, None), (180, None), false), Ok(50));
    assert_eq!(stale((120, Some(9000)), (180, None), true), Ok(50));
    // A stamp too far ahead is of a clock that is wrong.
    assert_eq!(
        stale((120, Some(200_000_000)), (170, None), false),
        Err(Loss::Stale)
    );
}

#[test]
fn what_came_after_the_label_that_answers_it_is_noticed() {
    let messages = arrivals(&[(10, Some(10)), (25, Some(20))], 0);
    let label = |logged| Label {
        stamp: Some(Stamp::from_nanos(20)),
        logged: Stamp::from_nanos(logged),
        action: vec![],
    };
    assert!(messages.came_too_late_for(&label(20)));
    assert!(!messages.came_too_late_for(&label(25)));
}
