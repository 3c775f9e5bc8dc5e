//! The topics of a bag, noted while it is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::RecordView;
use crate::errors::ConfigErrors;
use crate::message::MessageType;

/// Every topic with its type and how many messages it has.
#[derive(Debug, Default)]
pub struct Contents {
    topics: BTreeMap<Arc<str>, (Arc<str>, u32)>,
}

/// Whether a topic of a bag is the one that a file names. Relative names are relative to the root.
pub fn same_topic(recorded: &str, named: &str) -> bool {
    recorded.trim_start_matches('/') == named.trim_start_matches('/')
}

impl Contents {
    /// Notes a message, and returns the how-manieth of its topic it is, counted from 0.
    pub fn note(&mut self, record: &RecordView) -> u32 {
        let (_, count) = self
            .topics
            .entry(record.topic.clone())
            .or_insert((record.message_type.clone(), 0));
        *count += 1;
        *count - 1
    }

    /// Whether there is no message at all.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// The type of a topic, where there are messages of it.
    pub fn type_of(&self, topic: &str) -> Option<&str> {
        let found = self
            .topics
            .iter()
            .find(|(name, _)| same_topic(name, topic))?;
        Some(&found.1.0)
    }

    /// The type of a topic that must be there, with messages that can be read; otherwise the problem is added.
    pub fn readable(
        &self,
        place: &str,
        topic: &str,
        errors: &mut ConfigErrors,
    ) -> Option<MessageType> {
        let recorded = self.wanted(place, topic, errors)?;
        let message = MessageType::from_ros_name(recorded);
        if message.is_none() {
            errors.add(format!(
                "{place}: topic {topic} has the type {recorded}, which late_fusion cannot read"
            ));
        }
        message
    }

    /// Adds a problem unless there are messages of this type on a topic.
    pub fn demand(
        &self,
        place: &str,
        topic: &str,
        message: MessageType,
        errors: &mut ConfigErrors,
    ) {
        if let Some(recorded) = self.wanted(place, topic, errors)
            && MessageType::from_ros_name(recorded) != Some(message)
        {
            errors.add(format!(
                "{place}: topic {topic} has the type {recorded}; it must be {}",
                message.ros_name()
            ));
        }
    }

    fn wanted(&self, place: &str, topic: &str, errors: &mut ConfigErrors) -> Option<&str> {
        let found = self.type_of(topic);
        if found.is_none() {
            let topics: Vec<String> = self
                .topics
                .iter()
                .map(|(name, (message_type, count))| format!("{name} ({message_type}, {count})"))
                .collect();
            errors.add(format!(
                "{place}: there is no message on topic {topic}; there are {}",
                topics.join(", ")
            ));
        }
        found
    }
}
