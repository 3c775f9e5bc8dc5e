//! What recordings have that a robot could act on, and be told.

use std::collections::{BTreeMap, BTreeSet};

use super::command::Command;
use super::names::as_name;
use super::undecided::Undecided;
use crate::bag::{Marker, RecordView, same_topic};
use crate::errors::ConfigErrors;
use crate::inspection::Inspection;
use crate::message::{JointStateView, MessageType, text};

/// One modality that could be.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Its name in the policy.
    pub name: String,
    pub topic: String,
    pub message: MessageType,
    /// Of numbers, their names: joints, or paths.
    pub numbers: Vec<String>,
}

/// What the wheels of a base say, and what of it a policy should know: how fast it moves. Not where it is, which would be
/// learned instead of what is seen.
const ODOMETRY: &str = "nav_msgs/msg/Odometry";
const OF_ODOMETRY: [&str; 2] = ["twist.twist.linear.x", "twist.twist.angular.z"];

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub cameras: Vec<Source>,
    pub sentences: Vec<Source>,
    pub joints: Vec<Source>,
    pub odometry: Vec<Source>,
    /// The topic of episode markers.
    pub markers: Option<String>,
    commands: Vec<Command>,
    /// Every topic so far.
    met: BTreeSet<String>,
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
    /// Another recording begins.
    pub fn begin_recording(&mut self) {
        self.commands.iter_mut().for_each(Command::forget);
    }

    /// Takes in a message.
    pub fn take(&mut self, record: &RecordView) {
        let topic: &str = record.topic;
        if self.met.insert(topic.to_owned()) {
            self.meet(topic, record);
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

    fn meet(&mut self, topic: &str, record: &RecordView) {
        let type_name: &str = record.message_type;
        let known = match type_name == ODOMETRY {
            true => MessageType::defined(type_name, record.definition).ok(),
            false => MessageType::from_ros_name(type_name),
        };
        let Some(known) = known else {
            return;
        };
        let mut source = Source {
            name: name_of(topic),
            topic: topic.to_owned(),
            message: known,
            numbers: Vec::new(),
        };
        match known {
            MessageType::Image | MessageType::CompressedImage => self.cameras.push(source),
            MessageType::String => {
                self.are_markers.insert(topic.to_owned(), true);
            }
            MessageType::JointState => {
                if let Ok(view) = JointStateView::parse(record.bytes)
                    && !view.names.is_empty()
                {
                    source.numbers = view.names.iter().map(str::to_owned).collect();
                    self.joints.push(source);
                }
            }
            MessageType::Defined(_) => {
                source.numbers = OF_ODOMETRY.map(str::to_owned).to_vec();
                self.odometry.push(source);
            }
            _ => {}
        }
    }

    /// Texts are sentences, unless all are markers: said once everything was taken in.
    pub fn sort_texts(&mut self) {
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
                numbers: Vec::new(),
            })
            .collect();
    }

    /// The topics that say what should have been done: those that are asked for, the only one that commands, or, where none
    /// does, the joints.
    pub fn commands(
        &self,
        asked: &[String],
        inspection: &Inspection,
    ) -> Result<Vec<Command>, Undecided> {
        let mut found = match asked.is_empty() {
            true => vec![self.only_command(inspection)?],
            false => self.asked_for(asked)?,
        };
        for command in &mut found {
            command.leads = self.follows(command);
        }
        Ok(found)
    }

    /// Whether another topic has the same joints as this one that says where joints are.
    fn follows(&self, command: &Command) -> bool {
        let has_all = |source: &Source| {
            let mut joints = command.joints();
            source.topic != command.topic
                && joints.all(|joint| source.numbers.iter().any(|own| own == joint))
        };
        command.is_measured() && self.joints.iter().any(has_all)
    }

    fn only_command(&self, inspection: &Inspection) -> Result<Command, Undecided> {
        let mut commanding: Vec<&Command> =
            self.commands.iter().filter(|c| !c.is_measured()).collect();
        if commanding.is_empty() {
            commanding = self.commands.iter().collect();
        }
        match commanding.as_slice() {
            [only] => Ok((*only).clone()),
            [] => Err(ConfigErrors::from(format!(
                "no topic can provide labels: there is no Twist, JointTrajectory, Float64MultiArray or JointState. There \
                 are {}",
                inspection.in_words()
            ))
            .into()),
            several => Err(Undecided::Actions(several.iter().map(|c| c.topic.clone()).collect())),
        }
    }

    fn asked_for(&self, asked: &[String]) -> Result<Vec<Command>, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let mut found: Vec<Command> = Vec::new();
        for topic in asked {
            let same = |other: &str| same_topic(other, topic);
            if found.iter().any(|command| same(&command.topic)) {
                errors.add(format!("--action {topic:?} is given twice"));
                continue;
            }
            match self.commands.iter().find(|command| same(&command.topic)) {
                Some(command) => found.push(command.clone()),
                None => errors.add(format!(
                    "--action is {topic:?}; the topics that say what was done are {}",
                    self.names_of(|_| true)
                )),
            }
        }
        if let [_, _, ..] = found[..]
            && let Some(measured) = found.iter().find(|command| command.is_measured())
        {
            errors.add(format!(
                "--action {:?} is what was measured, not what was commanded; it can only be the one topic of labels",
                measured.topic
            ));
        }
        name_apart(&mut found);
        errors.or(found)
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

    /// Cameras, sentences, joints, topics that command and topics of markers, each under what it is.
    pub fn candidates(&self) -> [(&'static str, Vec<&str>); 5] {
        [
            ("cameras", topics_of(&self.cameras)),
            ("sentences", topics_of(&self.sentences)),
            ("joints", topics_of(&self.joints)),
            (
                "labels",
                self.commands.iter().map(|c| c.topic.as_str()).collect(),
            ),
            ("markers", self.markers.iter().map(String::as_str).collect()),
        ]
    }

    /// What a policy senses, and what it is told: cameras, sentences, joints, odometry, each with a name of its own.
    pub fn sources(&self, commands: &[Command]) -> Vec<Source> {
        // A camera that was recorded twice is one.
        let is_copy = |source: &&Source| {
            let raw = source.topic.strip_suffix("/compressed");
            raw.is_some_and(|raw| self.cameras.iter().any(|other| other.topic == raw))
        };
        let cameras = self.cameras.iter().filter(|source| !is_copy(source));
        let told = cameras.chain(&self.sentences);
        let all = told.chain(&self.joints).chain(&self.odometry);
        let leads = |source: &&Source| commands.iter().any(|c| c.leads && c.topic == source.topic);
        let mut sources: Vec<Source> = all.filter(|source| !leads(source)).cloned().collect();
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
    pub fn notes(&self, commands: &[Command], inspection: &Inspection) -> Vec<String> {
        let list = |sources: &[Source]| {
            let topics = topics_of(sources);
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
                .chain(&self.joints)
                .chain(&self.odometry);
            sources.into_iter().any(|s| s.topic == topic)
                || self.markers.as_deref() == Some(topic)
                || commands.iter().any(|command| command.topic == topic)
        };
        let left: Vec<String> = (inspection.topics())
            .filter(|(topic, _)| !used(topic))
            .map(|(topic, summary)| format!("{topic} ({})", summary.message_type()))
            .collect();
        let mut notes = vec![
            format!("cameras: {}", list(&self.cameras)),
            format!("sentences: {}", list(&self.sentences)),
            format!("joints: {}", list(&self.joints)),
        ];
        if !self.odometry.is_empty() {
            notes.push(format!("odometry: {}", list(&self.odometry)));
        }
        notes.extend(commands.iter().map(|command| {
            let (topic, count, rate_hz) = (&command.topic, command.count, command.rate_hz());
            format!("labels: {topic} ({count} messages, {rate_hz} Hz)")
        }));
        if !left.is_empty() {
            notes.push(format!("not used: {}", left.join(", ")));
        }
        notes
    }
}

/// Gives actions that are called as one of another topic is their topic's name as well.
fn name_apart(commands: &mut [Command]) {
    let all = commands.iter().flat_map(|command| &command.actions);
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for action in all {
        *count.entry(action.name.clone()).or_default() += 1;
    }
    for command in commands {
        let topic = as_name(&command.topic);
        for action in &mut command.actions {
            if count[&action.name] > 1 {
                action.name = format!("{topic}_{}", action.name);
            }
        }
    }
}

fn topics_of(sources: &[Source]) -> Vec<&str> {
    sources.iter().map(|source| source.topic.as_str()).collect()
}

/// A topic's own word: `front` of `/front/image_raw`.
fn name_of(topic: &str) -> String {
    let words: Vec<&str> = topic.split('/').filter(|word| !word.is_empty()).collect();
    let own = words.iter().rev().find(|word| !OF_PICTURES.contains(word));
    as_name(own.or(words.last()).unwrap_or(&"topic"))
}
