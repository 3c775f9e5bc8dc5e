//! What a stop is, as the controller decides it: held, ramped, and after somebody else's.

use super::*;
use crate::safety::Stop;

const TICK_S: f64 = 0.025;

/// A controller of one position between −1 and 1, which the camera measures.
fn arm(limit: Limit, ramps: bool) -> Controller {
    let mut controller = controller(BOTH);
    controller.guard = Guard::new(vec![limit]).with_ramp(ramps);
    controller.guard.set_period(TICK_S);
    controller
}

const HELD: Limit = Limit {
    stop: Stop::Hold,
    ..Limit::range(-1.0, 1.0)
};

/// A tick at which the camera shows `camera` of this age and the instruction nothing of its own.
fn tick(controller: &mut Controller, now: f64, camera: f32, age_s: f64) -> (Decision, f64) {
    let mut action = [9.0];
    let features = [feature(now - age_s, camera), feature(0.1, 0.0)];
    let decision = decide(controller, now, &features, &mut action);
    (decision, action[0])
}

#[test]
fn a_stop_holds_a_measured_position_while_it_is_fresh_and_the_last_command_otherwise() {
    for (age_s, held) in [(0.0, 0.25), (9.0, 0.5)] {
        let mut controller = arm(HELD, false);
        controller.measure(0, 0, 0.25);
        assert_eq!(tick(&mut controller, 10.0, 0.5, 0.0).1, 0.5);
        controller.measure(0, 0, 0.25);
        // The instruction is stamped in the future, or the camera is stale.
        let features = [feature(10.1 - age_s, 0.5), feature(99.0, 0.0)];
        let mut action = [9.0];
        for _ in 0..3 {
            let decision = decide(&mut controller, 10.1, &features, &mut action);
            assert!(matches!(decision, Decision::Stop(_)), "{decision:?}");
            assert_eq!(action, [held], "{age_s} s old");
            controller.measure(0, 0, 0.125);
        }
    }
}

#[test]
fn what_was_never_commanded_is_not_held_but_waited_for() {
    let mut controller = arm(HELD, false);
    let (decision, _) = tick(&mut controller, 1.0, f32::NAN, 0.0);
    let not_finite = StopReason::NonFinite { action: 0 };
    assert_eq!(decision, Decision::Silent(not_finite));
    assert!(!controller.is_armed());
    let (decision, action) = tick(&mut controller, 1.025, 0.5, 0.0);
    assert_eq!((decision, action), (Decision::Act { limited: 0 }, 0.5));
    let (decision, action) = tick(&mut controller, 1.05, f32::NAN, 0.0);
    assert_eq!((decision, action), (Decision::Stop(not_finite), 0.5));
}

#[test]
fn a_ramped_stop_is_approached_tick_by_tick_and_what_follows_goes_on_from_it() {
    let slow = Limit {
        max_rate: Some(4.0),
        ..Limit::range(-1.0, 1.0)
    };
    let mut controller = arm(slow, true);
    let mut now = 1.0;
    let mut next = |controller: &mut Controller, camera, age_s| {
        now += TICK_S;
        tick(controller, now, camera, age_s)
    };
    while next(&mut controller, 0.5, 0.0).1 != 0.5 {}
    let near = |value: f64, expected: f64| assert!((value - expected).abs() < 1e-9, "{value}");
    for expected in [0.4, 0.3, 0.2] {
        let (decision, value) = next(&mut controller, 0.5, 9.0);
        assert!(matches!(decision, Decision::Stop(_)), "{decision:?}");
        near(value, expected);
        assert!(controller.is_slowing_down());
    }
    near(next(&mut controller, 0.5, 0.0).1, 0.3);
    assert!(!controller.is_slowing_down());
    for expected in [0.2, 0.1, 0.0, 0.0] {
        near(next(&mut controller, f32::NAN, 0.0).1, expected);
    }
    assert!(!controller.is_slowing_down());
}

#[test]
fn after_somebody_elses_stop_it_starts_from_there() {
    let slow = Limit {
        max_rate: Some(4.0),
        ..Limit::range(-1.0, 1.0)
    };
    let mut controller = arm(slow, false);
    for i in 0..20 {
        tick(&mut controller, 1.0 + TICK_S * f64::from(i), 0.75, 0.0);
    }
    controller.was_stopped(&mut [0.0]);
    let (_, action) = tick(&mut controller, 1.5, 0.75, 0.0);
    assert!((action - 0.1).abs() < 1e-9, "{action}");
}

#[test]
fn a_stop_that_is_foreseen_goes_down_the_ramp_or_stays_where_it_is() {
    let slow = Limit {
        max_rate: Some(10.0),
        ..Limit::range(-1.0, 1.0)
    };
    for (limit, ramps, expected) in [
        (slow, true, [0.75, 0.5, 0.25, 0.0, 0.0]),
        (slow, false, [0.0; 5]),
        (HELD, true, [1.0; 5]),
    ] {
        let mut controller = arm(limit, ramps);
        for now in [10.0, 10.025, 10.05, 10.075, 10.1, 10.125, 10.15] {
            tick(&mut controller, now, 1.0, 0.0);
        }
        let (decision, own) = tick(&mut controller, 10.175, 1.0, 9.0);
        assert!(matches!(decision, Decision::Stop(_)), "{decision:?}");
        let mut actions = [own, 9.0, 9.0, 9.0, 9.0];
        controller.foresee(Stamp::from_nanos(0), decision, &mut actions);
        for (found, expected) in actions.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{actions:?}");
        }
    }
}
