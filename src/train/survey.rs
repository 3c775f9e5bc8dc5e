//! The first look at a bag: its episodes, their labels, and which messages of the modalities they could use.
//! No feature is computed yet, so that only what is used is ever encoded.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::episodes::{Boundaries, Mark, Used};
use super::file::TrainingFile;
use super::label_reader::{LabelReader, Read};
use crate::bag::{
    Bag, Contents, Episodes, Layout, Marked, Place, Reader, RecordView, Step, same_topic,
};
use crate::errors::ConfigErrors;
use crate::message::{FeatureView, MessageType};
use crate::time::Stamp;

/// What is known of one bag.
#[derive(Debug)]
pub struct Recording {
    /// What the recording is called: its file, or its folder.
    pub path: PathBuf,
    /// Where its messages are, for the second look.
    pub layout: Arc<Layout>,
    /// Another word wherever the messages are others.
    pub digest: String,
    /// For each modality, where the messages of its topic are, in the order of their times.
    pub places: Vec<Vec<Place>>,
    /// The type of each modality's messages, in the policy's order.
    pub message_types: Vec<MessageType>,
    /// For each modality, the fingerprints of what made its features, where they come ready-made.
    pub encoders: Vec<BTreeSet<String>>,
    /// The episodes that are used.
    pub episodes: Vec<Demonstration>,
    /// What was met on the way.
    pub counts: Counts,
    /// What is missing at its end, if anything.
    pub truncated: Option<String>,
}

/// Episodes and labels of one or more bags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Episodes that ended in `success`.
    pub succeeded: usize,
    /// Episodes that ended in `failure`.
    pub failed: usize,
    /// Episodes without an end: another began, or the bag was over.
    pub unfinished: usize,
    /// Markers that did nothing, or began an episode within another.
    pub odd_markers: usize,
    /// What was odd about the first of them.
    pub first_odd_marker: Option<String>,
    /// Labels that could not be read.
    pub bad_labels: usize,
    /// What was wrong with the first of them.
    pub first_bad_label: Option<String>,
    /// Numbers of labels that lay outside the action's limits and were brought to them.
    pub limited: usize,
    /// Which was the first of them.
    pub first_limited: Option<String>,
}

/// One episode.
#[derive(Debug, Default)]
pub struct Demonstration {
    /// When its `start` was recorded.
    pub started: Stamp,
    /// When the episode before it was over; zero where there was none.
    pub another_ended: Stamp,
    /// What should have been done, in the order of the bag.
    pub labels: Vec<Label>,
    /// For each modality the last message before the episode and those within, in the order of the bag.
    pub candidates: Vec<Vec<Seen>>,
    /// Before which labels something else was meant from then on.
    pub changes: Vec<usize>,
}

/// One label.
#[derive(Debug)]
pub struct Label {
    /// Its message's stamp, where it has one.
    pub stamp: Option<Stamp>,
    /// When it was recorded.
    pub logged: Stamp,
    /// The action, within its limits.
    pub action: Vec<f32>,
}

/// A message of a modality, not yet read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its index among the messages of its topic, counted from 0.
    pub number: u32,
    /// When it was recorded.
    pub logged: Stamp,
}

/// The fingerprint of what made a feature; `None` for messages of another type, and for what cannot be read.
fn made_by<'a>(record: &RecordView<'a>) -> Option<&'a str> {
    let is_feature = &**record.message_type == MessageType::PointCloud2.ros_name();
    let view = is_feature.then(|| FeatureView::parse(record.bytes))?;
    view.ok().map(|view| view.encoder)
}

/// Looks through one bag.
///
/// # Errors
/// A bag that cannot be opened, one without messages, and every topic that it lacks or that has an unusable type.
pub fn survey(bag: &Bag, file: &TrainingFile) -> Result<Recording, ConfigErrors> {
    let mut reader = Reader::of(bag)?;
    let mut survey = Survey::new(file);
    let mut records = reader.records().without_pictures();
    while let Some(record) = records.next_view() {
        survey.note(&record);
    }
    survey.finish(&reader).map_err(|found| {
        let mut errors = ConfigErrors::new();
        errors.add_all(&format!("bag {}", bag.path().display()), found);
        errors
    })
}

struct Survey<'a> {
    file: &'a TrainingFile,
    contents: Contents,
    /// The newest message of each modality.
    newest: Vec<Option<Seen>>,
    encoders: Vec<BTreeSet<String>>,
    places: Vec<Vec<Place>>,
    open: Option<Demonstration>,
    /// When the newest episode was over.
    ended: Stamp,
    episodes: Vec<Demonstration>,
    markers: Episodes,
    boundaries: Boundaries<'a>,
    counts: Counts,
    labels: LabelReader<'a>,
}

impl<'a> Survey<'a> {
    fn new(file: &'a TrainingFile) -> Self {
        Self {
            file,
            contents: Contents::default(),
            newest: vec![None; file.streams.len()],
            encoders: vec![BTreeSet::new(); file.streams.len()],
            places: vec![Vec::new(); file.streams.len()],
            open: None,
            ended: Stamp::default(),
            episodes: Vec::new(),
            markers: Episodes::default(),
            boundaries: Boundaries::new(&file.episodes),
            counts: Counts::default(),
            labels: LabelReader::new(&file.labels),
        }
    }

    fn note(&mut self, record: &RecordView) {
        let (topic, logged, bytes) = (record.topic, record.log_time, record.bytes);
        let number = self.contents.note(record);
        let file = self.file;
        for (i, stream) in file.streams.iter().enumerate() {
            if same_topic(topic, &stream.topic) {
                let seen = Seen { number, logged };
                self.newest[i] = Some(seen);
                self.places[i].push(record.place);
                if let Some(made_by) = made_by(record)
                    && !self.encoders[i].contains(made_by)
                {
                    self.encoders[i].insert(made_by.to_owned());
                }
                if let Some(episode) = &mut self.open {
                    episode.candidates[i].push(seen);
                }
            }
        }
        self.add_label_due(Some(logged));
        if self.labels.is_label(topic) {
            self.add_label_due(None);
            for mark in self.boundaries.before_label(logged) {
                self.mark(mark);
            }
        }
        if let Err(why) = self.labels.take(record, &file.policy.actions) {
            self.add_bad_label(why);
        }
        self.add_label_due(Some(logged));
        match self.boundaries.of_joystick(topic, logged, bytes) {
            Ok(mark) => mark.into_iter().for_each(|mark| self.mark(mark)),
            Err(odd) => self.odd(odd),
        }
        if self.boundaries.are_markers(topic) {
            let marked = self.markers.mark_message(bytes);
            self.step(logged, marked);
        }
    }

    fn add_bad_label(&mut self, why: String) {
        if self.open.is_some() {
            self.counts.bad_labels += 1;
            self.counts.first_bad_label.get_or_insert(why);
        }
    }

    /// Adds the label that is complete at this time, see [`LabelReader::due`].
    fn add_label_due(&mut self, at: Option<Stamp>) {
        let Read {
            stamp,
            logged,
            action,
        } = match self.labels.due(at) {
            None => return,
            Some(Err(why)) => return self.add_bad_label(why),
            Some(Ok(read)) => read,
        };
        let policy = &self.file.policy;
        let Some(episode) = &mut self.open else {
            return;
        };
        let limits = action.iter().zip(&policy.actions);
        let action = limits
            .map(|(value, limit)| {
                let allowed = value.clamp(limit.min, limit.max);
                if allowed != *value {
                    self.counts.limited += 1;
                    self.counts.first_limited.get_or_insert_with(|| {
                        format!(
                            "action {} is {value}; allowed: {} to {}",
                            limit.name, limit.min, limit.max
                        )
                    });
                }
                allowed as f32
            })
            .collect();
        // What was measured later is the answer to what had been seen before.
        let ahead_ns = self.file.labels.ahead_ns;
        let before = |at: Stamp| Stamp::from_nanos(at.nanos() - ahead_ns);
        episode.labels.push(Label {
            stamp: stamp.filter(|stamp| !stamp.is_unset()).map(before),
            logged: before(logged),
            action,
        });
    }

    fn mark(&mut self, (at, word): Mark) {
        let marked = self.markers.mark(word);
        self.step(at, marked);
    }

    fn odd(&mut self, odd: String) {
        self.counts.odd_markers += 1;
        self.counts.first_odd_marker.get_or_insert(odd);
    }

    fn step(&mut self, logged: Stamp, marked: Marked) {
        self.add_label_due(None);
        if let Some(odd) = marked.odd {
            self.odd(odd);
        }
        match marked.step {
            Some(Step::Begin) => {
                if self.open.is_some() {
                    self.ended = logged;
                }
                let before = self.newest.iter().map(|seen| Vec::from_iter(*seen));
                self.open = Some(Demonstration {
                    started: logged,
                    another_ended: self.ended,
                    candidates: before.collect(),
                    ..Demonstration::default()
                });
            }
            Some(Step::Change) => {
                if let Some(episode) = &mut self.open {
                    episode.changes.push(episode.labels.len());
                }
            }
            Some(Step::End { success }) => {
                let episode = self.open.take();
                if episode.is_some() {
                    self.ended = logged;
                }
                let is_used = success || self.file.episodes.used == Used::All;
                self.episodes.extend(episode.filter(|_| is_used));
            }
            None => {}
        }
    }

    fn finish(mut self, reader: &Reader) -> Result<Recording, ConfigErrors> {
        let truncated = reader.truncated();
        self.add_label_due(None);
        if let Some(mark) = self.boundaries.at_end() {
            self.mark(mark);
        }
        let markers = self.markers.finished();
        self.counts.succeeded = markers.succeeded;
        self.counts.failed = markers.failed;
        self.counts.unfinished = markers.unfinished;
        let mut errors = ConfigErrors::new();
        if self.contents.is_empty() {
            let why = truncated.map_or(String::new(), |why| format!(" ({why})"));
            errors.add(format!("it holds no message{why}; leave it out"));
            return Err(errors);
        }
        let message_types = self.message_types(&mut errors);
        self.labels.finish(&self.contents, &mut errors);
        if let Some((topic, message)) = self.file.episodes.topic() {
            self.contents
                .demand("episodes", topic, message.ros_name(), &mut errors);
        }
        errors.or(Recording {
            path: reader.path().to_owned(),
            layout: reader.layout(),
            digest: reader.digest().unwrap_or_default().to_owned(),
            places: self.places,
            message_types,
            encoders: self.encoders,
            episodes: self.episodes,
            counts: self.counts,
            truncated,
        })
    }

    fn message_types(&self, errors: &mut ConfigErrors) -> Vec<MessageType> {
        let modalities = self.file.policy.modalities.iter().zip(&self.file.streams);
        modalities
            .filter_map(|(modality, stream)| {
                let place = format!("modality {}", modality.name);
                (self.contents).readable(&place, &stream.topic, &modality.source, errors)
            })
            .collect()
    }
}
