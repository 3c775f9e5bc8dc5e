//! One modality of a recording: its messages on their way to a feature.

use std::collections::VecDeque;

use crate::encoder::FeatureExtractor;
use crate::message::MessageType;
use crate::modality::{
    Encoding, FeatureBuilder, FrozenCheck, History, Message, ProjectedFeature, Projector, Timeline,
};
use crate::spec::ModalitySpec;
use crate::time::Stamp;

/// Encodes no more than is looked at: of the messages between two samples the newest that can be read, or all where the
/// policy sees several at once or counts how far they move. Of joint states it takes all, since each may be about some of the joints.
pub struct Stream {
    encoding: Option<Encoding<FeatureExtractor>>,
    builder: FeatureBuilder,
    frozen: FrozenCheck,
    /// How many of the newest messages one feature is made of.
    seen_at_once: usize,
    waiting: VecDeque<Message>,
    /// The newest feature, as the control thread would see it.
    pub feature: ProjectedFeature,
    /// What its numbers were lately, where the policy counts how far they move.
    pub timeline: Option<Timeline>,
    /// The sentence of the newest feature.
    pub sentence: Option<String>,
    /// The message of the newest feature.
    pub message: Option<Message>,
    /// The stamp of the newest feature by the clock of its messages; `None` where there is nothing to fuse.
    pub stamp: Option<Stamp>,
    /// How much older than that message the feature is, in nanoseconds.
    pub behind_ns: i64,
    /// How many messages could not be read, and what was wrong with the first.
    pub unreadable: (usize, Option<String>),
}

/// So many of the newest messages may be unreadable before something is missed.
const SPARE: usize = 8;

impl Stream {
    /// Of messages that become features in this way; without an encoding nothing ever comes.
    pub fn new(
        spec: &ModalitySpec,
        encoding: Option<Encoding<FeatureExtractor>>,
        projector: Projector,
    ) -> Self {
        let history = History::new(spec.width, spec.history);
        let builder = FeatureBuilder::new(history, projector);
        let message_type = encoding.as_ref().map(Encoding::message_type);
        Self {
            encoding,
            feature: builder.absent(),
            builder,
            frozen: message_type.map_or_else(FrozenCheck::default, FrozenCheck::new),
            seen_at_once: spec.history,
            waiting: VecDeque::new(),
            timeline: (spec.moved_since.as_ref()).map(|_| Timeline::new(spec.width)),
            sentence: None,
            message: None,
            stamp: None,
            behind_ns: 0,
            unreadable: (0, None),
        }
    }

    /// The type of its messages.
    pub fn message_type(&self) -> Option<MessageType> {
        self.encoding.as_ref().map(Encoding::message_type)
    }

    /// One of the numbers that the newest feature was made of, where there is one.
    pub fn measured(&self, number: usize) -> Option<f64> {
        let numbers = self.builder.newest();
        self.feature.present.then(|| f64::from(numbers[number]))
    }

    /// Takes in a message; those that no feature will be made of any more are let go.
    pub fn put(&mut self, mut message: Message) {
        self.frozen.take(&mut message);
        if self.waiting.len() == self.seen_at_once + SPARE && !self.takes_all() {
            self.waiting.pop_front();
        }
        self.waiting.push_back(message);
    }

    /// Brings the feature up to date.
    pub fn look(&mut self) {
        let newest_alone = self.seen_at_once == 1 && !self.takes_all();
        while let Some(message) = match newest_alone {
            true => self.waiting.pop_back(),
            false => self.waiting.pop_front(),
        } {
            if self.encode(message) && newest_alone {
                self.waiting.clear();
            }
        }
    }

    fn takes_all(&self) -> bool {
        self.message_type() == Some(MessageType::JointState) || self.timeline.is_some()
    }

    fn encode(&mut self, message: Message) -> bool {
        let Some(encoding) = &mut self.encoding else {
            return false;
        };
        match encoding.encode(&message, self.builder.room()) {
            Ok(None) => false,
            Ok(Some(encoded)) => {
                if let Some(why) = &encoded.refusal {
                    self.unreadable.0 += 1;
                    self.unreadable.1.get_or_insert_with(|| why.to_string());
                }
                let present = encoded.present;
                self.builder.complete(&encoded, &mut self.feature);
                if let (Some(timeline), true) = (&mut self.timeline, present) {
                    timeline.push(encoded.stamp, self.builder.newest());
                }
                self.stamp = present.then_some(encoded.stamp);
                self.behind_ns = encoded.behind_ns;
                self.sentence = encoding
                    .sentence(&message)
                    .filter(|_| present)
                    .map(str::to_owned);
                self.message = Some(message);
                true
            }
            Err(why) => {
                self.unreadable.0 += 1;
                self.unreadable.1.get_or_insert_with(|| why.to_string());
                false
            }
        }
    }
}
