//! The parameters of the recorder's own topics.

use super::declaration::Declarations;
use super::topic::{message_of_numbers, topic};
use crate::message::{COMMANDS, MessageType};

/// What `late_fusion record` listens to besides the modalities.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordConfig {
    /// The demonstrator's action, of the type of the command topic; where there are several of those, the demonstrator
    /// commands on them.
    pub expert_action_topic: String,
    /// The type of that topic; `None` for that of the command topic.
    pub expert_action_message: Option<MessageType>,
    /// Episode markers, `std_msgs/msg/String`: `start`, then `success` or `failure`; `change` where something
    /// else is meant from there on.
    pub episode_topic: String,
    /// The bytes of a file after which a recording goes on in the next one; `None` for one file.
    pub max_bag_size: Option<u64>,
    /// The seconds of a file after which a recording goes on in the next one; `None` for one file.
    pub max_bag_duration_s: Option<f64>,
}

const EXPERT_ACTION_MESSAGE: &str = "Message type of record.expert_action_topic, if it is not action.message; \
                                     sensor_msgs/msg/JointState for a leader arm.";

/// The smallest file, in bytes, and the shortest, in seconds, that a recording is split into.
const SMALLEST: i64 = 1_000_000;
const SHORTEST_S: f64 = 1.0;

impl RecordConfig {
    pub(super) fn declare(d: &mut Declarations) -> Self {
        Self {
            expert_action_topic: topic(
                d,
                "record.expert_action_topic",
                "expert_action",
                "Topic of the demonstrator's action while recording. With action.commands the command topics themselves \
                 are recorded.",
            ),
            expert_action_message: expert_action_message(d),
            episode_topic: topic(
                d,
                "record.episode_topic",
                "episode",
                "Topic of the episode markers while recording, std_msgs/msg/String: start, then success or failure; \
                 change if the goal changes on the way.",
            ),
            max_bag_size: max_bag_size(d),
            max_bag_duration_s: max_bag_duration_s(d),
        }
    }
}

fn expert_action_message(d: &mut Declarations) -> Option<MessageType> {
    let name = "record.expert_action_message";
    if !d.is_given(name) {
        d.string(name, "", EXPERT_ACTION_MESSAGE);
        return None;
    }
    message_of_numbers(d, name, "", &COMMANDS, EXPERT_ACTION_MESSAGE)
}

fn max_bag_size(d: &mut Declarations) -> Option<u64> {
    let name = "record.max_bag_size";
    let bytes = d.integer(
        name,
        0,
        0..=1 << 50,
        "Size in bytes at which a recording continues in a new file, at least 1000000; 0 for a single file.",
    );
    if (1..SMALLEST).contains(&bytes) {
        d.problem(format!(
            "parameter {name} is {bytes}; allowed: 0, or at least {SMALLEST}"
        ));
    }
    u64::try_from(bytes).ok().filter(|bytes| *bytes > 0)
}

fn max_bag_duration_s(d: &mut Declarations) -> Option<f64> {
    let name = "record.max_bag_duration";
    let seconds = d.double(
        name,
        0.0,
        0.0..=1e6,
        "Duration in seconds after which a recording continues in a new file, at least 1; 0 for a single file.",
    );
    if seconds > 0.0 && seconds < SHORTEST_S {
        d.problem(format!(
            "parameter {name} is {seconds}; allowed: 0, or at least {SHORTEST_S}"
        ));
    }
    (seconds > 0.0).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value;

    fn declared(name: &str, value: Value) -> Result<RecordConfig, String> {
        let given = [(name.to_owned(), value)];
        let mut d = Declarations::new(std::collections::BTreeMap::from(given));
        let config = RecordConfig::declare(&mut d);
        d.finish(config)
            .map(|checked| checked.config)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn a_recording_is_split_where_it_is_asked_for() {
        let size = |bytes| declared("record.max_bag_size", Value::Integer(bytes));
        assert_eq!(size(0).unwrap().max_bag_size, None);
        assert_eq!(size(2_000_000).unwrap().max_bag_size, Some(2_000_000));
        let text = size(999).unwrap_err();
        assert!(
            text.contains("record.max_bag_size is 999; allowed: 0, or at least 1000000"),
            "{text}"
        );
        assert!(size(-1).unwrap_err().contains("-1"));
        let duration = |seconds| declared("record.max_bag_duration", Value::Double(seconds));
        assert_eq!(duration(0.0).unwrap().max_bag_duration_s, None);
        assert_eq!(duration(60.0).unwrap().max_bag_duration_s, Some(60.0));
        assert!(duration(0.5).unwrap_err().contains("at least 1"));
        assert!(duration(f64::NAN).is_err());
    }
}
