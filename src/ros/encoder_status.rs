//! What the encoder node says about itself: `~/status` on every change, and `/diagnostics` once a second.

use std::time::Instant;

use super::graph_watch::Warnings;
use super::status_publisher::{Report, StatusPublisher};
use crate::clock::Clock;
use crate::config::EncoderConfig;
use crate::errors::ConfigErrors;
use crate::message::{Level, Status};
use crate::runtime::{HealthLog, ModalityStatus, pairs};

/// Publishes the state of the encoder node.
pub struct EncoderStatus {
    publisher: StatusPublisher<Shown>,
    content: Content,
    health: HealthLog,
}

struct Content {
    source: ModalityStatus,
    warnings: Warnings,
    clock: Clock,
    node_name: String,
    /// What stays as it is: the encoder and its topics.
    fixed: Vec<(String, String)>,
    topic: String,
    modality: String,
}

/// What counts as a change.
#[derive(Clone, PartialEq)]
struct Shown {
    has_begun: bool,
    last_error: Option<String>,
    sentence: Option<String>,
    warnings: Vec<String>,
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
        fingerprint: &str,
        what: String,
        source: ModalityStatus,
        warnings: Warnings,
    ) -> Result<Self, ConfigErrors> {
        Ok(Self {
            publisher: StatusPublisher::new(node)?,
            health: HealthLog::default(),
            content: Content {
                node_name: node.name().unwrap_or_default(),
                fixed: pairs(&[
                    ("encoder", fingerprint.to_owned()),
                    ("runs", what),
                    ("policy", config.policy.display().to_string()),
                    ("topic", config.topic.clone()),
                ]),
                topic: config.topic.clone(),
                modality: config.modality.clone(),
                source,
                warnings,
                clock,
            },
        })
    }

    /// Publishes what has changed, and everything once a second.
    pub fn look(&mut self, now: Instant) {
        let seen = self.content.source.stats.snapshot();
        let shown = Shown {
            has_begun: seen.stamp.is_some(),
            last_error: seen.last_error,
            sentence: self.content.source.stats.sentence(),
            warnings: self.content.warnings.get(),
        };
        let content = &self.content;
        let findings = || {
            content
                .source
                .fanout
                .findings(content.clock.now())
                .into_iter()
        };
        let modality = content.modality.as_str();
        self.health
            .look(now, || findings().map(|finding| (modality, finding)));
        self.publisher
            .publish(now, shown, |shown, _| content.report(shown));
    }
}

impl Content {
    fn report(&self, shown: &Shown) -> Report {
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
        let modality = self.source.status(now, &self.node_name, &self.modality);
        let topics = self.warnings.status(&self.node_name);
        Report {
            stamp: now,
            statuses: vec![encoder, modality, topics],
            more: Vec::new(),
        }
    }
}
