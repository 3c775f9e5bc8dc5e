//! What the encoder node says about itself: `~/status` on every change, and `/diagnostics` once a second.

use std::time::{Duration, Instant};

use super::clock::Clock;
use super::status::{REPEAT_EVERY, offer_topics};
use super::watched::{WatchedModality, pairs};
use crate::config::EncoderConfig;
use crate::message::{Level, Status, encode_diagnostics};
use crate::problems::Problems;

/// Publishes the state of the encoder node.
pub struct EncoderStatus {
    watched: WatchedModality,
    clock: Clock,
    node_name: String,
    /// What stays as it is: the encoder and its topics.
    fixed: Vec<(String, String)>,
    topic: String,
    modality: String,
    status: r2r::PublisherUntyped,
    diagnostics: r2r::PublisherUntyped,
    shown: Option<Shown>,
    published: Option<Instant>,
}

/// What counts as a change.
#[derive(Clone, PartialEq)]
struct Shown {
    has_begun: bool,
    last_error: Option<String>,
    sentence: Option<String>,
}

impl EncoderStatus {
    /// Offers the topics. `what` says what runs.
    ///
    /// # Errors
    /// The topic that ROS refuses.
    pub fn new(
        node: &mut r2r::Node,
        clock: Clock,
        config: &EncoderConfig,
        identity: &str,
        what: String,
        watched: WatchedModality,
    ) -> Result<Self, Problems> {
        let (status, diagnostics) = offer_topics(node)?;
        Ok(Self {
            status,
            diagnostics,
            node_name: node.name().unwrap_or_default(),
            fixed: pairs(&[
                ("encoder", identity.to_owned()),
                ("runs", what),
                ("policy", config.policy.display().to_string()),
                ("topic", config.topic.clone()),
            ]),
            topic: config.topic.clone(),
            modality: config.modality.clone(),
            watched,
            clock,
            shown: None,
            published: None,
        })
    }

    /// Publishes what has changed, and everything once a second.
    pub fn look(&mut self, now: Instant) {
        let seen = self.watched.stats.snapshot();
        let shown = Shown {
            has_begun: seen.stamp.is_some(),
            last_error: seen.last_error,
            sentence: self.watched.stats.sentence(),
        };
        let since = self.published.map_or(Duration::MAX, |at| now - at);
        let repeat = since >= REPEAT_EVERY;
        if repeat && self.published.is_some() {
            self.watched.measure_rate(since);
        }
        if repeat || self.shown.as_ref() != Some(&shown) {
            let message = self.encode(&shown);
            // Publishing fails only when the node is gone.
            let _ = self.status.publish_raw(&message);
            if repeat {
                let _ = self.diagnostics.publish_raw(&message);
                self.published = Some(now);
            }
        }
        self.shown = Some(shown);
    }

    fn encode(&self, shown: &Shown) -> Vec<u8> {
        let (level, message) = match shown.has_begun {
            true => (Level::Ok, "encoding".to_owned()),
            false => (Level::Stale, format!("waiting for {}", self.topic)),
        };
        let mut values = self.fixed.clone();
        let sentence = shown.sentence.clone().unwrap_or_default();
        values.push(("instruction".to_owned(), sentence));
        let encoder = Status {
            level,
            name: format!("{}: encoder", self.node_name),
            message,
            values,
        };
        let now = self.clock.now();
        let modality = self.watched.status(now, &self.node_name, &self.modality);
        encode_diagnostics(now, &[encoder, modality])
    }
}
