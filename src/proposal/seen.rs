//! What recordings have that a robot could act on, and be told.

use std::collections::BTreeMap;

use super::command::Command;
use super::{Undecided, as_name};
use crate::bag::{Bag, Marker, Reader};
use crate::errors::ConfigErrors;
use crate::message::{JointStateView, MessageType, text};

/// One modality that could be.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Its name in the policy.
    pub name: String,
    pub topic: String,
    pub message: MessageType,
    /// Of joints, their names.
    pub joints: Vec<String>,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub cameras: Vec<Source>,
    pub sentences: Vec<Source>,
    pub joints: Vec<Source>,
    /// The topic of episode markers.
    pub markers: Option<String>,
    commands: Vec<Command>,
    /// Every topic with its type and how many messages it has.
    topics: BTreeMap<String, (String, u64)>,
    /// Of topics of text, whether every message so far is a marker.
    are_markers: BTreeMap<String, bool>,
}

/// Words that topics of pictures end in and that say nothing.
const OF_PICTURES: [&str; 6] = [
    "image_raw",
    "image",
    "compressed",
    "color",
    "rgb",
    "image_color",
];

impl Seen {
    /// Looks through a recording.
    ///
    /// # Errors
    /// One that cannot be read.
    pub fn look(&mut self, bag: &Bag) -> Result<(), ConfigErrors> {
        let mut reader = Reader::of(bag)?;
        self.commands.iter_mut().for_each(Command::forget);
        // What a picture shows is of no interest.
        let mut records = reader.records().without_pictures();
        while let Some(record) = records.next_view() {
            let topic: &str = record.topic;
            let is_new = !self.topics.contains_key(topic);
            let noted = self.topics.entry(topic.to_owned());
            noted
                .or_insert_with(|| (record.message_type.to_string(), 0))
                .1 += 1;
            if is_new {
                self.meet(topic, record.message_type, record.bytes);
                self.commands.extend(Command::of(
                    topic,
                    record.message_type,
                    record.definition,
                    record.bytes,
                ));
            }
            if let Some(all) = self.are_markers.get_mut(topic) {
                *all &= text(record.bytes).is_ok_and(|text| Marker::of(text).is_some());
            }
            for command in self.commands.iter_mut().filter(|c| c.topic == topic) {
                command.take(record.log_time, record.bytes);
            }
        }
        self.sort_texts();
        Ok(())
    }

    fn meet(&mut self, topic: &str, type_name: &str, message: &[u8]) {
        let Some(known) = MessageType::from_ros_name(type_name) else {
            return;
        };
        let mut source = Source {
            name: name_of(topic),
            topic: topic.to_owned(),
            message: known,
            joints: Vec::new(),
        };
        match known {
            MessageType::Image | MessageType::CompressedImage => self.cameras.push(source),
            MessageType::String => {
                self.are_markers.insert(topic.to_owned(), true);
            }
            MessageType::JointState => {
                if let Ok(view) = JointStateView::parse(message)
                    && !view.names.is_empty()
                {
                    source.joints = view.names.iter().map(str::to_owned).collect();
                    self.joints.push(source);
                }
            }
            _ => {}
        }
    }

    /// Texts are sentences, unless all are markers.
    fn sort_texts(&mut self) {
        let markers = self.are_markers.iter().find(|(_, all)| **all);
        self.markers = markers.map(|(topic, _)| topic.clone());
        let sentences = self
            .are_markers
            .keys()
            .filter(|topic| Some(*topic) != self.markers.as_ref());
        self.sentences = sentences
            .map(|topic| Source {
                name: name_of(topic),
                topic: topic.clone(),
                message: MessageType::String,
                joints: Vec::new(),
            })
            .collect();
    }

    /// The topic that says what should have been done: the one that is asked for, the only one that commands, or, where none
    /// does, the joints.
    pub fn command(&self, asked: Option<&str>) -> Result<Command, Undecided> {
        if let Some(asked) = asked {
            let same = |topic: &str| topic.trim_start_matches('/') == asked.trim_start_matches('/');
            let found = self.commands.iter().find(|command| same(&command.topic));
            return found.cloned().ok_or_else(|| {
                let wrong = format!(
                    "--action is {asked:?}; the topics that say what was done are {}",
                    self.names_of(|_| true)
                );
                ConfigErrors::from(wrong).into()
            });
        }
        let mut commanding: Vec<&Command> =
            self.commands.iter().filter(|c| !c.is_measured()).collect();
        if commanding.is_empty() {
            commanding = self.commands.iter().collect();
        }
        match commanding.as_slice() {
            [only] => Ok((*only).clone()),
            [] => Err(ConfigErrors::from(format!(
                "nothing says what should have been done: no Twist, JointTrajectory, Float64MultiArray or JointState. There \
                 are {}",
                self.in_words()
            ))
            .into()),
            several => Err(Undecided::Actions(several.iter().map(|c| c.topic.clone()).collect())),
        }
    }

    fn names_of(&self, wanted: impl Fn(&&Command) -> bool) -> String {
        let names: Vec<&str> = self
            .commands
            .iter()
            .filter(wanted)
            .map(|c| c.topic.as_str())
            .collect();
        names.join(", ")
    }

    /// All topics, with types and counts.
    pub fn in_words(&self) -> String {
        let topics = self.topics.iter();
        let words: Vec<String> = topics
            .map(|(topic, (message, count))| format!("{topic} ({message}, {count})"))
            .collect();
        words.join(", ")
    }

    /// What a policy senses beside being told: cameras, sentences, joints, each with a name of its own.
    pub fn sources(&self) -> Vec<Source> {
        // A camera that was recorded twice is one.
        let is_copy = |source: &&Source| {
            let raw = source.topic.strip_suffix("/compressed");
            raw.is_some_and(|raw| self.cameras.iter().any(|other| other.topic == raw))
        };
        let cameras = self.cameras.iter().filter(|source| !is_copy(source));
        let all = cameras.chain(&self.sentences).chain(&self.joints);
        let mut sources: Vec<Source> = all.cloned().collect();
        for i in 1..sources.len() {
            let name = sources[i].name.clone();
            let is_taken = |taken: &str| sources[..i].iter().any(|s| s.name == taken);
            let mut number = 2;
            let mut own = name.clone();
            while is_taken(&own) {
                own = format!("{name}_{number}");
                number += 1;
            }
            sources[i].name = own;
        }
        sources
    }

    /// What was found.
    pub fn notes(&self, command: &Command) -> Vec<String> {
        let list = |sources: &[Source]| {
            let topics: Vec<&str> = sources.iter().map(|source| source.topic.as_str()).collect();
            if topics.is_empty() {
                "none".to_owned()
            } else {
                topics.join(", ")
            }
        };
        let used = |topic: &str| {
            let sources = self
                .cameras
                .iter()
                .chain(&self.sentences)
                .chain(&self.joints);
            sources.into_iter().any(|s| s.topic == topic)
                || self.markers.as_deref() == Some(topic)
                || command.topic == topic
        };
        let left: Vec<String> = (self.topics.iter())
            .filter(|(topic, _)| !used(topic))
            .map(|(topic, (message, _))| format!("{topic} ({message})"))
            .collect();
        let mut notes = vec![
            format!("cameras: {}", list(&self.cameras)),
            format!("sentences: {}", list(&self.sentences)),
            format!("joints: {}", list(&self.joints)),
            format!(
                "labels: {} ({} messages, {} Hz)",
                command.topic,
                command.count,
                command.rate_hz()
            ),
        ];
        if !left.is_empty() {
            notes.push(format!("not used: {}", left.join(", ")));
        }
        notes
    }
}

/// A topic's own word: `front` of `/front/image_raw`.
fn name_of(topic: &str) -> String {
    let words: Vec<&str> = topic.split('/').filter(|word| !word.is_empty()).collect();
    let own = words.iter().rev().find(|word| !OF_PICTURES.contains(word));
    as_name(own.or(words.last()).unwrap_or(&"topic"))
}
