//! The numbers that a policy is computed with.

use nalgebra::RealField;

/// `f32`, which drives robots, or `f64`, which checks the formulas without the rounding of the other.
pub trait Number: RealField + Copy {
    /// The nearest number to an `f64`.
    fn from_f64(value: f64) -> Self;

    /// The number as an `f64`, exactly.
    fn to_f64(self) -> f64;

    /// 0·x: zero for a finite number, NaN for every other. To be added wherever a function would make a finite number
    /// of one that is not.
    fn zero_if_finite(self) -> Self {
        self * Self::zero()
    }
}

impl Number for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Number for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }

    fn to_f64(self) -> f64 {
        self
    }
}
