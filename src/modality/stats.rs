//! What a modality's worker counts, for the node's status.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Encoded;
use super::stages::{StageLatencies, StageWindows, Stages};
use crate::time::Stamp;

/// Counted by the worker, read by anyone but the control thread at any time. What is not a number lies behind a lock
/// that the worker holds for an assignment only.
#[derive(Default)]
pub struct ModalityStats {
    received: AtomicU64,
    encoded: AtomicU64,
    dropped: AtomicU64,
    stamp_nanos: AtomicI64,
    received_nanos: AtomicI64,
    details: Mutex<Details>,
}

#[derive(Default)]
struct Details {
    stages: StageWindows,
    began: Option<Instant>,
    distance: Option<f64>,
    sentence: Option<String>,
    is_absent: bool,
    reason: Option<String>,
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
    /// When it was received, where its age by arrival counts; see [`Encoded::received`].
    pub received_at: Stamp,
    /// Whether the newest message said that there is no feature.
    pub is_absent: bool,
    /// Why it is absent or as old as it is, where there is more to say: the joint that is missing, or the oldest one.
    pub reason: Option<String>,
    /// Why the newest message was dropped; `None` when it was not.
    pub last_error: Option<String>,
    /// How many times as far from the training data the newest feature is as nearly all of them, where that is known.
    pub distance: Option<f64>,
    /// For how long the worker has been at its present message, in seconds; `None` while it waits for one.
    pub busy_s: Option<f64>,
    /// Features per second, over the last seconds.
    pub rate_hz: f64,
    /// Where the time went of the messages of the last seconds.
    pub stages: StageLatencies,
}

impl ModalityStats {
    /// Everything that is counted.
    pub fn snapshot(&self) -> ModalitySnapshot {
        let encoded = self.encoded.load(Relaxed);
        let now = Instant::now();
        let mut details = self.details();
        ModalitySnapshot {
            received: self.received.load(Relaxed),
            encoded,
            dropped: self.dropped.load(Relaxed),
            stamp: (encoded > 0).then(|| Stamp::from_nanos(self.stamp_nanos.load(Relaxed))),
            received_at: Stamp::from_nanos(self.received_nanos.load(Relaxed)),
            is_absent: details.is_absent,
            reason: details.reason.clone(),
            last_error: details.last_error.clone(),
            distance: details.distance,
            busy_s: details
                .began
                .map(|began| now.saturating_duration_since(began).as_secs_f64()),
            rate_hz: details.stages.rate_hz(now),
            stages: details.stages.latencies(now),
        }
    }

    /// The instruction in use; `None` where there is none, and for modalities of another kind.
    pub fn sentence(&self) -> Option<String> {
        self.details().sentence.clone()
    }

    /// How far from the training data the newest feature is.
    pub(super) fn set_distance(&self, times: Option<f64>) {
        self.details().distance = times;
    }

    /// The worker has taken a message, and is done with it once it is counted.
    pub(super) fn begin(&self, now: Instant) {
        self.details().began = Some(now);
    }

    pub(super) fn count_encoded(
        &self,
        encoded: &Encoded,
        stages: &Stages,
        sentence: Option<&str>,
        reason: Option<String>,
    ) {
        self.stamp_nanos.store(encoded.stamp.nanos(), Relaxed);
        self.received_nanos.store(encoded.received.nanos(), Relaxed);
        self.encoded.fetch_add(1, Relaxed);
        self.received.fetch_add(1, Relaxed);
        let mut details = self.details();
        details.stages.record(Instant::now(), stages);
        details.began = None;
        details.last_error = None;
        details.is_absent = !encoded.present;
        details.reason = reason;
        if details.sentence.as_deref() != sentence {
            details.sentence = sentence.map(str::to_owned);
        }
    }

    /// Counts a message that has nothing to do with the modality.
    pub(super) fn count_irrelevant(&self, reason: Option<String>) {
        self.received.fetch_add(1, Relaxed);
        let mut details = self.details();
        details.began = None;
        details.reason = reason;
    }

    /// `is_absent` where nothing is in use any more.
    pub(super) fn count_dropped(&self, error: String, is_absent: bool) {
        self.dropped.fetch_add(1, Relaxed);
        self.received.fetch_add(1, Relaxed);
        let mut details = self.details();
        details.began = None;
        details.last_error = Some(error);
        if is_absent {
            details.is_absent = true;
            details.sentence = None;
        }
    }

    fn details(&self) -> MutexGuard<'_, Details> {
        self.details.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
