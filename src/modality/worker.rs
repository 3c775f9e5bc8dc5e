//! The thread of one modality: from its newest message to its newest feature, at its own pace.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::stages::Stages;
use super::throttle::Throttle;
use super::{Encoded, Encoding, Extract, Message, MessageEvent, MessageSlot, ModalityStats};
use crate::errors::ConfigErrors;
use crate::message::MessageError;
use crate::shutdown::Shutdown;
use crate::trace::{Outcome, Recorder};

/// Errors of messages that come again and again are logged this often.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// Where a worker's features go.
pub trait Deliver: Send + 'static {
    /// Room for the next feature, of one feature's width.
    fn room(&mut self) -> &mut [f32];

    /// Passes on what was written to the room. Where it is not present there is nothing to fuse, and then the room holds
    /// nothing of meaning. `message` is what it was made from. Returns how many times as far from the
    /// training data the feature is as nearly all of them, where that is known.
    fn deliver(&mut self, encoded: &Encoded, message: &Message) -> Option<f64>;

    /// When the last feature was made, as those who read it know it; `None` where nobody here does.
    fn made(&self) -> Option<Instant> {
        None
    }
}

/// A running worker.
pub struct Worker {
    slot: Arc<MessageSlot>,
    stats: Arc<ModalityStats>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the worker of the modality `name`, whose messages go through `encoding`. `notify` is called after every
    /// feature. What becomes of every message is left in `recorder`. If the thread panics, `shutdown` is requested: a
    /// sentence that never ages must not be obeyed for ever.
    ///
    /// # Errors
    /// A thread that the system does not give.
    pub fn start(
        name: &str,
        encoding: Encoding<impl Extract>,
        deliver: impl Deliver,
        notify: impl Fn() + Send + 'static,
        recorder: Recorder<MessageEvent>,
        shutdown: &Shutdown,
    ) -> Result<Self, ConfigErrors> {
        let slot = Arc::new(MessageSlot::new(encoding.message_type()));
        let stats = Arc::<ModalityStats>::default();
        let work = Work {
            name: name.to_owned(),
            encoding,
            deliver,
            notify,
            recorder,
            encoded: None,
            stats: stats.clone(),
            throttle: Throttle::new(LOG_EVERY),
            started: Instant::now(),
        };
        let run = {
            let slot = slot.clone();
            move || work.run(&slot)
        };
        let thread = shutdown
            .spawn(&format!("encode {name}"), run)
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
    encoding: Encoding<E>,
    deliver: D,
    notify: N,
    recorder: Recorder<MessageEvent>,
    /// When the encoder was done with the message at hand, while somebody looks.
    encoded: Option<Instant>,
    stats: Arc<ModalityStats>,
    throttle: Throttle,
    started: Instant,
}

impl<E: Extract, D: Deliver, N: Fn()> Work<E, D, N> {
    fn run(mut self, slot: &MessageSlot) {
        self.encoding.begin();
        while let Some((message, arrived)) = slot.take() {
            let taken = Instant::now();
            self.stats.begin(taken);
            self.encoded = None;
            let result = self.encode(&message);
            let transport = match &result {
                Ok(Some(encoded)) => encoded.transport(message.received),
                _ => None,
            };
            let entered = self.encoding.model_entered();
            let done = Instant::now();
            let stages = Stages::new(transport, arrived, taken, entered, done);
            let outcome = self.count(result, &message, &stages);
            let is_feature = outcome == Outcome::Feature;
            self.recorder.record(MessageEvent {
                taken,
                stages,
                encoded: self.encoded,
                made: self.deliver.made().filter(|_| is_feature),
                outcome,
            });
        }
    }

    /// Counts what became of the message, and says whatever there is to say of it.
    fn count(
        &mut self,
        result: Result<Option<Encoded>, MessageError>,
        message: &Message,
        stages: &Stages,
    ) -> Outcome {
        match result {
            Ok(Some(encoded)) => match encoded.refusal {
                None => {
                    let sentence = self.encoding.sentence(message);
                    let sentence = sentence.filter(|_| encoded.present);
                    let reason = self.encoding.reason();
                    self.stats.count_encoded(&encoded, stages, sentence, reason);
                    (self.notify)();
                    match encoded.present {
                        true => Outcome::Feature,
                        false => Outcome::Absent,
                    }
                }
                Some(error) => {
                    self.drop_message(error.to_string(), true);
                    (self.notify)();
                    Outcome::Dropped
                }
            },
            Ok(None) => {
                self.stats.count_irrelevant(self.encoding.reason());
                Outcome::Ignored
            }
            Err(error) => {
                self.drop_message(error.to_string(), false);
                Outcome::Dropped
            }
        }
    }

    /// Delivers what became of the message, unless it is left out or has nothing to do with the modality.
    fn encode(&mut self, message: &Message) -> Result<Option<Encoded>, MessageError> {
        let encoded = self.encoding.encode(message, self.deliver.room())?;
        if let Some(encoded) = &encoded {
            self.encoded = self.recorder.is_on().then(Instant::now);
            let times = self.deliver.deliver(encoded, message);
            self.stats.set_distance(times);
        }
        Ok(encoded)
    }

    fn drop_message(&mut self, error: String, is_absent: bool) {
        let until = match is_absent {
            true => "; the modality is absent until the next message",
            false => "",
        };
        if let Some(held_back) = self.throttle.pass(self.started.elapsed()) {
            let more = match held_back {
                0 => String::new(),
                more => format!(" ({more} more since the last such line)"),
            };
            log::warn!(
                "modality {}: message dropped: {error}{until}{more}",
                self.name
            );
        }
        self.stats.count_dropped(error, is_absent);
    }
}

#[cfg(test)]
mod tests;
