//! Why the robot moves, on its way from the thread that explains it to those who show it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::control::Explanation;

/// What was explained last, for those who show it to people. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Explained(Arc<Mutex<Option<(Instant, Explanation)>>>);

impl Explained {
    /// What explains what the robot does at `now`; `None` while it does not act, or nobody explains it.
    pub fn get(&self, now: Instant) -> Option<Explanation> {
        let newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = newest.as_ref().filter(|(until, _)| now < *until);
        counts.map(|(_, explanation)| explanation.clone())
    }

    /// Takes an explanation that counts until then.
    pub fn set(&self, explanation: Explanation, until: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((until, explanation));
    }
}
