//! The numbers that a policy is computed with.

use nalgebra::RealField;

/// `f32`, which drives robots, or `f64`, which checks the formulas without the rounding of the other.
pub trait Number: RealField + Copy {
    /// The nearest number to an `f64`.
    fn of(value: f64) -> Self;

    /// The number as an `f64`, exactly.
    fn wide(self) -> f64;
}

impl Number for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }

    fn wide(self) -> f64 {
        f64::from(self)
    }
}

impl Number for f64 {
    fn of(value: f64) -> Self {
        value
    }

    fn wide(self) -> f64 {
        self
    }
}
