//! The parameters that say who may move the robot.

use super::bounds::{AGES_S, Bounds};
use super::declaration::Declarations;
use super::topic::{message, optional_topic};
use crate::message::MessageType;
use crate::safety::Conditions;

/// Who may move the robot.
#[derive(Clone, Debug, PartialEq)]
pub struct PermissionConfig {
    /// Whether it may be moved from the start, before anyone has called `~/enable`.
    pub enabled_at_start: bool,
    /// The switch that must be held, where there is one.
    pub deadman: Option<DeadmanConfig>,
    /// The switch that stops it for good, where there is one.
    pub emergency_stop: Option<EmergencyStopConfig>,
}

/// A switch that somebody holds while the robot may move.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadmanConfig {
    /// The topic it comes from.
    pub topic: String,
    /// The type of its messages: a bool, or a joystick's state.
    pub message: MessageType,
    /// Which button of a joystick it is.
    pub button: u32,
    /// The oldest message that still counts, in seconds.
    pub max_age_s: f64,
}

/// A switch that stops the robot until it is reset.
#[derive(Clone, Debug, PartialEq)]
pub struct EmergencyStopConfig {
    /// The topic it comes from, `std_msgs/msg/Bool`.
    pub topic: String,
    /// The oldest message that still counts, in seconds; infinite for any age, and where it need not have come at all.
    pub max_age_s: f64,
}

const DEADMAN_MESSAGES: [MessageType; 2] = [MessageType::Bool, MessageType::Joy];

/// Joysticks have a dozen or two.
const LAST_BUTTON: i64 = 255;

impl PermissionConfig {
    pub(super) fn declare(d: &mut Declarations) -> Option<Self> {
        let enabled_at_start = d.bool(
            "enabled_at_start",
            true,
            "Whether the policy may move the robot right after start-up. If false, no command is published until the \
             service ~/enable is called with true.",
        );
        let deadman_topic = optional_topic(
            d,
            "deadman.topic",
            "Topic of a deadman switch that must be held while the robot moves; empty for none.",
        );
        let message = message(
            d,
            "deadman.message",
            MessageType::Bool.ros_name(),
            &DEADMAN_MESSAGES,
            "Message type of deadman.topic: a Bool that is true while the switch is held, or a Joy.",
        );
        let button = d.integer(
            "deadman.button",
            0,
            0..=LAST_BUTTON,
            "If deadman.message is a Joy: index of the button that must be held.",
        );
        let max_age_s = d.double(
            "deadman.max_age_s",
            0.5,
            AGES_S,
            "Maximum age of the last deadman message in seconds, by its arrival, or by the stamp of a Joy if that is \
             older.",
        );
        let stop_topic = optional_topic(
            d,
            "emergency_stop.topic",
            "Topic of an emergency stop, std_msgs/msg/Bool; empty for none. true stops the robot until the service \
             ~/reset is called; a reset is refused while the topic is true.",
        );
        let stop_max_age_s = d.double(
            "emergency_stop.max_age_s",
            f64::INFINITY,
            Bounds::or(AGES_S, f64::INFINITY, "for any age"),
            "Maximum age of the last emergency stop message in seconds. When it is exceeded the robot stops, and \
             ~/reset must be called once messages arrive again. With .inf the topic need not be published at all.",
        );
        if stop_topic.is_some() && stop_topic == deadman_topic {
            d.problem(format!(
                "parameters deadman.topic and emergency_stop.topic are both {:?}; true means the opposite on the two",
                stop_topic.as_deref().unwrap_or_default()
            ));
        }
        let message = message?;
        Some(Self {
            enabled_at_start,
            deadman: deadman_topic.map(|topic| DeadmanConfig {
                topic,
                message,
                button: button as u32,
                max_age_s,
            }),
            emergency_stop: stop_topic.map(|topic| EmergencyStopConfig {
                topic,
                max_age_s: stop_max_age_s,
            }),
        })
    }

    /// What must hold before the robot may be moved.
    pub fn conditions(&self) -> Conditions {
        Conditions {
            enabled_at_start: self.enabled_at_start,
            deadman_max_age_s: self.deadman.as_ref().map(|deadman| deadman.max_age_s),
            emergency_stop_max_age_s: self.emergency_stop.as_ref().map(|stop| stop.max_age_s),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{NodeConfig, Value};

    fn given<const N: usize>(values: [(&str, Value); N]) -> Result<PermissionConfig, String> {
        let values: BTreeMap<String, Value> = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        match NodeConfig::from_parameters(values) {
            Ok(checked) => Ok(checked.config.permission),
            Err(errors) => Err(errors.to_string()),
        }
    }

    fn word(text: &str) -> Value {
        Value::String(text.into())
    }

    #[test]
    fn without_a_word_nothing_is_asked_for() {
        let config = given([]).unwrap();
        assert_eq!(config.conditions(), Conditions::default());
    }

    #[test]
    fn what_is_asked_for_is_what_must_hold() {
        let config = given([
            ("enabled_at_start", Value::Bool(false)),
            ("deadman.topic", word("joy")),
            ("deadman.message", word("sensor_msgs/msg/Joy")),
            ("deadman.button", Value::Integer(4)),
            ("emergency_stop.topic", word("/estop")),
        ])
        .unwrap();
        let deadman = config.deadman.clone().unwrap();
        assert_eq!((deadman.message, deadman.button), (MessageType::Joy, 4));
        let expected = Conditions {
            enabled_at_start: false,
            deadman_max_age_s: Some(0.5),
            emergency_stop_max_age_s: Some(f64::INFINITY),
        };
        assert_eq!(config.conditions(), expected);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let told = given([
            ("deadman.topic", word("9 lives")),
            ("deadman.message", word("std_msgs/msg/String")),
            ("deadman.button", Value::Integer(-1)),
            ("deadman.max_age_s", Value::Double(f64::INFINITY)),
            ("emergency_stop.topic", word("9 lives")),
            ("emergency_stop.max_age_s", Value::Double(0.0)),
        ])
        .unwrap_err();
        for part in [
            "parameter deadman.topic is \"9 lives\"; a topic name",
            "parameter deadman.message is \"std_msgs/msg/String\"; allowed: std_msgs/msg/Bool, sensor_msgs/msg/Joy",
            "parameter deadman.button is -1; allowed: 0 to 255",
            "parameter deadman.max_age_s is inf; allowed: 0.001 to 3600",
            "parameter emergency_stop.topic is \"9 lives\"; a topic name",
            "parameter emergency_stop.max_age_s is 0.0; allowed: 0.001 to 3600, or .inf for any age",
            "parameters deadman.topic and emergency_stop.topic are both",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
    }
}
