//! Freshness, arming and the guard, with time as an argument.

mod chunks;

use super::*;
use crate::guard::Limit;
use crate::policy::*;

/// Camera (one number, at most 0.5 s old) and instruction (one number, never too old); action = sum of both.
fn controller(required: [bool; 2]) -> Controller {
    let vector = |name: &str| ModalitySpec {
        name: name.into(),
        source: SourceSpec::Vector {
            names: vec!["x".into()],
        },
        width: 1,
        history: 1,
        align: None,
        align_hidden: vec![],
        squash: false,
    };
    let spec = PolicySpec {
        format: FORMAT,
        name: "sum".into(),
        description: String::new(),
        modalities: vec![vector("camera"), vector("instruction")],
        fusion: FusionSpec::Concat,
        head: HeadSpec::Mlp {
            hidden: vec![],
            chunk: None,
        },
        actions: vec![ActionSpec {
            name: "speed".into(),
            unit: "m/s".into(),
            min: -1.0,
            max: 1.0,
            stop: 0.0,
        }],
    };
    let mut weights = Weights::default();
    for m in ["camera", "instruction"] {
        weights.insert(format!("standardise.{m}.mean"), vec![1], vec![0.0]);
        weights.insert(format!("standardise.{m}.std"), vec![1], vec![1.0]);
    }
    weights.insert("head.0.weight", vec![1, 2], vec![1.0, 1.0]);
    weights.insert("head.0.bias", vec![1], vec![0.0]);
    weights.insert("action.mean", vec![1], vec![0.0]);
    weights.insert("action.std", vec![1], vec![1.0]);
    let limits = spec.actions.iter().map(Limit::from).collect();
    let policy = Policy::build(spec, std::path::Path::new(""), &weights).unwrap();
    let freshness = [Some(0.5), None]
        .into_iter()
        .zip(required)
        .map(|(max_age_s, required)| Freshness {
            required,
            max_age_s,
        })
        .collect();
    Controller::new(policy, Guard::new(limits), freshness, Ensemble::None, 0.025)
}

fn feature(seconds: f64, value: f32) -> Feature {
    Feature {
        stamp: at(seconds),
        present: true,
        values: vec![value],
    }
}

fn at(seconds: f64) -> Stamp {
    Stamp::from_nanos((seconds * 1e9) as i64)
}

const BOTH: [bool; 2] = [true, true];

#[test]
fn nothing_leaves_before_every_required_modality_was_fresh_once() {
    let mut controller = controller(BOTH);
    let mut action = [9.0];
    let features = [feature(1.0, 0.25), Feature::absent(1)];
    let decision = controller.tick(at(1.1), features.iter(), &mut action);
    assert_eq!(
        decision,
        Decision::Silent(StopReason::Absent { modality: 1 })
    );
    let features = [feature(1.0, 0.25), feature(1.0, 0.5)];
    let decision = controller.tick(at(1.1), features.iter(), &mut action);
    assert_eq!((decision, action), (Decision::Act { limited: 0 }, [0.75]));
}

#[test]
fn a_stale_camera_stops_the_robot_and_a_fresh_one_moves_it_again() {
    let mut controller = controller(BOTH);
    let mut action = [0.0];
    let features = [feature(1.0, 0.25), feature(0.1, 0.5)];
    for (now, acts) in [(1.5, true), (1.51, false), (9.0, false)] {
        let decision = controller.tick(at(now), features.iter(), &mut action);
        assert_eq!(matches!(decision, Decision::Act { .. }), acts, "at {now}");
        assert_eq!(action, [if acts { 0.75 } else { 0.0 }]);
    }
    let features = [feature(9.0, 0.25), feature(0.1, 0.5)];
    let decision = controller.tick(at(9.1), features.iter(), &mut action);
    assert_eq!(decision, Decision::Act { limited: 0 });
}

#[test]
fn a_stamp_from_the_future_is_as_stale_as_one_from_the_past() {
    let mut controller = controller(BOTH);
    let features = [feature(2.0, 0.25), feature(0.1, 0.5)];
    let decision = controller.tick(at(1.0), features.iter(), &mut [0.0]);
    let Decision::Silent(reason) = decision else {
        panic!("{decision:?}")
    };
    let text = reason.describe(controller.policy().spec()).to_string();
    assert!(text.contains("camera") && text.contains("future"), "{text}");
}

#[test]
fn a_modality_that_is_not_required_is_fused_as_absent() {
    let mut controller = controller([false, true]);
    let mut action = [0.0];
    let features = [feature(1.0, 0.25), feature(0.1, 0.5)];
    let decision = controller.tick(at(9.0), features.iter(), &mut action);
    assert_eq!((decision, action), (Decision::Act { limited: 0 }, [0.5]));
}

#[test]
fn with_nothing_required_and_nothing_present_nothing_moves() {
    let mut controller = controller([false, false]);
    let features = [Feature::absent(1), Feature::absent(1)];
    let decision = controller.tick(at(1.0), features.iter(), &mut [0.0]);
    assert_eq!(decision, Decision::Silent(StopReason::NothingPresent));
}

#[test]
fn an_output_that_is_not_finite_becomes_the_stop_action() {
    let mut controller = controller(BOTH);
    let mut action = [0.0];
    let features = [feature(1.0, f32::NAN), feature(1.0, 0.5)];
    let decision = controller.tick(at(1.0), features.iter(), &mut action);
    assert_eq!(
        decision,
        Decision::Stop(StopReason::NonFinite { action: 0 })
    );
    assert_eq!(action, [0.0]);
}

#[test]
fn an_output_outside_the_limits_is_limited() {
    let mut controller = controller(BOTH);
    let mut action = [0.0];
    let features = [feature(1.0, 3.0), feature(1.0, 0.5)];
    let decision = controller.tick(at(1.0), features.iter(), &mut action);
    assert_eq!((decision, action), (Decision::Act { limited: 1 }, [1.0]));
}

#[test]
fn everything_that_is_lacking_is_named_and_nothing_where_it_could_act() {
    let fresh = [feature(1.0, 0.25), feature(1.0, 0.5)];
    let late = [feature(0.1, 0.25), Feature::absent(1)];
    let named = |required, features: &[Feature; 2]| -> Vec<StopReason> {
        let controller = controller(required);
        controller.lacking(at(1.1), features.iter()).collect()
    };
    assert_eq!(named(BOTH, &fresh), []);
    let stale = StopReason::Stale {
        modality: 0,
        age_s: 1.0,
        max_age_s: 0.5,
    };
    let absent = StopReason::Absent { modality: 1 };
    assert_eq!(named(BOTH, &late), [stale, absent]);
    assert_eq!(named([false, true], &late), [absent]);
    assert_eq!(named([false, false], &fresh), []);
    assert_eq!(named([false, false], &late), [StopReason::NothingPresent]);
}

#[test]
fn a_successor_is_armed_and_keeps_the_rate_limits() {
    let slow = |mut controller: Controller| {
        controller.guard = Guard::new(vec![Limit {
            min: -1.0,
            max: 1.0,
            max_rate: Some(4.0),
            stop: 0.0,
        }]);
        controller
    };
    let mut former = slow(controller(BOTH));
    let mut action = [0.0];
    let features = [feature(1.0, 0.25), feature(1.0, 0.5)];
    for tick in 0..20 {
        former.tick(
            at(1.0 + 0.025 * f64::from(tick)),
            features.iter(),
            &mut action,
        );
    }
    assert_eq!(action, [0.75]);

    let mut successor = slow(controller(BOTH));
    assert!(!successor.is_armed());
    successor.succeed(&former);
    assert!(successor.is_armed());
    let features = [feature(1.4, -0.25), feature(1.4, -0.5)];
    let decision = successor.tick(at(1.5), features.iter(), &mut action);
    assert_eq!(decision, Decision::Act { limited: 1 });
    // 25 ms at 4 per second, from where the other one ended.
    assert!((action[0] - 0.65).abs() < 1e-9, "{action:?}");
    let decision = successor.tick(at(9.0), features.iter(), &mut action);
    assert!(matches!(decision, Decision::Stop(_)), "{decision:?}");
}
