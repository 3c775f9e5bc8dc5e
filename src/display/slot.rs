//! What there is to see of a node, on its way from the thread that knows it to those who look.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::View;
use crate::encoder::{RgbPicture, Room};
use crate::message::{MessageError, MessageType};
use crate::modality::{Message, MessageFanout};

/// What there is to see of a node at one moment.
pub struct Sight {
    /// When that was.
    pub at: Instant,
    /// Its state.
    pub view: View,
    /// Its cameras, of which each has a modality in the view.
    pub cameras: Vec<Camera>,
}

/// A modality whose messages are pictures. Its picture stays where it came in until somebody looks.
#[derive(Clone)]
pub struct Camera {
    /// The modality's name.
    pub modality: String,
    /// The type of its messages.
    pub message: MessageType,
    /// Where they come in.
    pub fanout: Arc<MessageFanout>,
}

/// A slot for the newest sight, which is made only when somebody has asked. Cheap to clone; all clones are one slot.
#[derive(Clone, Default)]
pub struct SightSlot(Arc<Slot>);

#[derive(Default)]
struct Slot {
    is_asked: AtomicBool,
    newest: Mutex<Option<Arc<Sight>>>,
}

impl SightSlot {
    /// Asks for a sight, which comes a moment later.
    pub fn ask(&self) {
        self.0.is_asked.store(true, Ordering::Release);
    }

    /// Whether somebody has asked since the last one was put in.
    pub fn is_asked(&self) -> bool {
        self.0.is_asked.load(Ordering::Acquire)
    }

    /// Puts in what was asked for.
    pub fn put(&self, sight: Sight) {
        self.0.is_asked.store(false, Ordering::Release);
        *self.0.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(sight));
    }

    /// The newest sight, where it is of `since` or later.
    pub fn newest(&self, since: Instant) -> Option<Arc<Sight>> {
        let newest = self.0.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.clone().filter(|sight| sight.at >= since)
    }

    /// Asks for a sight, and waits for it up to `patience`.
    pub fn wait(&self, patience: Duration) -> Option<Arc<Sight>> {
        const LOOK_EVERY: Duration = Duration::from_millis(5);
        let asked = Instant::now();
        self.ask();
        loop {
            let newest = self.newest(asked);
            if newest.is_some() || asked.elapsed() >= patience {
                return newest;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Camera {
    /// The newest message, where there is one.
    pub fn newest(&self) -> Option<Message> {
        self.fanout.newest()
    }

    /// The newest picture; `None` where none has come.
    ///
    /// # Errors
    /// What is wrong with the newest message.
    pub fn picture(&self, room: Room) -> Result<Option<RgbPicture>, MessageError> {
        let newest = self.newest();
        newest
            .map(|newest| RgbPicture::of(self.message, &newest.bytes, room))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(at: Instant) -> Sight {
        Sight {
            at,
            view: View::default(),
            cameras: Vec::new(),
        }
    }

    #[test]
    fn nothing_is_asked_for_before_somebody_looks_and_what_is_old_does_not_count() {
        let slot = SightSlot::default();
        let start = Instant::now();
        assert!(!slot.is_asked() && slot.newest(start).is_none());
        slot.ask();
        assert!(slot.is_asked());
        slot.put(sight(start));
        assert!(!slot.is_asked() && slot.newest(start).is_some());
        assert!(slot.newest(start + Duration::from_nanos(1)).is_none());
        assert!(slot.wait(Duration::from_millis(10)).is_none());
    }

    #[test]
    fn whoever_waits_gets_what_was_seen_after_it_asked() {
        let slot = SightSlot::default();
        let watcher = slot.clone();
        let thread = std::thread::spawn(move || {
            while !watcher.is_asked() {
                std::thread::yield_now();
            }
            watcher.put(sight(Instant::now()));
        });
        assert!(slot.wait(Duration::from_secs(10)).is_some());
        thread.join().unwrap();
    }
}
