//! One modality as the status shows it: what its worker counts, and what is to be said of its topic.

use std::sync::Arc;

use super::status_values::{pairs, stages};
use crate::control::Freshness;
use crate::encoder::Summary;
use crate::message::{Level, Status};
use crate::modality::{
    Finding, MessageFanout, MessageSlot, ModalitySnapshot, ModalityStats, Worker,
};
use crate::time::{Age, Stamp};

/// One modality as the status shows it.
pub struct ModalityStatus {
    /// Whether the node subscribes to it.
    pub enabled: bool,
    /// What its worker counts.
    pub stats: Arc<ModalityStats>,
    /// Where its messages wait.
    pub slot: Arc<MessageSlot>,
    /// Where its topic's messages come in, and what is to be said of the topic.
    pub fanout: Arc<MessageFanout>,
    /// Which ages count; none where the node does not subscribe to it.
    pub freshness: Option<Freshness>,
    /// What encodes it here, where something does.
    pub encoder: Option<Summary>,
}

impl ModalityStatus {
    /// What a worker makes of what comes in at `fanout`.
    pub fn of(worker: &Worker, freshness: Freshness, fanout: Arc<MessageFanout>) -> Self {
        Self {
            enabled: true,
            stats: worker.stats().clone(),
            slot: worker.slot().clone(),
            fanout,
            freshness: Some(freshness),
            encoder: None,
        }
    }

    /// One that the node does not subscribe to.
    pub fn disabled() -> Self {
        Self {
            enabled: false,
            stats: Arc::default(),
            slot: Arc::default(),
            fanout: Arc::default(),
            freshness: None,
            encoder: None,
        }
    }

    /// What is wrong with it at `now` although its messages arrive.
    pub fn findings(&self, now: Stamp) -> Vec<Finding> {
        let seen = self.stats.snapshot();
        let distant = seen.distance.and_then(Finding::of_distance);
        let mut findings = self.fanout.findings(now);
        findings.extend(distant);
        findings
    }

    /// How it is at `now`, by what its worker has counted: its level, the same in words, and its age in seconds.
    pub fn judge(&self, now: Stamp, seen: &ModalitySnapshot) -> (Level, String, Option<f64>) {
        let age = seen
            .stamp
            .map(|stamp| Age::at(now, stamp, seen.received_at));
        let freshness = self.freshness.as_ref();
        let stale = |age: Age| freshness.is_some_and(|f| f.limit_passed_by(age).is_some());
        let (mut level, message) = match (age, &seen.last_error) {
            _ if !self.enabled => (Level::Ok, "not enabled".to_owned()),
            (None, None) => (Level::Stale, "no message yet".to_owned()),
            (None, Some(error)) => (Level::Error, error.clone()),
            (Some(age), _) if stale(age) => (Level::Error, format!("{:.2} s old", age.seconds())),
            (Some(_), Some(error)) => (Level::Warn, error.clone()),
            (Some(_), None) if seen.is_absent => (Level::Warn, "absent".to_owned()),
            (Some(_), None) => (Level::Ok, "fresh".to_owned()),
        };
        // While all is well, which joint is the oldest is of no interest.
        let reason = seen.reason.clone().filter(|_| level != Level::Ok);
        let notice = self.fanout.notice();
        if level == Level::Ok && notice.is_some() {
            level = Level::Warn;
        }
        let findings = self.findings(now);
        if level == Level::Ok && !findings.is_empty() {
            level = Level::Warn;
        }
        let parts = [Some(message), reason, notice].into_iter().flatten();
        let parts: Vec<String> = parts
            .chain(findings.iter().map(Finding::to_string))
            .collect();
        (level, parts.join("; "), age.map(Age::seconds))
    }

    /// What is to be said of it at `now`, as the modality `name` of a node.
    pub fn status(&self, now: Stamp, node_name: &str, name: &str) -> Status {
        let seen = self.stats.snapshot();
        let (level, message, age_s) = self.judge(now, &seen);
        let mut values = pairs(&[
            (
                "age_s",
                age_s.map_or("none".into(), |age_s| format!("{age_s:.3}")),
            ),
            ("rate_hz", format!("{:.2}", seen.rate_hz)),
            ("received", seen.received.to_string()),
            ("encoded", seen.encoded.to_string()),
            ("dropped", seen.dropped.to_string()),
            ("superseded", self.slot.superseded().to_string()),
            (
                "distance",
                seen.distance
                    .map_or("unknown".into(), |d| format!("{d:.2}")),
            ),
            ("last_error", seen.last_error.unwrap_or_default()),
        ]);
        values.extend(stages(&seen.stages));
        Status {
            level,
            name: format!("{node_name}: {name}"),
            message,
            values,
        }
    }
}
