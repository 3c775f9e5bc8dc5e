//! What one number of the action may be, and what stops it.

use crate::spec::ActionSpec;

/// Limits of one number of the action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// The smallest value that may leave.
    pub min: f64,
    /// The largest value that may leave.
    pub max: f64,
    /// The largest change per second while moving, where there is one.
    pub max_rate: Option<f64>,
    /// The largest change of that rate per second while moving, where there is one.
    pub max_acceleration: Option<f64>,
    /// Values nearer to the stop value than this become the stop value; 0 for none. Of no effect on what holds.
    pub deadband: f64,
    /// Time constant of a first-order low-pass over what the policy gives, in seconds; 0 for none.
    pub smoothing_s: f64,
    /// What stops the robot.
    pub stop: Stop,
}

/// What stops one number of the action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stop {
    /// This value.
    At(f64),
    /// A position stays where it is: where it is measured, otherwise where it was last commanded to be.
    Hold,
}

impl Limit {
    /// Any value from `min` to `max`, which 0 stops.
    pub const fn range(min: f64, max: f64) -> Self {
        Self {
            min,
            max,
            max_rate: None,
            max_acceleration: None,
            deadband: 0.0,
            smoothing_s: 0.0,
            stop: Stop::At(0.0),
        }
    }

    /// The nearest value that may leave.
    pub(super) fn inside(&self, value: f64) -> f64 {
        // `max` and `min`, for `clamp` panics where a bound is not a number.
        value.max(self.min).min(self.max)
    }
}

impl From<&ActionSpec> for Limit {
    /// The policy's own limits, for a number that its stop value stops.
    fn from(spec: &ActionSpec) -> Self {
        Self {
            min: spec.min,
            max: spec.max,
            max_rate: spec.max_rate,
            max_acceleration: spec.max_acceleration,
            deadband: spec.deadband.unwrap_or(0.0),
            smoothing_s: spec.smoothing.unwrap_or(0.0),
            stop: Stop::At(spec.stop_value()),
        }
    }
}
