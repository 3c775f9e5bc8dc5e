//! The parameters that name a topic and the type of its messages.

use super::declaration::Declarations;
use crate::message::MessageType;

/// Declares a topic's name, checked by the rules that ROS has for names.
pub(super) fn topic(
    d: &mut Declarations,
    name: &str,
    default: &str,
    description: &'static str,
) -> String {
    let topic = d.string(name, default, description);
    check(d, name, &topic);
    topic
}

/// The same of a topic that there need not be.
pub(super) fn optional_topic(
    d: &mut Declarations,
    name: &str,
    description: &'static str,
) -> Option<String> {
    let topic = d.string(name, "", description);
    if topic.is_empty() {
        return None;
    }
    check(d, name, &topic);
    Some(topic)
}

fn check(d: &mut Declarations, name: &str, topic: &str) {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '~' | '{' | '}');
    let starts_right = topic.starts_with(|c: char| !c.is_ascii_digit());
    if !starts_right || !topic.chars().all(legal) || topic.ends_with('/') || topic.contains("//") {
        d.problem(format!(
            "parameter {name} is {topic:?}; a topic name is made of letters, digits, _ and /, \
             and starts with no digit, for example camera/image_raw"
        ));
    }
}

/// Declares the type of messages of numbers: one of those that are known, or any other that is installed, whose numbers are
/// found by its definition.
pub(super) fn message_of_numbers(
    d: &mut Declarations,
    name: &str,
    default: &str,
    known: &[MessageType],
    description: &'static str,
) -> Option<MessageType> {
    let word = d.string(name, default, description);
    let as_known = MessageType::from_ros_name(&word).filter(|message| known.contains(message));
    if as_known.is_some() {
        return as_known;
    }
    MessageType::installed(&word)
        .map_err(|why| {
            let words: Vec<&str> = known.iter().map(|m| m.ros_name()).collect();
            d.problem(format!(
                "parameter {name} is \"{word}\"; allowed: {}, and any other message type with numbers ({why})",
                words.join(", ")
            ));
        })
        .ok()
}

/// Declares the type of a topic's messages.
pub(super) fn message(
    d: &mut Declarations,
    name: &str,
    default: &str,
    allowed: &[MessageType],
    description: &'static str,
) -> Option<MessageType> {
    let words: Vec<&str> = allowed.iter().map(|m| m.ros_name()).collect();
    d.choice(name, default, &words, description, |word| {
        MessageType::from_ros_name(word).filter(|message| allowed.contains(message))
    })
}
