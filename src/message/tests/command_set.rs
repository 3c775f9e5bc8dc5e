//! One action in several messages.

use std::collections::BTreeMap;

use super::super::*;
use crate::errors::ConfigErrors;
use crate::time::Stamp;

type Fields = BTreeMap<String, String>;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    let owned = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    pairs.iter().map(owned).collect()
}

const ACTIONS: [&str; 4] = ["drive", "elbow", "turn", "wrist"];

/// A base that drives, and an arm, with these fields.
fn robot(base: &Fields, arm: &Fields) -> Result<CommandSet, ConfigErrors> {
    CommandSet::new(
        &ACTIONS,
        &[
            Carried {
                place: "action.commands.base",
                message: MessageType::Twist,
                fields: base,
            },
            Carried {
                place: "action.commands.arm",
                message: MessageType::JointTrajectory,
                fields: arm,
            },
        ],
    )
}

fn base() -> Fields {
    fields(&[("drive", "linear.x"), ("turn", "angular.z")])
}

fn arm() -> Fields {
    fields(&[("elbow", "positions.elbow"), ("wrist", "positions.wrist")])
}

/// The base in every period of 10 ms, the arm at this period.
fn templates(arm_period_s: f64) -> CommandTemplates {
    let timing = |period_s| Timing {
        control_period_s: 0.01,
        ..Timing::every(period_s)
    };
    let set = robot(&base(), &arm()).unwrap();
    set.templates([timing(0.01), timing(arm_period_s)])
}

#[test]
fn every_number_goes_to_its_own_message_and_comes_back_from_it() {
    let mut set = robot(&base(), &arm()).unwrap();
    assert_eq!(set.carriers(), [0, 1, 0, 1]);
    assert_eq!(
        set.field_paths(),
        [
            "linear.x",
            "positions.elbow",
            "angular.z",
            "positions.wrist"
        ]
    );
    assert_eq!(
        set.quantities(),
        [
            Quantity::Velocities,
            Quantity::Positions,
            Quantity::Velocities,
            Quantity::Positions
        ]
        .map(Some)
    );
    assert_eq!(
        set.joints(),
        [
            None,
            Some("elbow".to_owned()),
            None,
            Some("wrist".to_owned())
        ]
    );
    let action = [0.5, 1.5, -0.25, -1.25];
    let mut sent = Vec::new();
    let is_sent = templates(0.01).send_due(Stamp::default(), &action, |topic, message| {
        sent.push((topic, message.to_vec()));
        true
    });
    assert!(is_sent);
    let twist = TwistView::parse(&sent[0].1).unwrap();
    assert_eq!((twist.values[0], twist.values[5]), (0.5, -0.25));
    let mut back = [f64::NAN; 4];
    for (topic, message) in &sent {
        set.decode(*topic, message, &mut back).unwrap();
    }
    assert_eq!(back, action);
}

#[test]
fn each_message_is_sent_at_its_own_rate_and_a_stop_at_once() {
    let count = |templates: &mut CommandTemplates, periods: usize| {
        let mut counts = [0, 0];
        for _ in 0..periods {
            templates.send_due(Stamp::default(), &[0.0; 4], |topic, _| {
                counts[topic] += 1;
                true
            });
        }
        counts
    };
    for (period_s, expected) in [(0.01, 300), (0.02, 150), (0.03, 100), (1.0 / 30.0, 90)] {
        let [base, arm] = count(&mut templates(period_s), 300);
        assert_eq!((base, arm), (300, expected), "every {period_s} s");
    }
    let mut templates = templates(0.05);
    assert_eq!(
        count(&mut templates, 1),
        [1, 1],
        "the first goes out at once"
    );
    assert_eq!(count(&mut templates, 2), [2, 0]);
    let mut stopped = Vec::new();
    templates.send_all(Stamp::default(), &[0.0; 4], |topic, _| {
        stopped.push(topic);
        true
    });
    assert_eq!(stopped, [0, 1]);
    assert_eq!(
        count(&mut templates, 4),
        [4, 0],
        "its next turn is counted from the stop"
    );
    assert_eq!(count(&mut templates, 1), [1, 1]);
}

#[test]
fn a_stamp_is_the_time_or_nothing() {
    for (is_stamped, expected) in [(true, Stamp::from_nanos(7)), (false, Stamp::default())] {
        let arm = robot(&base(), &arm()).unwrap();
        let timing = Timing {
            frame_id: "base",
            is_stamped,
            ..Timing::every(0.01)
        };
        arm.templates([timing; 2])
            .send_all(Stamp::from_nanos(7), &[0.0; 4], |topic, message| {
                if topic == 1 {
                    assert_eq!(JointTrajectoryView::parse(message).unwrap().stamp, expected);
                }
                true
            });
    }
}

#[test]
fn one_that_cannot_be_sent_keeps_no_other_back() {
    let mut tried = Vec::new();
    let is_sent = templates(0.01).send_all(Stamp::default(), &[0.0; 4], |topic, _| {
        tried.push(topic);
        topic != 0
    });
    assert!(!is_sent);
    assert_eq!(tried, [0, 1]);
}

#[test]
fn an_action_is_in_exactly_one_message() {
    let nothing = Fields::new();
    let without_turn = fields(&[("drive", "linear.x")]);
    let mut with_drive = arm();
    with_drive.insert("drive".to_owned(), "positions.drive".to_owned());
    let mut unknown = base();
    unknown.insert("fly".to_owned(), "linear.z".to_owned());
    let mut wrong = base();
    wrong.insert("turn".to_owned(), "angular.w".to_owned());
    for (base, arm, told) in [
        (
            &without_turn,
            arm(),
            "action turn is in none of action.commands.base, action.commands.arm",
        ),
        (
            &base(),
            with_drive,
            "action drive is in action.commands.base and in action.commands.arm",
        ),
        (
            &unknown,
            arm(),
            "action.commands.base.fields.fly: the policy has no action",
        ),
        (
            &wrong,
            arm(),
            "action.commands.base.fields.turn is \"angular.w\"",
        ),
        (&base(), nothing, "action.commands.arm.fields is missing"),
    ] {
        let text = robot(base, &arm).unwrap_err().to_string();
        assert!(text.contains(told), "{told:?} is not in {text:?}");
    }
}

#[test]
fn a_trajectory_has_a_point_for_every_action_that_is_foreseen_and_ends_with_the_last() {
    let set = robot(&base(), &arm()).unwrap();
    let timing = Timing::every(0.01);
    let mut templates = set.templates([
        timing,
        Timing {
            points: 3,
            ..timing
        },
    ]);
    assert_eq!(templates.points(), 3);
    // Base, elbow, base, wrist: this period's, and the next one's.
    let actions = [0.1, 1.0, 0.2, 2.0, 0.3, 1.5, 0.4, 2.5];
    for foreseen in [&actions[..4], &actions] {
        let mut trajectory = Vec::new();
        templates.send_all(Stamp::from_nanos(7), foreseen, |topic, message| {
            if topic == 1 {
                trajectory = message.to_vec();
            }
            true
        });
        let mut reader = cdr::Reader::new(&trajectory).unwrap();
        reader.header().unwrap();
        assert_eq!(Names::read(&mut reader, "joint_names").unwrap().len(), 2);
        assert_eq!(reader.u32("points").unwrap(), 3);
        for point in 0..3 {
            let mut numbers = || Floats::read(&mut reader, "point", 8).unwrap();
            let positions = numbers();
            let expected = match (point, foreseen.len()) {
                (0, _) | (_, 4) => [1.0, 2.0],
                _ => [1.5, 2.5],
            };
            assert_eq!([0, 1].map(|i| positions.get(i).unwrap()), expected);
            assert_eq!([(); 3].map(|()| numbers().len()), [0; 3]);
            let due = reader.stamp("time_from_start").unwrap();
            assert_eq!(due, Stamp::from_nanos((point + 1) * 10_000_000));
        }
    }
}
