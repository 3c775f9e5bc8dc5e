//! One modality's way from its messages to its features, as the worker goes it and whoever replays a recording.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::{Epoch, Fault, Message, Validity};
use crate::encoder::{Extraction, FeatureExtractor};
use crate::message::{self, MessageError, MessageType};
use crate::time::Stamp;

/// What is done with a message; a [`FeatureExtractor`] everywhere but in tests.
pub trait Extract: Send + 'static {
    /// Reads a message and writes its feature.
    ///
    /// # Errors
    /// What is wrong with the message.
    fn extract(
        &mut self,
        message_type: MessageType,
        message: &Message,
        feature: &mut [f32],
    ) -> Result<Extraction, MessageError>;

    /// Called once, by the thread that will extract.
    fn begin(&mut self) {}

    /// Why the feature is absent, or as old as it is, where there is more to say than that.
    fn reason(&self) -> Option<String> {
        None
    }

    /// When the model last began to run, if there is one and it ever did.
    fn model_entered(&self) -> Option<Instant> {
        None
    }
}

/// What became of a message.
#[derive(Debug)]
pub struct Encoded {
    /// The stamp of the feature: the message's own, or when it was received; earlier where the feature also rests on
    /// older messages, and where messages are stamped late.
    pub stamp: Stamp,
    /// When what it was made from was received, by the node's clock, where its age by arrival counts. Unset where a value
    /// holds until the next message: in lockstep, what time it is when a message comes is chance.
    pub received: Stamp,
    /// The epoch of the message.
    pub epoch: Epoch,
    /// Whether there is a feature; where not, the modality is absent from here on.
    pub present: bool,
    /// How much earlier than the message's own stamp that is, in nanoseconds.
    pub behind_ns: i64,
    /// Why it must not be used although it is present, where that is so.
    pub fault: Option<Fault>,
    /// What is wrong with the message, where that is why there is no feature.
    pub refusal: Option<MessageError>,
}

impl Encoded {
    /// How long the message, received at `received`, was on its way; `None` where it has no stamp. Where the clock of its
    /// machine is ahead of ours, that is no time at all.
    pub fn transport(&self, received: Stamp) -> Option<Duration> {
        let own = self.stamp.nanos().saturating_add(self.behind_ns);
        let nanos = received.nanos().saturating_sub(own);
        (nanos != 0).then(|| Duration::from_nanos(nanos.max(0) as u64))
    }
}

impl Extract for FeatureExtractor {
    fn extract(
        &mut self,
        message_type: MessageType,
        message: &Message,
        feature: &mut [f32],
    ) -> Result<Extraction, MessageError> {
        self.extract_received(message_type, &message.bytes, message.received, feature)
    }

    fn begin(&mut self) {
        self.settle_on_this_thread();
    }

    fn reason(&self) -> Option<String> {
        FeatureExtractor::reason(self)
    }

    fn model_entered(&self) -> Option<Instant> {
        FeatureExtractor::model_entered(self)
    }
}

/// Turns messages of one type into features with their stamps.
pub struct Encoding<E> {
    message_type: MessageType,
    validity: Validity,
    extract: E,
    max_frozen_s: f64,
    simulated_time: bool,
    stamp_delay_ns: i64,
}

impl<E: Extract> Encoding<E> {
    /// Of messages of one type, whose values count for so long.
    pub fn new(message_type: MessageType, validity: Validity, extract: E) -> Self {
        Self {
            message_type,
            validity,
            extract,
            max_frozen_s: f64::INFINITY,
            simulated_time: false,
            stamp_delay_ns: 0,
        }
    }

    /// The same, for which what shows the same for longer than this, in seconds, is at fault: its source is frozen.
    pub fn with_max_frozen_s(mut self, max_frozen_s: f64) -> Self {
        self.max_frozen_s = max_frozen_s;
        self
    }

    /// The same, for messages that come in simulated time. There is one clock then, which goes by steps: a message whose
    /// stamp is ahead of it came between two of them, and no earlier than its stamp.
    pub fn in_simulated_time(mut self, simulated_time: bool) -> Self {
        self.simulated_time = simulated_time;
        self
    }

    /// The same, for messages whose stamps, or arrivals where they have none, are so many seconds later than what they tell
    /// of: those of a driver that stamps what it receives.
    pub fn with_stamp_delay_s(mut self, stamp_delay_s: f64) -> Self {
        self.stamp_delay_ns = (stamp_delay_s * 1e9).round() as i64;
        self
    }

    /// To be called once, by the thread that will encode.
    pub fn begin(&mut self) {
        self.extract.begin();
    }

    /// The type of its messages.
    pub fn message_type(&self) -> MessageType {
        self.message_type
    }

    /// Writes the message's feature to `room`, of one feature's width, and returns what became of it; `None` for a message
    /// that has nothing to do with the modality, such as the joint states of another robot. Where it is not present, the
    /// numbers in the room may be anything.
    ///
    /// # Errors
    /// What is wrong with a message that is to be left out, as if it had never come. Where a value holds until the next
    /// message, a wrong one is no error: the modality is absent.
    pub fn encode(
        &mut self,
        message: &Message,
        room: &mut [f32],
    ) -> Result<Option<Encoded>, MessageError> {
        let extract = || self.extract.extract(self.message_type, message, room);
        // Pictures and models come from outside, and the libraries that read them may fail in ways of their own: a
        // modality that loses its thread would be lost until the node is started again.
        let extraction = catch_unwind(AssertUnwindSafe(extract)).unwrap_or_else(|_| {
            Err(MessageError::invalid(
                "the message",
                "such that reading it panicked",
                "please report it with the message",
            ))
        });
        let (extraction, refusal) = match (extraction, self.validity) {
            (Ok(extraction), _) => (extraction, None),
            (Err(wrong), Validity::WhileFresh) => return Err(wrong),
            (Err(wrong), Validity::UntilNext) => {
                let mut nothing = Extraction::absent();
                if self.message_type.has_header() {
                    nothing.stamp = message::header_stamp(&message.bytes).ok();
                }
                (nothing, Some(wrong))
            }
        };
        let own = extraction
            .stamp
            .filter(|stamp| !stamp.is_unset())
            .unwrap_or(message.received);
        let came = match self.simulated_time {
            true => message.received.max(own),
            false => message.received,
        };
        let received = match self.validity {
            Validity::WhileFresh => earlier(came, extraction.received_behind_ns),
            Validity::UntilNext => Stamp::default(),
        };
        let for_s = message.unchanged.for_s(received, own);
        let max_s = self.max_frozen_s;
        let behind_ns = extraction.behind_ns.saturating_add(self.stamp_delay_ns);
        Ok(extraction.relevant.then(|| Encoded {
            stamp: earlier(own, behind_ns),
            fault: (for_s > max_s).then_some(Fault::Frozen { for_s, max_s }),
            received,
            epoch: message.epoch,
            present: extraction.present,
            behind_ns,
            refusal,
        }))
    }

    /// See [`Extract::reason`].
    pub fn reason(&self) -> Option<String> {
        self.extract.reason()
    }

    /// See [`Extract::model_entered`].
    pub fn model_entered(&self) -> Option<Instant> {
        self.extract.model_entered()
    }

    /// The sentence of a message that was just encoded; `None` for messages of another type.
    pub fn sentence<'a>(&self, message: &'a Message) -> Option<&'a str> {
        match self.message_type {
            MessageType::String => message::text(&message.bytes).ok(),
            _ => None,
        }
    }
}

fn earlier(stamp: Stamp, by_ns: i64) -> Stamp {
    Stamp::from_nanos(stamp.nanos().saturating_sub(by_ns))
}
