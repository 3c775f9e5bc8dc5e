//! The newest messages of a topic: one, or one of every part where several publishers each send a part.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use super::Message;
use crate::message::{JointStateView, MessageType};

/// More publishers of parts than this are not told apart: the part that was heard the longest ago is dropped.
const MOST_PARTS: usize = 64;

/// Keeps the newest message of every part, in the order in which they came. The joint states of an arm and of its
/// gripper, each from a publisher of its own, are two parts; a message of any other type is the whole.
#[derive(Default)]
pub(super) struct NewestParts {
    has_parts: bool,
    kept: VecDeque<(u64, Message, Instant)>,
}

impl NewestParts {
    /// Of messages of one type.
    pub fn new(message_type: MessageType) -> Self {
        Self {
            has_parts: message_type == MessageType::JointState,
            kept: VecDeque::new(),
        }
    }

    /// Keeps a message. Returns whether one that was kept is dropped for it: an earlier one of the same part.
    pub fn put(&mut self, message: Message) -> bool {
        let part = match self.has_parts {
            true => part_of(&message.bytes),
            false => 0,
        };
        let before = self.kept.len();
        self.kept.retain(|(kept, ..)| *kept != part);
        if self.kept.len() == MOST_PARTS {
            self.kept.pop_front();
        }
        let superseded = self.kept.len() < before;
        self.kept.push_back((part, message, Instant::now()));
        superseded
    }

    /// Takes out the message that has been here the longest, with when it was put here.
    pub fn take(&mut self) -> Option<(Message, Instant)> {
        let (_, message, put) = self.kept.pop_front()?;
        Some((message, put))
    }

    /// Drops all of them.
    pub fn clear(&mut self) {
        self.kept.clear();
    }

    /// The messages, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &Message> {
        self.kept.iter().map(|(_, message, _)| message)
    }
}

/// Which part of the joints a message is about: the same for messages that name the same joints. Messages that cannot
/// be read are one part, whose newest is enough to say what is wrong.
fn part_of(bytes: &[u8]) -> u64 {
    let Ok(view) = JointStateView::parse(bytes) else {
        return 0;
    };
    let mut hasher = DefaultHasher::new();
    for name in view.names.iter() {
        name.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::message::cdr::Writer;
    use crate::time::Stamp;

    fn joint_state(names: &[&str], position: f64) -> Message {
        let mut writer = Writer::new();
        writer.header(Stamp::default(), "");
        writer.length(names.len());
        names.iter().for_each(|name| writer.string(name));
        writer.length(names.len());
        for _ in names {
            writer.f64(position);
        }
        writer.length(0);
        writer.length(0);
        message(writer.finish())
    }

    fn message(bytes: Vec<u8>) -> Message {
        Message {
            bytes: Arc::new(bytes),
            received: Stamp::default(),
            unchanged: Default::default(),
            epoch: Default::default(),
        }
    }

    #[test]
    fn only_a_message_of_the_same_joints_is_superseded() {
        let mut parts = NewestParts::new(MessageType::JointState);
        let (arm, gripper) = (["shoulder", "elbow"], ["finger"]);
        assert!(!parts.put(joint_state(&arm, 1.0)));
        assert!(!parts.put(joint_state(&gripper, 2.0)));
        assert!(parts.put(joint_state(&arm, 3.0)));
        let expected = [joint_state(&gripper, 2.0), joint_state(&arm, 3.0)];
        assert!(parts.iter().eq(&expected), "in the order of their arrival");
        assert_eq!(
            parts.take().map(|(m, _)| m),
            Some(joint_state(&gripper, 2.0))
        );
        assert_eq!(parts.take().map(|(m, _)| m), Some(joint_state(&arm, 3.0)));
        assert_eq!(parts.take(), None);
    }

    #[test]
    fn the_number_of_parts_is_bounded_and_what_is_unreadable_is_one() {
        let mut parts = NewestParts::new(MessageType::JointState);
        for joint in 0..3 * MOST_PARTS {
            parts.put(joint_state(&[&joint.to_string()], 0.0));
        }
        assert_eq!(parts.iter().count(), MOST_PARTS);
        let mut parts = NewestParts::new(MessageType::JointState);
        assert!(!parts.put(message(vec![1])));
        assert!(parts.put(message(vec![2])));
    }

    #[test]
    fn of_pictures_the_newest_is_the_whole() {
        let mut parts = NewestParts::new(MessageType::Image);
        assert!(!parts.put(joint_state(&["a"], 1.0)));
        assert!(parts.put(joint_state(&["b"], 1.0)));
        assert_eq!(parts.iter().count(), 1);
    }
}
