//! Where labels come from: which messages say what should have been done.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::errors::ConfigErrors;
use crate::message::{ActionMapping, COMMANDS, MessageType, Path, share_out};
use crate::spec::ActionSpec;

/// What a training file says about labels of one topic.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LabelKeys {
    topic: String,
    message: String,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    ahead_s: Option<f64>,
    max_age_s: Option<f64>,
}

/// The messages that say what should have been done.
#[derive(Debug)]
pub struct Labels {
    /// Their topics. Every message of the first is a label; of the others counts what was published together with it, otherwise
    /// the newest message before it.
    pub sources: Vec<LabelSource>,
    /// How much later than what it is the label of a message is recorded, in nanoseconds.
    pub ahead_ns: i64,
}

/// The messages of one topic.
#[derive(Debug)]
pub struct LabelSource {
    /// The topic.
    pub topic: String,
    /// The name of their type in ROS.
    pub message: String,
    /// The place of each of its numbers in the action.
    pub actions: Vec<usize>,
    /// The oldest message that counts beside a label of the first topic, in nanoseconds; `None` for any.
    pub max_age_ns: Option<i64>,
    place: String,
    names: Vec<String>,
    fields: BTreeMap<String, String>,
    /// Which field is which action, where that is known before any recording is.
    known: Option<ActionMapping>,
}

/// What is measured later than this is no answer to what was seen before.
const LONGEST_AHEAD_S: f64 = 10.0;

/// How old a command may be that a label is completed with, where nobody says it, in seconds.
const MAX_AGE_S: f64 = 0.5;

/// The ages that can be allowed.
const AGES_S: std::ops::RangeInclusive<f64> = 0.001..=3600.0;

impl Labels {
    /// The labels, as far as they can be checked before a recording is looked at.
    pub(super) fn check(
        keys: Vec<LabelKeys>,
        actions: &[ActionSpec],
        errors: &mut ConfigErrors,
    ) -> Option<Self> {
        let mut found = ConfigErrors::new();
        let count = keys.len();
        let place = |index: usize| match count {
            1 => "action".to_owned(),
            _ => format!("action[{index}]"),
        };
        if keys.is_empty() {
            found.add("action is an empty list; at least one topic is needed");
        }
        let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
        let places: Vec<String> = (0..count).map(place).collect();
        let said = places.iter().zip(&keys);
        let said: Vec<_> = said
            .map(|(place, keys)| (place.as_str(), &keys.fields))
            .collect();
        let shares = share_out(&names, &said, &mut found);
        let ahead_s = keys.first().and_then(|keys| keys.ahead_s).unwrap_or(0.0);
        if !(0.0..=LONGEST_AHEAD_S).contains(&ahead_s) {
            found.add(format!(
                "{}.ahead_s is {ahead_s}; allowed: 0 to {LONGEST_AHEAD_S}",
                place(0)
            ));
        }
        let mut sources = Vec::new();
        for (index, (keys, own)) in keys.into_iter().zip(shares).enumerate() {
            let names = own.iter().map(|i| names[*i].to_owned()).collect();
            sources.extend(keys.check(place(index), index == 0, names, own, &mut found));
        }
        let is_sound = found.is_empty();
        errors.extend(found);
        is_sound.then_some(Self {
            sources,
            ahead_ns: (ahead_s * 1e9) as i64,
        })
    }

    /// The topic whose messages are labels.
    pub fn topic(&self) -> &str {
        &self.sources[0].topic
    }
}

impl LabelKeys {
    fn check(
        self,
        place: String,
        is_first: bool,
        names: Vec<String>,
        actions: Vec<usize>,
        errors: &mut ConfigErrors,
    ) -> Option<LabelSource> {
        let mut found = ConfigErrors::new();
        if is_first && self.max_age_s.is_some() {
            found.add(format!(
                "{place}.max_age_s is for topics after the first: every message of the first is a label"
            ));
        }
        if !is_first && self.ahead_s.is_some() {
            found.add(format!(
                "{place}.ahead_s is for the first topic, which says when labels are"
            ));
        }
        let max_age_s = self.max_age_s.unwrap_or(MAX_AGE_S);
        if !(AGES_S.contains(&max_age_s) || max_age_s == f64::INFINITY) {
            found.add(format!(
                "{place}.max_age_s is {max_age_s}; allowed: {} to {}, or .inf for any age",
                AGES_S.start(),
                AGES_S.end()
            ));
        }
        let command = MessageType::from_ros_name(&self.message).filter(|m| COMMANDS.contains(m));
        let mut source = LabelSource {
            message: command.map_or(self.message, |message| message.ros_name().to_owned()),
            topic: self.topic,
            actions,
            max_age_ns: max_age_s.is_finite().then_some((max_age_s * 1e9) as i64),
            place,
            names,
            fields: self.fields,
            known: None,
        };
        if let Some(message) = command {
            source.known = source
                .mapping_of(message)
                .map_err(|problems| found.extend(problems))
                .ok();
        } else if source.message.split('/').count() < 2 {
            found.add(format!(
                "{}.message is {:?}; a message type is needed, such as trajectory_msgs/msg/JointTrajectory or \
                 sensor_msgs/msg/JointState",
                source.place, source.message
            ));
        } else {
            for (action, path) in &source.fields {
                if let Err(problem) = Path::parse(path) {
                    found.add(format!("{}.fields.{action}: {problem}", source.place));
                }
            }
        }
        let is_sound = found.is_empty();
        errors.extend(found);
        is_sound.then_some(source)
    }
}

impl LabelSource {
    /// Which field is which action in messages of a recording, with the definition that it has of them.
    ///
    /// # Errors
    /// A type that cannot be read, and everything wrong with the paths.
    pub fn mapping(&self, definition: &str) -> Result<ActionMapping, ConfigErrors> {
        match &self.known {
            Some(known) => Ok(known.clone()),
            None => self.mapping_of(MessageType::defined(&self.message, definition)?),
        }
    }

    fn mapping_of(&self, message: MessageType) -> Result<ActionMapping, ConfigErrors> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        ActionMapping::new(&self.place, message, &names, &self.fields)
    }
}
