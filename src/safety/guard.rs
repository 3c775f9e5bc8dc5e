//! The last stage before the topic: nothing leaves that is not finite, inside its limits and inside its
//! rate limits, whatever produced it.

use crate::spec::ActionSpec;

/// Limits of one number of the action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// The smallest value that may leave.
    pub min: f64,
    /// The largest value that may leave.
    pub max: f64,
    /// The largest change per second while moving, where there is one. A stop is never delayed by it.
    pub max_rate: Option<f64>,
    /// The value that stops the robot.
    pub stop: f64,
}

impl From<&ActionSpec> for Limit {
    fn from(spec: &ActionSpec) -> Self {
        Self {
            min: spec.min,
            max: spec.max,
            max_rate: None,
            stop: spec.stop,
        }
    }
}

/// What the guard did with an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing.
    Passed,
    /// This many numbers were brought back to their limits.
    Limited(usize),
    /// The number at this index was not finite; the action is now the stop action.
    NonFinite(usize),
}

/// The guard of one command topic.
#[derive(Debug)]
pub struct Guard {
    limits: Vec<Limit>,
    last: Vec<f64>,
}

impl Guard {
    /// A guard with one limit per number of the action, at rest at the stop action.
    pub fn new(limits: Vec<Limit>) -> Self {
        let last = limits.iter().map(|l| l.stop).collect();
        Self { limits, last }
    }

    /// Goes on from the last command of `previous`, a guard of the same actions, so that rate limits hold across the change.
    pub fn succeed(&mut self, previous: &Self) {
        self.last.copy_from_slice(&previous.last);
    }

    /// How many numbers an action has.
    pub fn width(&self) -> usize {
        self.limits.len()
    }

    /// Makes `action` fit to leave, `dt_s` (not negative) seconds after the one before.
    pub fn check(&mut self, action: &mut [f64], dt_s: f64) -> Outcome {
        if let Some(at) = action.iter().position(|v| !v.is_finite()) {
            self.stop(action);
            return Outcome::NonFinite(at);
        }
        let mut limited = 0;
        for ((value, limit), last) in action.iter_mut().zip(&self.limits).zip(&mut self.last) {
            let step = limit.max_rate.map_or(f64::INFINITY, |rate| rate * dt_s);
            // `max` and `min`, for `clamp` panics where its bounds are not numbers (∞ per second for no time at all). The
            // limits come last, so that they hold even where the stop action lies outside a narrowed range.
            let allowed = value
                .max(*last - step)
                .min(*last + step)
                .max(limit.min)
                .min(limit.max);
            limited += usize::from(allowed != *value);
            *value = allowed;
            *last = allowed;
        }
        match limited {
            0 => Outcome::Passed,
            count => Outcome::Limited(count),
        }
    }

    /// Overwrites `action` with the stop action.
    pub fn stop(&mut self, action: &mut [f64]) {
        for ((value, limit), last) in action.iter_mut().zip(&self.limits).zip(&mut self.last) {
            *value = limit.stop;
            *last = limit.stop;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Limit = Limit {
        min: -1.0,
        max: 1.0,
        max_rate: None,
        stop: 0.0,
    };

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
}
