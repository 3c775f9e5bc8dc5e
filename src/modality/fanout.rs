//! Where the messages of a topic come in, on their way to every worker that wants them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::parts::NewestParts;
use super::{Message, MessageSlot};
use crate::message::MessageType;

/// Hands each message to the workers of the policy in use and of one that is to take over, and keeps the newest: an
/// instruction is given once, and counts for a policy that was loaded later too. Of joint states it keeps the newest of
/// every publisher's joints.
#[derive(Default)]
pub struct MessageFanout(Mutex<State>);

#[derive(Default)]
struct State {
    newest: NewestParts,
    notice: Option<String>,
    /// What a message makes untrue.
    silence: Option<String>,
    slots: Vec<Arc<MessageSlot>>,
}

impl MessageFanout {
    /// For messages of one type.
    pub fn new(message_type: MessageType) -> Self {
        Self(Mutex::new(State {
            newest: NewestParts::new(message_type),
            ..State::default()
        }))
    }

    /// Whether any message has come.
    pub fn has_received(&self) -> bool {
        self.lock().newest.iter().next().is_some()
    }

    /// What is to be said of the topic itself, such as that nobody publishes it.
    pub fn notice(&self) -> Option<String> {
        let state = self.lock();
        let said: Vec<&str> = [&state.notice, &state.silence]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// Says `notice` of the topic until something else is said of it, and `silence` at most until its next message.
    pub fn set_notice(&self, notice: Option<String>, silence: Option<String>) {
        let mut state = self.lock();
        (state.notice, state.silence) = (notice, silence);
    }

    /// Forgets the newest messages, and what was to be said of the topic: as if none had ever come.
    pub fn forget(&self) {
        let mut state = self.lock();
        state.newest.clear();
        (state.notice, state.silence) = (None, None);
    }

    /// Hands a message to every worker. Workers that have ended are forgotten.
    pub fn put(&self, message: Message) {
        let state = &mut *self.lock();
        state.silence = None;
        state.slots.retain(|slot| slot.put(message.clone()));
        state.newest.put(message);
    }

    /// From here on a worker's slot gets what comes in, beginning with the newest that has come.
    pub fn attach(&self, slot: Arc<MessageSlot>) {
        let mut state = self.lock();
        for newest in state.newest.iter() {
            slot.put(newest.clone());
        }
        state.slots.push(slot);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Stamp;

    fn message(byte: u8) -> Message {
        Message {
            bytes: Arc::new(vec![byte]),
            received: Stamp::from_ros(byte.into(), 0),
        }
    }

    #[test]
    fn a_slot_that_comes_later_gets_the_newest_message_and_those_after_it() {
        let fanout = MessageFanout::default();
        let (early, late) = <(Arc<MessageSlot>, Arc<MessageSlot>)>::default();
        fanout.attach(early.clone());
        fanout.put(message(1));
        fanout.put(message(2));
        fanout.attach(late.clone());
        assert_eq!((early.superseded(), late.superseded()), (1, 0));
        assert_eq!(early.take().map(|(m, _)| m), Some(message(2)));
        assert_eq!(
            late.take().map(|(m, _)| m),
            Some(message(2)),
            "as old as it is"
        );
        fanout.put(message(3));
        assert_eq!(early.take().map(|(m, _)| m), Some(message(3)));
        assert_eq!(late.take().map(|(m, _)| m), Some(message(3)));
    }

    #[test]
    fn what_is_said_of_silence_is_said_until_a_message_comes() {
        let fanout = MessageFanout::default();
        fanout.set_notice(Some("another type".into()), Some("no message".into()));
        assert_eq!(fanout.notice().as_deref(), Some("another type; no message"));
        fanout.put(message(1));
        assert_eq!(fanout.notice().as_deref(), Some("another type"));
        fanout.set_notice(None, None);
        assert_eq!(fanout.notice(), None);
    }

    #[test]
    fn what_was_forgotten_is_not_handed_to_those_who_come_later() {
        let fanout = MessageFanout::default();
        fanout.put(message(1));
        fanout.set_notice(Some("other type".into()), Some("nobody publishes it".into()));
        fanout.forget();
        assert_eq!((fanout.has_received(), fanout.notice()), (false, None));
        let slot = Arc::<MessageSlot>::default();
        fanout.attach(slot.clone());
        fanout.put(message(2));
        assert_eq!(slot.take(), Some(message(2)));
        assert_eq!(slot.superseded(), 0, "it was the first");
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let fanout = MessageFanout::default();
        let slot = Arc::<MessageSlot>::default();
        fanout.attach(slot.clone());
        slot.close();
        fanout.put(message(1));
        assert_eq!(Arc::strong_count(&slot), 1);
    }
}
