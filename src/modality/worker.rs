//! The thread of one modality: from its newest message to its newest feature, at its own pace.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::throttle::Throttle;
use super::{Message, MessageSlot, ModalityStats};
use crate::encoder::{Extraction, FeatureExtractor};
use crate::message::{self, MessageError, MessageType};
use crate::problems::Problems;
use crate::time::Stamp;

/// Errors of messages that come again and again are logged this often.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// What a worker does with a message; a [`FeatureExtractor`] everywhere but in tests.
pub trait Extract: Send + 'static {
    /// Reads a message and writes its feature.
    ///
    /// # Errors
    /// What is wrong with the message.
    fn extract(
        &mut self,
        message_type: MessageType,
        bytes: &[u8],
        feature: &mut [f32],
    ) -> Result<Extraction, MessageError>;
}

impl Extract for FeatureExtractor {
    fn extract(
        &mut self,
        message_type: MessageType,
        bytes: &[u8],
        feature: &mut [f32],
    ) -> Result<Extraction, MessageError> {
        FeatureExtractor::extract(self, message_type, bytes, feature)
    }
}

/// Where a worker's features go.
pub trait Deliver: Send + 'static {
    /// Room for the next feature, of one feature's width.
    fn room(&mut self) -> &mut [f32];

    /// Passes on what was written to the room. `present` is false where there is nothing to fuse, and then nothing was
    /// written. `message` is what it was made from.
    fn deliver(&mut self, stamp: Stamp, present: bool, message: &Message);
}

/// A running worker.
pub struct Worker {
    slot: Arc<MessageSlot>,
    stats: Arc<ModalityStats>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the worker of the modality `name`, whose messages are of one type. `notify` is called after every
    /// feature.
    ///
    /// # Errors
    /// A thread that the system does not give.
    pub fn start(
        name: &str,
        message_type: MessageType,
        extract: impl Extract,
        deliver: impl Deliver,
        notify: impl Fn() + Send + 'static,
    ) -> Result<Self, Problems> {
        let slot = Arc::<MessageSlot>::default();
        let stats = Arc::<ModalityStats>::default();
        let work = Work {
            name: name.to_owned(),
            message_type,
            extract,
            deliver,
            notify,
            stats: stats.clone(),
            throttle: Throttle::new(LOG_EVERY),
            started: Instant::now(),
        };
        let thread = std::thread::Builder::new()
            .name(format!("encode {name}"))
            .spawn({
                let slot = slot.clone();
                move || work.run(&slot)
            })
            .map_err(|e| format!("modality {name}: no thread for its encoder: {e}"))?;
        Ok(Self {
            slot,
            stats,
            thread: Some(thread),
        })
    }

    /// Where its messages go.
    pub fn slot(&self) -> &Arc<MessageSlot> {
        &self.slot
    }

    /// What it counts.
    pub fn stats(&self) -> &Arc<ModalityStats> {
        &self.stats
    }

    /// Ends it, after the message at hand.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.slot.close();
        if let Some(thread) = self.thread.take() {
            // A panic is caught where it happens, so there is nothing to learn from the result.
            let _ = thread.join();
        }
    }
}

struct Work<E, D, N> {
    name: String,
    message_type: MessageType,
    extract: E,
    deliver: D,
    notify: N,
    stats: Arc<ModalityStats>,
    throttle: Throttle,
    started: Instant,
}

impl<E: Extract, D: Deliver, N: Fn()> Work<E, D, N> {
    fn run(mut self, slot: &MessageSlot) {
        while let Some(message) = slot.take() {
            let began = Instant::now();
            match self.encode(&message) {
                Ok((stamp, present)) => {
                    let sentence = self.sentence(&message).filter(|_| present);
                    self.stats.count_encoded(stamp, began.elapsed(), sentence);
                    (self.notify)();
                }
                Err(error) => self.drop_message(error.to_string()),
            }
        }
    }

    /// Delivers the message's feature, and returns its stamp and whether it is present.
    fn encode(&mut self, message: &Message) -> Result<(Stamp, bool), MessageError> {
        let room = self.deliver.room();
        let extract = || {
            self.extract
                .extract(self.message_type, &message.bytes, room)
        };
        // Pictures and models come from outside, and the libraries that read them may fail in ways of their own: a
        // modality that loses its thread would be lost until the node is started again.
        let extraction = catch_unwind(AssertUnwindSafe(extract)).unwrap_or_else(|_| {
            Err(MessageError::invalid(
                "the message",
                "such that reading it panicked",
                "please report it with the message",
            ))
        })?;
        let stamp = extraction
            .stamp
            .filter(|stamp| !stamp.is_unset())
            .unwrap_or(message.received);
        self.deliver.deliver(stamp, extraction.present, message);
        Ok((stamp, extraction.present))
    }

    /// The sentence of a message that was just encoded; `None` for messages of another type.
    fn sentence<'a>(&self, message: &'a Message) -> Option<&'a str> {
        match self.message_type {
            MessageType::String => message::text(&message.bytes).ok(),
            _ => None,
        }
    }

    fn drop_message(&mut self, error: String) {
        if let Some(held_back) = self.throttle.pass(self.started.elapsed()) {
            let more = match held_back {
                0 => String::new(),
                more => format!(" ({more} more since the last such line)"),
            };
            log::warn!("modality {}: message dropped: {error}{more}", self.name);
        }
        self.stats.count_dropped(error);
    }
}

#[cfg(test)]
mod tests;
