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
    pending: Option<Pending>,
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

/// A label that what is published together with it may still complete.
struct Pending {
    stamp: Option<Stamp>,
    logged: Stamp,
    action: Vec<f64>,
    /// For each topic, when its message in the action was recorded.
    parts: Vec<Option<Stamp>>,
}

/// What should have been done.
pub(super) struct Read {
    /// The stamp of its message, where that has one.
    pub stamp: Option<Stamp>,
    /// When its message was recorded.
    pub logged: Stamp,
    /// One number for each action.
    pub action: Vec<f64>,
}

/// Who commands several controllers publishes to one after the other: messages that come so soon after a label were decided
/// with it.
const TOGETHER_NS: i64 = 10_000_000;

impl<'a> LabelReader<'a> {
    /// A reader that has heard nothing.
    pub fn new(labels: &'a Labels) -> Self {
        Self {
            heard: labels.sources.iter().map(|_| Heard::default()).collect(),
            pending: None,
            labels,
        }
    }

    /// Whether a message of this topic is a label.
    pub fn is_label(&self, topic: &str) -> bool {
        same_topic(topic, self.labels.topic())
    }

    /// Takes in a message of any topic; a label is then to be had from [`LabelReader::due`].
    ///
    /// # Errors
    /// Why it cannot be read, unless that is so of its whole topic.
    pub fn take(&mut self, record: &RecordView, actions: &[ActionSpec]) -> Result<(), String> {
        let mut taken = Ok(());
        let mut label = None;
        for (i, source) in self.labels.sources.iter().enumerate() {
            if !same_topic(record.topic, &source.topic) {
                continue;
            }
            match self.heard[i].take(source, record, actions) {
                Ok(stamp) if i == 0 => label = Some(stamp),
                Ok(_) => self.complete(i),
                Err(Some(why)) => taken = Err(why),
                Err(None) => {}
            }
        }
        if let Some(stamp) = label {
            let mut action = vec![f64::NAN; actions.len()];
            for (source, heard) in self.labels.sources.iter().zip(&self.heard) {
                source.put(&heard.values, &mut action);
            }
            self.pending = Some(Pending {
                stamp,
                logged: record.log_time,
                action,
                parts: self.heard.iter().map(|heard| heard.logged).collect(),
            });
        }
        taken
    }

    /// Puts what was heard on a topic into a label that it was published together with, the first time.
    fn complete(&mut self, i: usize) {
        let heard = &self.heard[i];
        if let (Some(pending), Some(logged)) = (&mut self.pending, heard.logged)
            && pending.parts[i].is_none_or(|part| part < pending.logged)
        {
            self.labels.sources[i].put(&heard.values, &mut pending.action);
            pending.parts[i] = Some(logged);
        }
    }

    /// The label that nothing recorded at this time or later completes any more; `None` for the end of what belongs
    /// together.
    ///
    /// # Errors
    /// What it lacks, unless that is said of a whole topic.
    pub fn due(&mut self, at: Option<Stamp>) -> Option<Result<Read, String>> {
        let pending = self.pending.take_if(|pending| {
            let is_whole = |part: &Option<Stamp>| part.is_some_and(|part| part >= pending.logged);
            let is_over = at.is_none_or(|at| at.nanos() - pending.logged.nanos() > TOGETHER_NS);
            is_over || pending.parts.iter().all(is_whole)
        })?;
        let parts = pending.parts.iter().zip(&self.heard);
        for (source, (part, heard)) in self.labels.sources.iter().zip(parts) {
            let is_fresh = part.is_some_and(|part| {
                let age_ns = pending.logged.nanos() - part.nanos();
                source.max_age_ns.is_none_or(|most| age_ns <= most)
            });
            if !is_fresh {
                return match &heard.mapping {
                    Some(Err(_)) => None,
                    _ => Some(Err(source.silence(part.is_some()))),
                };
            }
        }
        Some(Ok(Read {
            stamp: pending.stamp,
            logged: pending.logged,
            action: pending.action,
        }))
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
    /// Puts its numbers into their places, where there are some.
    fn put(&self, values: &[f64], action: &mut [f64]) {
        for (index, value) in self.actions.iter().zip(values) {
            action[*index] = *value;
        }
    }

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
