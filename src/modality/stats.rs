//! What a modality's worker counts, for the node's status.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::durations::Durations;
use crate::time::Stamp;

/// Counted by the worker, read by anyone at any time. Numbers are read without a lock; the texts lie behind one that
/// the worker holds for an assignment only.
#[derive(Default)]
pub struct ModalityStats {
    received: AtomicU64,
    encoded: AtomicU64,
    dropped: AtomicU64,
    stamp_nanos: AtomicI64,
    durations: Durations,
    texts: Mutex<Texts>,
}

#[derive(Default)]
struct Texts {
    sentence: Option<String>,
    last_error: Option<String>,
}

/// The state of a modality at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModalitySnapshot {
    /// Messages that the worker took, the newest each time.
    pub received: u64,
    /// Messages that gave a feature, or said that there is none (a blank instruction).
    pub encoded: u64,
    /// Messages that could not be used.
    pub dropped: u64,
    /// Stamp of the newest feature; `None` before the first one.
    pub stamp: Option<Stamp>,
    /// Why the newest message was dropped; `None` when it was not.
    pub last_error: Option<String>,
    /// Time that half of the messages took to become a feature, in milliseconds.
    pub encode_p50_ms: f64,
    /// Time that 99 of 100 messages took at most to become a feature, in milliseconds.
    pub encode_p99_ms: f64,
}

impl ModalityStats {
    /// Everything that is counted.
    pub fn snapshot(&self) -> ModalitySnapshot {
        let encoded = self.encoded.load(Relaxed);
        ModalitySnapshot {
            received: self.received.load(Relaxed),
            encoded,
            dropped: self.dropped.load(Relaxed),
            stamp: (encoded > 0).then(|| Stamp::from_nanos(self.stamp_nanos.load(Relaxed))),
            last_error: self.texts().last_error.clone(),
            encode_p50_ms: self.durations.percentile_ms(0.5),
            encode_p99_ms: self.durations.percentile_ms(0.99),
        }
    }

    /// The instruction in use; `None` where there is none, and for modalities of another kind.
    pub fn sentence(&self) -> Option<String> {
        self.texts().sentence.clone()
    }

    pub(super) fn count_encoded(&self, stamp: Stamp, took: Duration, sentence: Option<&str>) {
        self.durations.count(took);
        self.stamp_nanos.store(stamp.nanos(), Relaxed);
        self.encoded.fetch_add(1, Relaxed);
        self.received.fetch_add(1, Relaxed);
        let mut texts = self.texts();
        texts.last_error = None;
        if texts.sentence.as_deref() != sentence {
            texts.sentence = sentence.map(str::to_owned);
        }
    }

    pub(super) fn count_dropped(&self, error: String) {
        self.dropped.fetch_add(1, Relaxed);
        self.received.fetch_add(1, Relaxed);
        self.texts().last_error = Some(error);
    }

    fn texts(&self) -> MutexGuard<'_, Texts> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
