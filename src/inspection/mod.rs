//! What recordings hold, topic by topic: how often something comes, what it looks like, and what is odd about it.

mod topic;
mod typical;

use std::collections::BTreeMap;
use std::path::Path;

use crate::bag::{Bag, Reader, RecordView};
use crate::errors::ConfigErrors;
use crate::time::Stamp;

pub use topic::{Picture, TopicSummary};
pub use typical::Typical;

/// Recordings that were looked through.
#[derive(Debug, Default)]
pub struct Inspection {
    topics: BTreeMap<String, TopicSummary>,
    recordings: usize,
    seconds: f64,
    /// When the first and the last message of the present recording came.
    times: Option<(Stamp, Stamp)>,
    notes: Vec<String>,
}

impl Inspection {
    /// Looks through a recording, and shows each of its messages to `take`.
    ///
    /// # Errors
    /// One that cannot be read.
    pub fn look(
        &mut self,
        bag: &Bag,
        mut take: impl FnMut(&RecordView),
    ) -> Result<(), ConfigErrors> {
        let mut reader = Reader::of(bag)?;
        self.topics
            .values_mut()
            .for_each(TopicSummary::begin_recording);
        let mut records = reader.records();
        while let Some(record) = records.next_view() {
            self.take(&record);
            take(&record);
        }
        self.notes.extend(bag.notes());
        self.notes.extend(reader.truncated());
        if self.times.is_none() {
            self.notes.push(empty(bag.path()));
        }
        self.end_recording();
        Ok(())
    }

    /// Takes in a message of a recording, or of a robot that is listened to.
    pub fn take(&mut self, record: &RecordView) {
        let (first, _) = *self.times.get_or_insert((record.log_time, record.log_time));
        self.times = Some((first, record.log_time));
        let topic = match self.topics.get_mut(&**record.topic) {
            Some(topic) => topic,
            None => self
                .topics
                .entry(record.topic.to_string())
                .or_insert_with(|| TopicSummary::of(record)),
        };
        topic.take(record);
    }

    /// What comes from here on is another recording.
    pub fn end_recording(&mut self) {
        self.recordings += 1;
        let times = self.times.take();
        self.seconds += times.map_or(0.0, |(first, last)| last.seconds_since(first));
    }

    /// Every topic under its name.
    pub fn topics(&self) -> impl Iterator<Item = (&str, &TopicSummary)> {
        self.topics
            .iter()
            .map(|(name, topic)| (name.as_str(), topic))
    }

    /// How many recordings there are.
    pub fn recordings(&self) -> usize {
        self.recordings
    }

    /// How long they last together, in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// What one should know of how the recordings were found, and what is missing at their ends.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What is odd about the messages, each with its topic.
    pub fn warnings(&self) -> Vec<String> {
        self.topics()
            .flat_map(|(name, topic)| {
                let warnings = topic.warnings().into_iter();
                warnings.map(move |warning| format!("{name}: {warning}"))
            })
            .collect()
    }

    /// All topics, with types and counts.
    pub fn in_words(&self) -> String {
        let words: Vec<String> = self
            .topics()
            .map(|(name, topic)| format!("{name} ({}, {})", topic.message_type(), topic.messages()))
            .collect();
        words.join(", ")
    }
}

fn empty(path: &Path) -> String {
    format!("bag {}: it holds no message", path.display())
}
