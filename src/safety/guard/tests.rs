//! The guard as the controller uses it: an action after another, and stops between them.

mod properties;

use super::*;

const WIDE: Limit = Limit::range(-1.0, 1.0);

#[test]
fn an_action_inside_its_limits_passes_unchanged() {
    let mut action = [0.5, -1.0];
    assert_eq!(
        Guard::new(vec![WIDE; 2]).check(&mut action, 0.025),
        Outcome::Passed
    );
    assert_eq!(action, [0.5, -1.0]);
}

#[test]
fn what_is_outside_is_brought_back() {
    let mut action = [1.5, -7.0];
    assert_eq!(
        Guard::new(vec![WIDE; 2]).check(&mut action, 0.025),
        Outcome::Limited(2)
    );
    assert_eq!(action, [1.0, -1.0]);
}

#[test]
fn one_number_that_is_not_finite_stops_all() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut action = [0.5, bad];
        assert_eq!(
            Guard::new(vec![WIDE; 2]).check(&mut action, 0.025),
            Outcome::NonFinite(1)
        );
        assert_eq!(action, [0.0, 0.0]);
    }
}

#[test]
fn a_change_is_limited_per_second_but_a_stop_is_not() {
    let mut guard = Guard::new(vec![Limit {
        max_rate: Some(2.0),
        ..WIDE
    }]);
    let mut action = [1.0];
    assert_eq!(guard.check(&mut action, 0.1), Outcome::Limited(1));
    assert_eq!(action, [0.2]);
    action = [1.0];
    guard.check(&mut action, 0.1);
    assert_eq!(action, [0.4]);
    guard.stop(&mut action);
    assert_eq!(action, [0.0]);
}

#[test]
fn no_rate_and_no_time_panics() {
    for (rate, dt_s) in [
        (f64::INFINITY, 0.0),
        (f64::MAX, 1e308),
        (f64::NAN, 0.1),
        (1.0, f64::NAN),
        (0.0, f64::INFINITY),
    ] {
        let mut guard = Guard::new(vec![Limit {
            max_rate: Some(rate),
            ..WIDE
        }]);
        let mut action = [7.0];
        guard.check(&mut action, dt_s);
        assert!(
            (-1.0..=1.0).contains(&action[0]),
            "{rate} {dt_s}: {action:?}"
        );
    }
}

#[test]
fn a_guard_that_succeeds_another_goes_on_from_its_last_command() {
    let slow = Limit {
        max_rate: Some(2.0),
        ..WIDE
    };
    let mut previous = Guard::new(vec![slow, WIDE]);
    previous.check(&mut [0.1, 0.75], 0.1);
    let mut guard = Guard::new(vec![slow, WIDE]);
    guard.succeed(&previous);
    let mut action = [-1.0, -1.0];
    assert_eq!(guard.check(&mut action, 0.1), Outcome::Limited(1));
    assert_eq!(action, [-0.1, -1.0]);
}

#[test]
fn what_can_be_followed_is_followed_exactly() {
    let mut guard = Guard::new(vec![Limit {
        max_rate: Some(2.0),
        max_acceleration: Some(4.0),
        ..WIDE
    }]);
    for tick in 0..200 {
        let wanted = 0.5 * (1.0 - (0.05 * f64::from(tick)).cos());
        let mut action = [wanted];
        assert_eq!(guard.check(&mut action, 0.05), Outcome::Passed, "{tick}");
        assert_eq!(action, [wanted]);
    }
}

#[test]
fn a_jump_is_approached_without_passing_it_and_in_little_more_than_the_shortest_time() {
    let mut guard = Guard::new(vec![Limit {
        max_acceleration: Some(4.0),
        ..WIDE
    }]);
    let mut ticks = 0;
    let mut action = [0.0];
    while action != [0.8] {
        action = [0.8];
        guard.check(&mut action, 0.01);
        assert!(action[0] <= 0.8, "{action:?}");
        ticks += 1;
    }
    // 2·√(d/a) seconds, half of it speeding up.
    let shortest = 2.0 * (0.8_f64 / 4.0).sqrt() / 0.01;
    assert!(f64::from(ticks) < 1.1 * shortest, "{ticks}, {shortest}");
}

const HELD: Limit = Limit {
    stop: Stop::Hold,
    ..WIDE
};

#[test]
fn a_stop_holds_what_is_measured_and_goes_on_holding_it() {
    let mut guard = Guard::new(vec![HELD, WIDE]);
    let mut action = [0.5, 0.75];
    guard.check(&mut action, 0.1);
    guard.measure(0, Some(0.4));
    assert!(guard.stop(&mut action));
    assert_eq!(action, [0.4, 0.0]);
    // Where it sags to is not where it is held.
    guard.measure(0, Some(0.3));
    assert!(guard.stop(&mut action));
    assert_eq!(action, [0.4, 0.0]);
    guard.leave_stop(&mut action);
    assert_eq!(action, [0.4, 0.0]);
}

#[test]
fn without_a_measured_position_the_last_command_is_held() {
    let mut guard = Guard::new(vec![HELD]);
    let mut action = [0.5];
    guard.check(&mut action, 0.1);
    action = [9.0];
    guard.check(&mut action, 0.1);
    assert!(guard.stop(&mut action));
    assert_eq!(action, [1.0]);
}

#[test]
fn what_was_never_commanded_cannot_be_held() {
    let mut guard = Guard::new(vec![HELD, WIDE]);
    let mut action = [7.0, 7.0];
    for measured in [None, Some(0.4)] {
        guard.measure(0, measured);
        assert!(!guard.stop(&mut action) && !guard.can_stop());
    }
    assert!(action.iter().all(|number| number.is_finite()));
}

#[test]
fn the_first_command_and_the_first_after_a_stop_start_from_what_is_measured() {
    let mut guard = Guard::new(vec![Limit {
        max_rate: Some(1.0),
        max_acceleration: Some(100.0),
        ..HELD
    }]);
    let near = |action: [f64; 1], expected: f64| {
        assert!(
            (action[0] - expected).abs() < 1e-12,
            "{action:?} {expected}"
        );
    };
    guard.measure(0, Some(-0.5));
    let mut action = [1.0];
    guard.check(&mut action, 0.1);
    near(action, -0.4);
    action = [1.0];
    guard.check(&mut action, 0.1);
    near(action, -0.3);
    guard.stop(&mut action);
    near(action, -0.5);
    guard.measure(0, Some(0.6));
    action = [1.0];
    guard.check(&mut action, 0.1);
    near(action, 0.7);
    // While it moves, where it is does not count.
    guard.measure(0, Some(-0.9));
    action = [1.0];
    guard.check(&mut action, 0.1);
    near(action, 0.8);
}

#[test]
fn a_held_position_stays_inside_its_limits() {
    let mut guard = Guard::new(vec![HELD]);
    let mut action = [0.9];
    guard.check(&mut action, 0.1);
    guard.measure(0, Some(1.2));
    guard.stop(&mut action);
    assert_eq!(action, [1.0]);
    guard.measure(0, Some(f64::NAN));
    guard.check(&mut action, 0.1);
    assert_eq!(action, [1.0]);
}

#[test]
fn values_near_the_stop_value_become_it() {
    let mut guard = Guard::new(vec![Limit {
        deadband: 0.1,
        stop: Stop::At(0.25),
        ..WIDE
    }]);
    for (wanted, expected) in [(0.3, 0.25), (0.16, 0.25), (0.36, 0.36), (0.0, 0.0)] {
        let mut action = [wanted];
        assert_eq!(guard.check(&mut action, 0.1), Outcome::Passed);
        assert_eq!(action, [expected]);
    }
}

#[test]
fn smoothing_is_a_low_pass_of_its_time_constant_whatever_the_intervals_are() {
    let smooth = |steps: u32| {
        let mut guard = Guard::new(vec![Limit {
            smoothing_s: 0.2,
            ..WIDE
        }]);
        let mut action = [0.0];
        for _ in 0..steps {
            action = [1.0];
            guard.check(&mut action, 0.2 / f64::from(steps));
        }
        action[0]
    };
    let expected = 1.0 - (-1.0_f64).exp();
    for steps in [1, 7, 100] {
        assert!((smooth(steps) - expected).abs() < 1e-12, "{steps}");
    }
}

#[test]
fn a_ramp_slows_down_only_where_it_is_asked_for() {
    let slow = Limit {
        max_rate: Some(2.0),
        ..WIDE
    };
    for (ramps, expected) in [(false, 0.0), (true, 0.6)] {
        let mut guard = Guard::new(vec![slow, HELD]).with_ramp(ramps);
        let mut action = [0.8, 0.5];
        for _ in 0..10 {
            action = [0.8, 0.5];
            guard.check(&mut action, 0.1);
        }
        guard.measure(1, Some(0.25));
        assert!(guard.slow_down(&mut action, 0.1));
        assert!((action[0] - expected).abs() < 1e-12, "{action:?}");
        assert_eq!(action[1], 0.25, "what holds needs no ramp");
        assert_eq!(guard.is_slowing_down(), ramps);
        guard.leave_stop(&mut action);
        assert_eq!(
            action,
            [0.0, 0.25],
            "whoever has to stop it, stops it at once"
        );
    }
}

#[test]
fn after_a_pause_nothing_has_to_go_on_as_fast_as_before() {
    let mut guard = Guard::new(vec![Limit {
        max_acceleration: Some(4.0),
        ..WIDE
    }]);
    guard.set_period(0.01);
    let mut action = [0.0];
    for _ in 0..10 {
        action = [1.0];
        guard.check(&mut action, 0.01);
    }
    let before = action;
    assert_eq!(guard.check(&mut action, 5.0), Outcome::Passed);
    assert_eq!(action, before);
}
