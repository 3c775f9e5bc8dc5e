//! How far a feature is from the training data, in units of how far that is spread.

use crate::number::Number;

/// The root mean square of the numbers of a standardized feature: 0 at the mean of the training data, and about 1 for what
/// is distributed as it was.
pub fn distance<T: Number>(standardized: impl ExactSizeIterator<Item = T>) -> f64 {
    let count = standardized.len().max(1) as f64;
    let squares = standardized.map(|number| number.to_f64() * number.to_f64());
    (squares.sum::<f64>() / count).sqrt()
}
