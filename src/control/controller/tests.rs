//! Freshness, arming and the guard, with time as an argument.

mod chunks;
mod stops;

use super::*;
use crate::modality::Fault;
use crate::policy::Policy;
use crate::safety::Limit;
use crate::spec::*;

/// Camera (one number, at most 0.5 s old) and instruction (one number, never too old); action = sum of both.
fn controller(required: [bool; 2]) -> Controller {
    let spec = examples::policy(
        ["camera", "instruction"]
            .map(|name| examples::vector(name, ["x"]))
            .into(),
        FusionSpec::Concat,
        vec![examples::action("speed", 1.0)],
    );
    let mut weights = Weights::default();
    for m in ["camera", "instruction"] {
        weights.insert(format!("standardize.{m}.mean"), vec![1], vec![0.0]);
        weights.insert(format!("standardize.{m}.std"), vec![1], vec![1.0]);
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
            max_future_s: 0.1,
            ends_with_epoch: false,
        })
        .collect();
    Controller::new(policy, Guard::new(limits), freshness, Ensemble::None, 0.025)
}

fn feature(seconds: f64, value: f32) -> ProjectedFeature {
    ProjectedFeature {
        epoch: Epoch::default(),
        made: None,
        stamp: at(seconds),
        received: Stamp::default(),
        fault: None,
        present: true,
        values: DVector::from_vec(vec![value]),
    }
}

fn at(seconds: f64) -> Stamp {
    Stamp::from_nanos((seconds * 1e9) as i64)
}

const BOTH: [bool; 2] = [true, true];

fn decide(
    controller: &mut Controller,
    now: f64,
    features: &[ProjectedFeature; 2],
    action: &mut [f64],
) -> Decision {
    let elapsed = Duration::from_secs_f64(now);
    let tick = controller.tick(at(now), elapsed, features.iter(), action);
    tick.decision
}

#[test]
fn nothing_leaves_before_every_required_modality_was_fresh_once() {
    let mut controller = controller(BOTH);
    let mut action = [9.0];
    let features = [feature(1.0, 0.25), ProjectedFeature::absent(1)];
    let decision = decide(&mut controller, 1.1, &features, &mut action);
    assert_eq!(
        decision,
        Decision::Silent(StopReason::Absent { modality: 1 })
    );
    let features = [feature(1.0, 0.25), feature(1.0, 0.5)];
    let decision = decide(&mut controller, 1.1, &features, &mut action);
    assert_eq!((decision, action), (Decision::Act { limited: 0 }, [0.75]));
}

#[test]
fn a_stale_camera_stops_the_robot_and_a_fresh_one_moves_it_again() {
    let mut controller = controller(BOTH);
    let mut action = [0.0];
    let features = [feature(1.0, 0.25), feature(0.1, 0.5)];
    for (now, acts) in [(1.5, true), (1.51, false), (9.0, false)] {
        let decision = decide(&mut controller, now, &features, &mut action);
        assert_eq!(matches!(decision, Decision::Act { .. }), acts, "at {now}");
        assert_eq!(action, [if acts { 0.75 } else { 0.0 }]);
    }
    let features = [feature(9.0, 0.25), feature(0.1, 0.5)];
    let decision = decide(&mut controller, 9.1, &features, &mut action);
    assert_eq!(decision, Decision::Act { limited: 0 });
}

#[test]
fn a_stamp_from_the_future_is_tolerated_less_far_than_one_from_the_past() {
    let mut controller = controller(BOTH);
    let mut action = [0.0];
    for (ahead_s, acts) in [(0.0, true), (0.1, true), (0.101, false), (0.4, false)] {
        let features = [feature(1.0 + ahead_s, 0.25), feature(0.1, 0.5)];
        let decision = decide(&mut controller, 1.0, &features, &mut action);
        assert_eq!(matches!(decision, Decision::Act { .. }), acts, "{ahead_s}");
        assert_eq!(action, [if acts { 0.75 } else { 0.0 }], "{ahead_s}");
    }
    let features = [feature(2.0, 0.25), feature(0.1, 0.5)];
    let decision = decide(&mut controller, 1.0, &features, &mut action);
    let Decision::Stop(reason) = decision else {
        panic!("{decision:?}")
    };
    let text = reason.describe(controller.policy().spec()).to_string();
    assert_eq!(
        text,
        "camera: stamped 1.000 s in the future, allowed 0.100 s; do the clocks agree?"
    );
}

#[test]
fn stamps_that_run_ahead_do_not_make_a_feature_younger_than_its_arrival() {
    let mut controller = controller(BOTH);
    controller.freshness[0].max_future_s = 10.0;
    let came = |stamp, received| ProjectedFeature {
        epoch: Epoch::default(),
        received: at(received),
        ..feature(stamp, 0.25)
    };
    let mut decide = |now, camera: ProjectedFeature| {
        decide(
            &mut controller,
            now,
            &[camera, feature(0.1, 0.5)],
            &mut [0.0],
        )
    };
    // A camera whose clock is 9 s ahead sent its last picture at 1 s.
    let act = Decision::Act { limited: 0 };
    assert_eq!(decide(1.0, came(10.0, 1.0)), act);
    assert_eq!(decide(1.5, came(10.0, 1.0)), act);
    for now in [1.6, 5.0, 10.0, 10.4] {
        let decision = decide(now, came(10.0, 1.0));
        let Decision::Stop(StopReason::Stale {
            age_s, max_age_s, ..
        }) = decision
        else {
            panic!("at {now}: {decision:?}")
        };
        assert!(
            (age_s - (now - 1.0)).abs() < 1e-9 && max_age_s == 0.5,
            "{decision:?}"
        );
    }
    // What took long to come is as old as its stamp says, and a clock that was turned back says nothing of arrival.
    assert!(matches!(decide(11.0, came(10.4, 10.9)), Decision::Stop(_)));
    assert_eq!(decide(11.0, came(10.9, 99.0)), act);
}

#[test]
fn a_feature_at_fault_stops_the_robot_or_is_done_without_where_it_is_not_required() {
    let fault = Fault::Frozen {
        for_s: 2.125,
        max_s: 2.0,
    };
    let frozen = ProjectedFeature {
        epoch: Epoch::default(),
        fault: Some(fault),
        ..feature(1.0, 0.25)
    };
    let features = [frozen, feature(0.1, 0.5)];
    let mut needs_it = controller(BOTH);
    let mut action = [9.0];
    let decision = decide(&mut needs_it, 1.1, &features, &mut action);
    let reason = StopReason::Unfit { modality: 0, fault };
    assert_eq!((decision, action), (Decision::Silent(reason), [0.0]));
    assert_eq!(
        reason.describe(needs_it.policy().spec()).to_string(),
        "camera: the picture has not changed for 2.1 s (identical bytes), allowed 2.0 s"
    );
    let decision = decide(&mut controller([false, true]), 1.1, &features, &mut action);
    assert_eq!((decision, action), (Decision::Act { limited: 0 }, [0.5]));
    // An old one is told to be old, whatever it shows.
    let decision = decide(&mut needs_it, 9.0, &features, &mut action);
    assert!(
        matches!(decision, Decision::Silent(StopReason::Stale { .. })),
        "{decision:?}"
    );
}

#[test]
fn of_any_age_does_not_mean_from_any_future() {
    let mut controller = controller(BOTH);
    let features = [feature(11.0, 0.25), feature(21.0, 0.5)];
    let decision = decide(&mut controller, 11.0, &features, &mut [0.0]);
    let expected = StopReason::Stale {
        modality: 1,
        age_s: -10.0,
        max_age_s: 0.1,
    };
    assert_eq!(decision, Decision::Silent(expected));
    // A sentence is stamped on arrival; a simulator that starts over does not unsay it.
    controller.freshness[1].max_future_s = f64::INFINITY;
    let decision = decide(&mut controller, 11.0, &features, &mut [0.0]);
    assert_eq!(decision, Decision::Act { limited: 0 });
}

#[test]
fn a_modality_that_is_not_required_is_fused_as_absent() {
    let mut controller = controller([false, true]);
    let mut action = [0.0];
    let features = [feature(1.0, 0.25), feature(0.1, 0.5)];
    let decision = decide(&mut controller, 9.0, &features, &mut action);
    assert_eq!((decision, action), (Decision::Act { limited: 0 }, [0.5]));
}

#[test]
fn with_nothing_required_and_nothing_present_nothing_moves() {
    let mut controller = controller([false, false]);
    let features = [ProjectedFeature::absent(1), ProjectedFeature::absent(1)];
    let decision = decide(&mut controller, 1.0, &features, &mut [0.0]);
    assert_eq!(decision, Decision::Silent(StopReason::NothingPresent));
}

#[test]
fn an_output_that_is_not_finite_becomes_the_stop_action() {
    let mut controller = controller(BOTH);
    let mut action = [0.0];
    let features = [feature(1.0, f32::NAN), feature(1.0, 0.5)];
    let decision = decide(&mut controller, 1.0, &features, &mut action);
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
    let decision = decide(&mut controller, 1.0, &features, &mut action);
    assert_eq!((decision, action), (Decision::Act { limited: 1 }, [1.0]));
}

#[test]
fn everything_that_is_lacking_is_named_and_nothing_where_it_could_act() {
    let fresh = [feature(1.0, 0.25), feature(1.0, 0.5)];
    let late = [feature(0.1, 0.25), ProjectedFeature::absent(1)];
    let named = |required, features: &[ProjectedFeature; 2]| -> Vec<StopReason> {
        let controller = controller(required);
        controller.missing(at(1.1), features.iter()).collect()
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
fn what_was_seen_is_told_of_a_stop_too() {
    let mut controller = controller(BOTH);
    let mut action = [0.0];
    let fresh = [feature(1.0, 0.25), feature(0.1, 0.5)];
    decide(&mut controller, 1.2, &fresh, &mut action);
    let elapsed = Duration::from_secs(2);
    let tick = controller.tick(at(2.0), elapsed, fresh.iter(), &mut action);
    assert!(matches!(tick.decision, Decision::Stop(_)), "{tick:?}");
    assert_eq!(tick.seen.present[..2], [false, true]);
    assert!((tick.seen.ages_s[0] - 1.0).abs() < 1e-9, "{tick:?}");
    assert_eq!(controller.prediction().present[..2], BOTH);
    assert!((controller.prediction().ages_s[0] - 0.2).abs() < 1e-9);
}

#[test]
fn the_first_command_does_not_depend_on_how_often_nothing_left_before() {
    let first = |tries: usize| {
        let mut controller = controller(BOTH);
        controller.guard = Guard::new(vec![Limit {
            max_rate: Some(4.0),
            ..Limit::range(-1.0, 1.0)
        }]);
        let mut action = [0.0];
        let incomplete = [feature(1.0, 0.25), ProjectedFeature::absent(1)];
        for _ in 0..tries {
            decide(&mut controller, 1.0, &incomplete, &mut action);
        }
        let complete = [feature(1.0, 0.25), feature(1.0, 0.5)];
        decide(&mut controller, 1.0, &complete, &mut action);
        action[0]
    };
    assert_eq!((first(0), first(1), first(9)), (0.1, 0.1, 0.1));
}

#[test]
fn a_clock_that_is_set_back_neither_widens_nor_closes_the_rate_limit() {
    let mut controller = controller([false, true]);
    controller.guard = Guard::new(vec![Limit {
        max_rate: Some(4.0),
        ..Limit::range(-1.0, 1.0)
    }]);
    let mut action = [0.0];
    let features = [ProjectedFeature::absent(1), feature(1.0, 1.0)];
    for (tick, stamp) in [9.0, 3.0, 3.0, 500.0].into_iter().enumerate() {
        let elapsed = Duration::from_millis(25 * tick as u64);
        controller.tick(at(stamp), elapsed, features.iter(), &mut action);
        let expected = 0.1 * (tick + 1) as f64;
        assert!((action[0] - expected).abs() < 1e-9, "{tick}: {action:?}");
    }
}

#[test]
fn a_successor_is_armed_and_keeps_the_rate_limits() {
    let slow = |mut controller: Controller| {
        controller.guard = Guard::new(vec![Limit {
            max_rate: Some(4.0),
            ..Limit::range(-1.0, 1.0)
        }]);
        controller
    };
    let mut previous = slow(controller(BOTH));
    let mut action = [0.0];
    let features = [feature(1.0, 0.25), feature(1.0, 0.5)];
    for tick in 0..20 {
        let now = 1.0 + 0.025 * f64::from(tick);
        decide(&mut previous, now, &features, &mut action);
    }
    assert_eq!(action, [0.75]);

    let mut successor = slow(controller(BOTH));
    assert!(!successor.is_armed());
    successor.succeed(&previous);
    assert!(successor.is_armed());
    let features = [feature(1.4, -0.25), feature(1.4, -0.5)];
    let decision = decide(&mut successor, 1.5, &features, &mut action);
    assert_eq!(decision, Decision::Act { limited: 1 });
    // 25 ms at 4 per second, from where the other one ended.
    assert!((action[0] - 0.65).abs() < 1e-9, "{action:?}");
    let decision = decide(&mut successor, 9.0, &features, &mut action);
    assert!(matches!(decision, Decision::Stop(_)), "{decision:?}");
}

#[test]
fn an_instruction_ends_when_the_robot_is_made_ready_to_move_anew() {
    let epochs = Epochs::default();
    let mut controller = controller(BOTH).with_epochs(epochs.clone());
    controller.freshness[1].ends_with_epoch = true;
    let mut action = [9.0];
    let mut features = [feature(1.0, 0.25), feature(0.5, 0.5)];
    let act = Decision::Act { limited: 0 };
    assert_eq!(decide(&mut controller, 1.1, &features, &mut action), act);
    epochs.begin();
    let earlier = StopReason::Earlier { modality: 1 };
    let now = at(1.2);
    let missing: Vec<StopReason> = controller.missing(now, features.iter()).collect();
    assert_eq!(missing, [earlier]);
    let decision = decide(&mut controller, 1.2, &features, &mut action);
    assert_eq!((decision, action), (Decision::Stop(earlier), [0.0]));
    // The camera goes on as it was, and the same words given again count.
    features[1].epoch = epochs.current();
    assert_eq!(decide(&mut controller, 1.3, &features, &mut action), act);
    // One that follows it is in the same epoch.
    let mut successor = self::controller(BOTH).with_epochs(epochs.clone());
    successor.freshness[1].ends_with_epoch = true;
    successor.succeed(&controller);
    assert_eq!(successor.missing(at(1.3), features.iter()).next(), None);
    epochs.begin();
    assert_eq!(
        successor.missing(at(1.3), features.iter()).next(),
        Some(earlier)
    );
}
