//! The labels of a recording, put together from the messages of their topics.

use super::labels::{LabelSource, Labels};
use crate::bag::{Contents, RecordView, same_topic};
use crate::errors::ConfigErrors;
use crate::message::ActionMapping;
use crate::spec::ActionSpec;
use crate::time::Stamp;

/// Reads labels while a recording passes by.
pub(super) struct LabelReader<'a> {
    labels: &'a Labels,
    /// What was heard on each topic.
    heard: Vec<Heard>,
    action: Vec<f64>,
}

#[derive(Default)]
struct Heard {
    /// Which field is which action, once there was a message.
    mapping: Option<Result<ActionMapping, ConfigErrors>>,
    /// The numbers of the newest message that could be read.
    values: Vec<f64>,
    /// When it was recorded.
    logged: Option<Stamp>,
}

/// What a message says.
pub(super) enum Said<'a> {
    /// What should have been done, and the stamp of its message where that has one.
    Label(Option<Stamp>, &'a [f64]),
    /// Nothing, for this reason.
    Unreadable(String),
    /// Nothing by itself.
    Nothing,
}

impl<'a> LabelReader<'a> {
    /// A reader that has heard nothing.
    pub fn new(labels: &'a Labels, actions: usize) -> Self {
        Self {
            heard: labels.sources.iter().map(|_| Heard::default()).collect(),
            action: vec![0.0; actions],
            labels,
        }
    }

    /// Whether a message of this topic is a label.
    pub fn is_label(&self, topic: &str) -> bool {
        same_topic(topic, self.labels.topic())
    }

    /// Reads a message, of any topic.
    pub fn read(&mut self, record: &RecordView, actions: &[ActionSpec]) -> Said<'_> {
        let mut problem = None;
        let mut stamp = None;
        for (source, heard) in self.labels.sources.iter().zip(&mut self.heard) {
            if !same_topic(record.topic, &source.topic) {
                continue;
            }
            match heard.take(source, record, actions) {
                Ok(own) => stamp = own,
                Err(why) => problem = problem.or(why),
            }
        }
        if let Some(problem) = problem {
            return Said::Unreadable(problem);
        }
        if !self.is_label(record.topic) {
            return Said::Nothing;
        }
        for (source, heard) in self.labels.sources.iter().zip(&self.heard) {
            let is_fresh = heard.logged.is_some_and(|logged| {
                let age_ns = record.log_time.nanos() - logged.nanos();
                source.max_age_ns.is_none_or(|most| age_ns <= most)
            });
            if !is_fresh {
                // Why a topic cannot be read is said once, at the end.
                return match &heard.mapping {
                    Some(Err(_)) => Said::Nothing,
                    _ => Said::Unreadable(source.silence(heard.logged.is_some())),
                };
            }
            for (index, value) in source.actions.iter().zip(&heard.values) {
                self.action[*index] = *value;
            }
        }
        Said::Label(stamp, &self.action)
    }

    /// Adds what keeps whole topics from being read.
    pub fn finish(self, contents: &Contents, errors: &mut ConfigErrors) {
        for (source, heard) in self.labels.sources.iter().zip(self.heard) {
            contents.demand("action", &source.topic, &source.message, errors);
            if let Some(Err(found)) = heard.mapping {
                errors.add_all(&format!("action: topic {}", source.topic), found);
            }
        }
    }
}

impl Heard {
    /// Reads a message of its topic and returns its stamp; why it cannot be read, unless that is so of the whole topic.
    fn take(
        &mut self,
        source: &LabelSource,
        record: &RecordView,
        actions: &[ActionSpec],
    ) -> Result<Option<Stamp>, Option<String>> {
        let mapping = self
            .mapping
            .get_or_insert_with(|| source.mapping(record.definition));
        let mapping = mapping.as_mut().map_err(|_| None)?;
        let mut values = vec![0.0; source.actions.len()];
        let stamp = mapping
            .decode(record.bytes, &mut values)
            .map_err(|e| Some(e.to_string()))?;
        if let Some(i) = values.iter().position(|value| !value.is_finite()) {
            return Err(Some(format!(
                "action {} is {}; only finite numbers are allowed",
                actions[source.actions[i]].name, values[i]
            )));
        }
        (self.values, self.logged) = (values, Some(record.log_time));
        Ok(stamp)
    }
}

impl LabelSource {
    fn silence(&self, was_heard: bool) -> String {
        let topic = &self.topic;
        match self.max_age_ns.filter(|_| was_heard) {
            Some(most) => format!(
                "the newest message on topic {topic} is more than {} s older than the label",
                most as f64 * 1e-9
            ),
            None => format!("nothing had come on topic {topic} before the label"),
        }
    }
}
