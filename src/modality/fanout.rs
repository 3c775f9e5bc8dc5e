//! Where the messages of a topic come in, on their way to every worker that wants them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::arrivals::Arrivals;
use super::frozen::FrozenCheck;
use super::parts::NewestParts;
use super::{Finding, Message, MessageSlot};
use crate::message::{self, MessageType};
use crate::time::Stamp;

/// The same picture for so long, and so often again, is worth a remark.
const UNCHANGED_S: f64 = 1.0;
const UNCHANGED_REPEATS: u32 = 3;

/// A picture that came longer ago than this is old, which is said elsewhere.
const RECENT_S: f64 = 1.0;

/// Hands each message to the workers of the policy in use and of one that is to take over, and keeps the newest: an
/// instruction is given once, and counts for a policy that was loaded later too. Of joint states it keeps the newest of
/// every publisher's joints. It looks at each message that comes for what is wrong with the topic as a whole.
#[derive(Default)]
pub struct MessageFanout(Mutex<State>);

#[derive(Default)]
struct State {
    message_type: Option<MessageType>,
    newest: NewestParts,
    notice: Option<String>,
    /// What a message makes untrue.
    silence: Option<String>,
    has_header: bool,
    /// Whether messages come when somebody has something to say, and not all the time.
    holds: bool,
    arrivals: Arrivals,
    frozen: FrozenCheck,
    slots: Vec<Arc<MessageSlot>>,
}

impl MessageFanout {
    /// For messages of one type.
    pub fn new(message_type: MessageType) -> Self {
        Self(Mutex::new(State {
            message_type: Some(message_type),
            newest: NewestParts::new(message_type),
            has_header: message_type.has_header(),
            frozen: FrozenCheck::new(message_type),
            ..State::default()
        }))
    }

    /// Whether any message has come.
    pub fn has_received(&self) -> bool {
        self.lock().newest.iter().next().is_some()
    }

    /// The type of its messages, where it has any.
    pub fn message_type(&self) -> Option<MessageType> {
        self.lock().message_type
    }

    /// The newest message, for those who want to see it; its bytes are shared.
    pub fn newest(&self) -> Option<Message> {
        self.lock().newest.iter().last().cloned()
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
        state.arrivals.forget();
        state.frozen.forget();
        (state.notice, state.silence) = (None, None);
    }

    /// What is to be expected of the topic: times of a simulator's clock, and messages that hold until the next one and so
    /// may be said again at any time.
    pub fn expect(&self, simulated_time: bool, holds: bool) {
        let mut state = self.lock();
        state.holds = holds;
        if simulated_time {
            state.arrivals.expect_simulated_time();
        }
    }

    /// What was wrong when the newest message came.
    pub fn last_findings(&self) -> Vec<Finding> {
        let newest = self.lock().newest.iter().last().map(|m| m.received);
        newest.map_or(Vec::new(), |received| self.findings(received))
    }

    /// What is wrong at `now` with what comes in, although it does.
    pub fn findings(&self, now: Stamp) -> Vec<Finding> {
        let state = self.lock();
        let newest = state.frozen.newest();
        let unchanged = newest.and_then(|newest| {
            let for_s = newest.unchanged.for_s(newest.received, Stamp::default());
            let is_old = now.seconds_since(newest.received) > RECENT_S;
            let is_long = for_s >= UNCHANGED_S && newest.unchanged.repeats >= UNCHANGED_REPEATS;
            (is_long && !is_old).then(|| Finding::Unchanged {
                what: state.frozen.what(),
                for_s,
            })
        });
        let mut findings: Vec<Finding> = unchanged.into_iter().collect();
        findings.extend(state.arrivals.findings(now));
        findings
    }

    /// Hands a message to every worker. Workers that have ended are forgotten.
    pub fn put(&self, mut message: Message) {
        let state = &mut *self.lock();
        state.silence = None;
        if !state.holds {
            let stamp = state
                .has_header
                .then(|| message::header_stamp(&message.bytes).ok());
            state.arrivals.take(message.received, stamp.flatten());
            state.frozen.take(&mut message);
        }
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
            unchanged: Default::default(),
            epoch: Default::default(),
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
        fanout.set_notice(
            Some("other type".into()),
            Some("nobody publishes it".into()),
        );
        fanout.forget();
        assert_eq!((fanout.has_received(), fanout.notice()), (false, None));
        let slot = Arc::<MessageSlot>::default();
        fanout.attach(slot.clone());
        fanout.put(message(2));
        let taken = slot.take().map(|(message, _)| message);
        assert_eq!(taken, Some(message(2)));
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

    #[test]
    fn what_holds_until_the_next_message_may_be_said_again_and_what_streams_is_looked_at() {
        for (holds, findings) in [(false, 1), (true, 0)] {
            let fanout = MessageFanout::new(MessageType::JointState);
            fanout.expect(false, holds);
            // All of them are stamped the same, when the first of them comes.
            for byte in 0..9 {
                fanout.put(Message {
                    bytes: Arc::new(vec![0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]),
                    ..message(byte)
                });
            }
            let at = |second| Stamp::from_ros(second, 0);
            assert_eq!(fanout.findings(at(8)).len(), findings);
            assert_eq!(fanout.last_findings().len(), findings);
            assert_eq!(fanout.findings(at(30)), [], "nothing has come lately");
        }
    }
}
