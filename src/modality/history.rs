//! The newest features of a modality, seen at once.

use super::Feature;
use crate::time::Stamp;

/// Keeps the last n features and gives them as the policy sees them: the newest, then the older ones as their
/// differences to it, newest first. Before there are n, the oldest there is stands for those that are missing, as if
/// nothing had moved before.
#[derive(Clone, Debug)]
pub struct History {
    /// Features, newest first.
    kept: Vec<f32>,
    width: usize,
    known: usize,
    newest: Stamp,
}

impl History {
    /// Of the last `count` features of `width` numbers.
    pub fn new(width: usize, count: usize) -> Self {
        Self {
            kept: vec![0.0; width * count],
            width,
            known: 0,
            newest: Stamp::default(),
        }
    }

    /// Width of one feature.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Width of all features together.
    pub fn input_width(&self) -> usize {
        self.kept.len()
    }

    /// Forgets what was: after a modality was absent, the time before says nothing about now.
    pub fn forget(&mut self) {
        self.known = 0;
    }

    /// Completes a feature whose newest numbers stand at the beginning of its values, where it is present.
    pub fn complete(&mut self, stamp: Stamp, present: bool, feature: &mut Feature) {
        // Time that goes back is another time: a bag played again, a simulation started anew.
        if !present || stamp < self.newest {
            self.forget();
        }
        self.newest = stamp;
        (feature.stamp, feature.present) = (stamp, present);
        if present {
            self.take(&mut feature.values);
        }
    }

    /// Takes in the newest feature, which stands at the beginning of `seen`, and completes `seen` with the older ones.
    /// `seen` has as many numbers as all features together.
    fn take(&mut self, seen: &mut [f32]) {
        let (width, numbers) = (self.width, self.kept.len());
        if self.known == 0 {
            for feature in self.kept.chunks_exact_mut(width) {
                feature.copy_from_slice(&seen[..width]);
            }
        } else {
            self.kept.copy_within(..numbers - width, width);
            self.kept[..width].copy_from_slice(&seen[..width]);
        }
        self.known = (self.known + 1).min(numbers / width);
        let older = seen[width..].iter_mut().zip(&self.kept[width..]);
        for ((difference, older), newest) in older.zip(self.kept[..width].iter().cycle()) {
            *difference = older - newest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(history: &mut History, newest: [f32; 2]) -> Vec<f32> {
        let mut seen = vec![f32::NAN; 6];
        seen[..2].copy_from_slice(&newest);
        history.take(&mut seen);
        seen
    }

    #[test]
    fn older_features_are_differences_to_the_newest() {
        let mut history = History::new(2, 3);
        assert_eq!(
            take(&mut history, [1.0, 5.0]),
            [1.0, 5.0, 0.0, 0.0, 0.0, 0.0]
        );
        assert_eq!(
            take(&mut history, [2.0, 5.0]),
            [2.0, 5.0, -1.0, 0.0, -1.0, 0.0]
        );
        assert_eq!(
            take(&mut history, [4.0, 6.0]),
            [4.0, 6.0, -2.0, -1.0, -3.0, -1.0]
        );
        assert_eq!(
            take(&mut history, [4.0, 6.0]),
            [4.0, 6.0, 0.0, 0.0, -2.0, -1.0]
        );
    }

    #[test]
    fn what_was_forgotten_never_was() {
        let mut history = History::new(2, 3);
        take(&mut history, [9.0, 9.0]);
        history.forget();
        assert_eq!(
            take(&mut history, [1.0, 2.0]),
            [1.0, 2.0, 0.0, 0.0, 0.0, 0.0]
        );
    }

    #[test]
    fn a_history_of_one_is_the_newest_alone() {
        let mut history = History::new(2, 1);
        let mut seen = [3.0, 4.0];
        history.take(&mut seen);
        assert_eq!(seen, [3.0, 4.0]);
    }
}
