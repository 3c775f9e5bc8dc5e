//! A message on its way from the middleware to the worker.

use std::sync::Arc;

use super::{Epoch, Unchanged};
use crate::time::Stamp;

/// A message as it came off the wire. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The serialized message (CDR with its encapsulation header).
    pub bytes: Arc<Vec<u8>>,
    /// When this process received it; the stamp of messages that carry none.
    pub received: Stamp,
    /// For how long what it shows has been the same.
    pub unchanged: Unchanged,
    /// When it came, by how often the robot had been made ready to move.
    pub epoch: Epoch,
}
