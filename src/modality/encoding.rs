//! One modality's way from its messages to its features, as the worker goes it and whoever replays a recording.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Feature, History, Message};
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
        bytes: &[u8],
        feature: &mut [f32],
    ) -> Result<Extraction, MessageError>;
}

impl Extract for FeatureExtractor {
    fn extract(
        &mut self,
        message_type: MessageType,
        bytes: &[u8],
        feature: &mut [f32],
    ) -> Result<Extraction, MessageError> {
        FeatureExtractor::extract(self, message_type, bytes, feature)
    }
}

/// Turns messages of one type into features: stamped, and seen together with those before.
pub struct Encoding<E> {
    message_type: MessageType,
    extract: E,
    history: History,
    newest: Stamp,
}

impl<E: Extract> Encoding<E> {
    /// Nothing was encoded yet.
    pub fn new(message_type: MessageType, extract: E, history: History) -> Self {
        Self {
            message_type,
            extract,
            history,
            newest: Stamp::default(),
        }
    }

    /// Writes the message's feature; one that is not present leaves the numbers as they were.
    ///
    /// # Errors
    /// What is wrong with the message; the feature's numbers may then be anything.
    pub fn encode(&mut self, message: &Message, feature: &mut Feature) -> Result<(), MessageError> {
        let newest = &mut feature.values[..self.history.width()];
        let extract = || {
            self.extract
                .extract(self.message_type, &message.bytes, newest)
        };
        // Pictures and models come from outside, and the libraries that read them may fail in ways of their own: a
        // modality that loses its thread would be lost until the node is started again.
        let extraction = catch_unwind(AssertUnwindSafe(extract)).unwrap_or_else(|_| {
            Err(MessageError::invalid(
                "the message",
                "such that reading it panicked",
                "please report it with the message",
            ))
        })?;
        feature.present = extraction.present;
        feature.stamp = extraction
            .stamp
            .filter(|stamp| !stamp.is_unset())
            .unwrap_or(message.received);
        // Time that goes back is another time: a bag played again, a simulation started anew.
        if !feature.present || feature.stamp < self.newest {
            self.history.forget();
        }
        self.newest = feature.stamp;
        if feature.present {
            self.history.take(&mut feature.values);
        }
        Ok(())
    }

    /// The sentence of a message that was just encoded; `None` for messages of another type.
    pub fn sentence<'a>(&self, message: &'a Message) -> Option<&'a str> {
        match self.message_type {
            MessageType::String => message::text(&message.bytes).ok(),
            _ => None,
        }
    }
}
