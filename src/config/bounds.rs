//! Which numbers a parameter may be.

use std::fmt;
use std::ops::RangeInclusive;

/// The ages that a limit may have: below, nothing is ever fresh; beyond, it protects nobody.
pub(super) const AGES_S: RangeInclusive<f64> = 0.001..=3600.0;

/// A finite range, and beside it at most one number with a meaning of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    range: RangeInclusive<f64>,
    special: Option<(f64, &'static str)>,
}

impl From<RangeInclusive<f64>> for Bounds {
    fn from(range: RangeInclusive<f64>) -> Self {
        Self {
            range,
            special: None,
        }
    }
}

impl Bounds {
    /// A range, or a number outside of it that means something else, in words: `"for any"`.
    pub fn or(range: RangeInclusive<f64>, special: f64, meaning: &'static str) -> Self {
        Self {
            range,
            special: Some((special, meaning)),
        }
    }

    /// The smallest and the largest number of the range.
    pub fn range(&self) -> (f64, f64) {
        (*self.range.start(), *self.range.end())
    }

    /// The number beside the range.
    pub fn special(&self) -> Option<f64> {
        self.special.map(|(number, _)| number)
    }

    /// Whether a number is allowed. NaN never is.
    pub fn contains(&self, number: f64) -> bool {
        self.range.contains(&number) || self.special() == Some(number)
    }

    /// The smallest and the largest number that is allowed, with others between them that are not.
    pub(super) fn hull(&self) -> (f64, f64) {
        let (low, high) = self.range();
        let special = self.special().unwrap_or(low);
        (low.min(special), high.max(special))
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.range.start(), self.range.end())?;
        match self.special {
            None => Ok(()),
            Some((number, meaning)) if number == f64::INFINITY => write!(f, ", or .inf {meaning}"),
            Some((number, meaning)) if number == f64::NEG_INFINITY => {
                write!(f, ", or -.inf {meaning}")
            }
            Some((number, meaning)) => write!(f, ", or {number} {meaning}"),
        }
    }
}
