//! What many numbers are mostly like, without keeping them all.

/// A part of the numbers that came, spread evenly over all of them.
#[derive(Clone, Debug)]
pub struct Typical {
    kept: Vec<f64>,
    /// Every n-th value is kept; this is n.
    every: usize,
    came: usize,
}

/// So many are kept at most.
const MOST: usize = 1 << 14;

impl Default for Typical {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            every: 1,
            came: 0,
        }
    }
}

impl Typical {
    /// Takes in a number.
    pub fn add(&mut self, number: f64) {
        if self.came.is_multiple_of(self.every) {
            if self.kept.len() == MOST {
                let mut at = 0..;
                self.kept
                    .retain(|_| at.next().is_some_and(|i: usize| i.is_multiple_of(2)));
                self.every *= 2;
            }
            self.kept.push(number);
        }
        self.came += 1;
    }

    /// The one in the middle, if there is any.
    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// The one that this part of all are below, from 0 to 1, if there is any.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let mut sorted = self.kept.clone();
        sorted.sort_by(f64::total_cmp);
        let place = (sorted.len() as f64 * part) as usize;
        sorted
            .get(place.min(sorted.len().saturating_sub(1)))
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_many_is_that_of_those_that_are_kept() {
        let mut typical = Typical::default();
        assert_eq!(typical.median(), None);
        for number in [3.0, 1.0, 2.0] {
            typical.add(number);
        }
        assert_eq!(typical.median(), Some(2.0));
        assert_eq!(typical.quantile(0.99), Some(3.0));
        assert_eq!(typical.quantile(1.0), Some(3.0));
        let mut typical = Typical::default();
        for i in 0..1_000_000 {
            typical.add(f64::from(i));
        }
        assert!(typical.kept.len() <= MOST);
        let median = typical.median().unwrap();
        assert!((median - 500_000.0).abs() < 1000.0, "{median}");
    }
}
