//! A tick of the control thread that has come.

use crate::control::pace;
use crate::realtime::Monotonic;
use crate::time::Stamp;

/// A tick that is due.
pub struct Due {
    /// Its time, on the node's clock.
    pub now: Stamp,
    /// When the thread woke for it.
    pub woke: Monotonic,
    /// When that should have been; `None` where the simulator says so.
    pub deadline: Option<Monotonic>,
    /// Whether it slept until then.
    pub slept: bool,
    /// Later deadlines that had passed as well.
    pub skipped: u64,
}

impl Due {
    /// One that no deadline says anything of.
    pub fn at(now: Stamp, woke: Monotonic) -> Self {
        Self {
            now,
            woke,
            deadline: None,
            slept: false,
            skipped: 0,
        }
    }

    /// The same of a deadline that had come at `woke`.
    pub fn with_deadline(self, due: pace::Due, slept: bool) -> Self {
        Self {
            deadline: Some(self.woke.minus(due.late)),
            slept,
            skipped: due.skipped,
            ..self
        }
    }
}
