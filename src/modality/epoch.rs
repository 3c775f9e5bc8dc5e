//! What was said before the robot was made ready to move, and what after.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The time from one moment at which the robot is made ready to move to the next. The first one begins with the node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(u64);

/// Which epoch it is. Cheap to clone; all clones are one. Reading it never waits.
#[derive(Clone, Debug, Default)]
pub struct Epochs(Arc<AtomicU64>);

impl Epochs {
    /// Begins the next epoch. To be called before the robot may move: whoever sees that it may sees the new epoch as well.
    pub fn begin(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// The epoch now.
    pub fn current(&self) -> Epoch {
        Epoch(self.0.load(Ordering::Acquire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_clones_are_in_one_epoch() {
        let epochs = Epochs::default();
        let clone = epochs.clone();
        assert_eq!(clone.current(), Epoch::default());
        epochs.begin();
        assert!(clone.current() > Epoch::default());
        assert_eq!(clone.current(), epochs.current());
    }
}
