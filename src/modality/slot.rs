//! The newest messages of a modality, on their way from the middleware to the worker.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Message;
use super::parts::NewestParts;
use crate::message::MessageType;

/// Room for the newest message: what the worker has not taken when the next one comes is superseded, except that a
/// message about some joints never supersedes one about others.
/// The control thread never touches this slot, so a lock is fine here.
#[derive(Default)]
pub struct MessageSlot {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    newest: NewestParts,
    closed: bool,
    superseded: u64,
}

impl MessageSlot {
    /// For messages of one type.
    pub fn new(message_type: MessageType) -> Self {
        let state = State {
            newest: NewestParts::new(message_type),
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Puts the newest message in; false, and the message is dropped, when the slot is closed.
    pub fn put(&self, message: Message) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        let superseded = state.newest.put(message);
        state.superseded += u64::from(superseded);
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Waits for a message, and says since when it was here; `None` once the slot is closed.
    pub fn take(&self) -> Option<(Message, Instant)> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(message) = state.newest.take() {
                return Some(message);
            }
            state = self
                .changed
                .wait_timeout(state, Duration::from_secs(1))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Ends the waiting of the worker.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// How many messages a newer one replaced before the worker took them.
    pub fn superseded(&self) -> u64 {
        self.lock().superseded
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::modality::Unchanged;
    use crate::time::Stamp;

    fn message(byte: u8) -> Message {
        Message {
            bytes: Arc::new(vec![byte]),
            received: Stamp::default(),
            unchanged: Unchanged::default(),
            epoch: Default::default(),
        }
    }

    #[test]
    fn only_the_newest_message_is_taken_and_the_others_are_counted() {
        let slot = MessageSlot::default();
        for byte in 0..5 {
            slot.put(message(byte));
        }
        assert_eq!(slot.take().map(|(m, _)| m), Some(message(4)));
        assert_eq!(slot.superseded(), 4);
    }

    #[test]
    fn closing_wakes_the_worker() {
        let slot = Arc::new(MessageSlot::default());
        let worker = std::thread::spawn({
            let slot = slot.clone();
            move || slot.take()
        });
        slot.close();
        assert_eq!(worker.join().unwrap(), None);
        assert!(!slot.put(message(1)), "nobody would take it");
    }
}
