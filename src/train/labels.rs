//! Where labels come from: which messages say what should have been done.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::errors::ConfigErrors;
use crate::message::{ActionMapping, COMMANDS, MessageType, Path};
use crate::spec::ActionSpec;

/// What a training file says about labels.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LabelKeys {
    topic: String,
    message: String,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default)]
    ahead_s: f64,
}

/// The messages that say what should have been done.
#[derive(Debug)]
pub struct Labels {
    /// Their topic.
    pub topic: String,
    /// The name of their type in ROS.
    pub message: String,
    /// How much later than what it is the label of a message is recorded, in nanoseconds.
    pub ahead_ns: i64,
    actions: Vec<String>,
    fields: BTreeMap<String, String>,
    /// Which field is which action, where that is known before any recording is.
    known: Option<ActionMapping>,
}

/// What is measured later than this is no answer to what was seen before.
const LONGEST_AHEAD_S: f64 = 10.0;

impl LabelKeys {
    /// The labels, as far as they can be checked before a recording is looked at.
    pub fn check(self, actions: &[ActionSpec], errors: &mut ConfigErrors) -> Option<Labels> {
        let mut found = ConfigErrors::new();
        if !(0.0..=LONGEST_AHEAD_S).contains(&self.ahead_s) {
            found.add(format!(
                "ahead_s is {}; allowed: 0 to {LONGEST_AHEAD_S}",
                self.ahead_s
            ));
        }
        let command = MessageType::from_ros_name(&self.message).filter(|m| COMMANDS.contains(m));
        let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
        let mut known = None;
        if let Some(message) = command {
            known = ActionMapping::new(message, &names, &self.fields)
                .map_err(|problems| found.extend(problems))
                .ok();
        } else if self.message.split('/').count() < 2 {
            found.add(format!(
                "message is {:?}; a message type is needed, such as trajectory_msgs/msg/JointTrajectory or \
                 sensor_msgs/msg/JointState",
                self.message
            ));
        } else {
            for path in self.fields.values() {
                if let Err(problem) = Path::parse(path) {
                    found.add(problem);
                }
            }
        }
        let labels = Labels {
            message: command.map_or(self.message, |message| message.ros_name().to_owned()),
            topic: self.topic,
            ahead_ns: (self.ahead_s * 1e9) as i64,
            actions: names.into_iter().map(str::to_owned).collect(),
            fields: self.fields,
            known,
        };
        let is_sound = found.is_empty();
        errors.add_all("action", found);
        is_sound.then_some(labels)
    }
}

impl Labels {
    /// Which field is which action in messages of a recording, with the definition that it has of them.
    ///
    /// # Errors
    /// A type that cannot be read, and everything wrong with the paths.
    pub fn mapping(&self, definition: &str) -> Result<ActionMapping, ConfigErrors> {
        if let Some(known) = &self.known {
            return Ok(known.clone());
        }
        let message = MessageType::defined(&self.message, definition)?;
        let actions: Vec<&str> = self.actions.iter().map(String::as_str).collect();
        ActionMapping::new(message, &actions, &self.fields)
    }
}
