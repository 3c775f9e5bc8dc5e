//! Activations that never hide a number that is not finite.
//!
//! `max(x, 0)` makes 0 of NaN and of −∞, and tanh makes ±1 of ±∞: an overflow in one layer would leave the next one as a
//! harmless number, and the robot would move by it. Adding 0·x, which is 0 for every finite x and NaN for every other,
//! keeps it visible to the stop at the end.

use nalgebra::DVector;

use crate::number::Number;

/// ReLU of one number, max(x, 0); NaN where x is not finite.
pub fn rectified<T: Number>(x: T) -> T {
    x.max(T::zero()) + x.zero_if_finite()
}

/// ReLU of every number.
pub fn relu<T: Number>(values: &mut DVector<T>) {
    values.apply(|x| *x = rectified(*x));
}

/// tanh(x); NaN where x is not finite.
pub fn tanh<T: Number>(values: &mut DVector<T>) {
    values.apply(|x| *x = x.tanh() + x.zero_if_finite());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finite_numbers_are_activated_exactly() {
        let mut values = DVector::from_column_slice(&[-2.0_f32, -0.0, 0.0, 1e-45, 3.5, f32::MAX]);
        relu(&mut values);
        assert_eq!(values.as_slice(), [0.0, 0.0, 0.0, 1e-45, 3.5, f32::MAX]);
        let mut values = DVector::from_column_slice(&[-1.0_f32, 0.0, 100.0]);
        tanh(&mut values);
        assert_eq!(values.as_slice(), [f32::tanh(-1.0), 0.0, 1.0]);
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        for activation in [relu, tanh] {
            let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
            let mut values = DVector::from_column_slice(&bad);
            activation(&mut values);
            assert!(values.iter().all(|x| x.is_nan()), "{values}");
        }
    }
}
