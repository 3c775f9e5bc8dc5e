//! How long a topic has shown the same.

use crate::time::Stamp;

/// How long what a message shows has been the same, byte for byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unchanged {
    /// How many messages in a row, beside the first, have shown the same.
    pub repeats: u32,
    /// When the first of them was received.
    pub received: Stamp,
    /// What the first of them was stamped.
    pub stamp: Stamp,
}

impl Unchanged {
    /// For how long, in seconds, at a message with this stamp that was received then. `received` unset: by stamps.
    pub fn for_s(&self, received: Stamp, stamp: Stamp) -> f64 {
        match (self.repeats, received.is_unset()) {
            (0, _) => 0.0,
            (_, false) => received.seconds_since(self.received),
            (_, true) => stamp.seconds_since(self.stamp),
        }
    }
}
