//! The topics of a bag, noted while it is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::RecordView;
use crate::encoder::message_for;
use crate::errors::ConfigErrors;
use crate::message::MessageType;
use crate::spec::SourceSpec;

/// Every topic with its type and how many messages it has.
#[derive(Debug, Default)]
pub struct Contents {
    topics: BTreeMap<Arc<str>, Noted>,
}

/// What is known of a topic.
#[derive(Debug)]
struct Noted {
    message_type: Arc<str>,
    definition: Arc<str>,
    count: u32,
}

/// Whether a topic of a bag is the one that a file names. Relative names are relative to the root.
pub fn same_topic(recorded: &str, named: &str) -> bool {
    recorded.trim_start_matches('/') == named.trim_start_matches('/')
}

impl Contents {
    /// Notes a message, and returns its index within its topic, counted from 0.
    pub fn note(&mut self, record: &RecordView) -> u32 {
        let topic = self.topics.entry(record.topic.clone());
        let topic = topic.or_insert_with(|| Noted {
            message_type: record.message_type.clone(),
            definition: record.definition.clone(),
            count: 0,
        });
        topic.count += 1;
        topic.count - 1
    }

    /// Whether there is no message at all.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// The type of a topic, where there are messages of it.
    pub fn type_of(&self, topic: &str) -> Option<&str> {
        self.find(topic).map(|noted| &*noted.message_type)
    }

    fn find(&self, topic: &str) -> Option<&Noted> {
        let mut topics = self.topics.iter();
        topics
            .find(|(name, _)| same_topic(name, topic))
            .map(|(_, noted)| noted)
    }

    /// The type of a topic that must be there, with messages that can feed a modality; otherwise the problem is added.
    pub fn readable(
        &self,
        place: &str,
        topic: &str,
        source: &SourceSpec,
        errors: &mut ConfigErrors,
    ) -> Option<MessageType> {
        let noted = self.wanted(place, topic, errors)?;
        message_for(source, &noted.message_type, &noted.definition)
            .map_err(|found| errors.add_all(&format!("{place}: topic {topic}"), found))
            .ok()
    }

    /// Adds a problem unless there are messages of this type on a topic.
    pub fn demand(&self, place: &str, topic: &str, message: &str, errors: &mut ConfigErrors) {
        let full = |name: &str| MessageType::from_ros_name(name).map(MessageType::ros_name);
        if let Some(Noted { message_type, .. }) = self.wanted(place, topic, errors)
            && **message_type != *message
            && full(message_type).is_none_or(|full| full != message)
        {
            errors.add(format!(
                "{place}: topic {topic} has the type {message_type}; it must be {message}"
            ));
        }
    }

    fn wanted(&self, place: &str, topic: &str, errors: &mut ConfigErrors) -> Option<&Noted> {
        let found = self.find(topic);
        if found.is_none() {
            let topics: Vec<String> = self
                .topics
                .iter()
                .map(|(name, noted)| format!("{name} ({}, {})", noted.message_type, noted.count))
                .collect();
            errors.add(format!(
                "{place}: there is no message on topic {topic}; there are {}",
                topics.join(", ")
            ));
        }
        found
    }
}
