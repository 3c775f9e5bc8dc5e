//! One modality's way from its messages to its features, as the worker goes it and whoever replays a recording.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Message;
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

/// Turns messages of one type into features with their stamps.
pub struct Encoding<E> {
    message_type: MessageType,
    extract: E,
}

impl<E: Extract> Encoding<E> {
    /// Of messages of one type.
    pub fn new(message_type: MessageType, extract: E) -> Self {
        Self {
            message_type,
            extract,
        }
    }

    /// Writes the message's feature to `room`, of one feature's width, and returns its stamp and whether it is present;
    /// where it is not, nothing was written.
    ///
    /// # Errors
    /// What is wrong with the message; the numbers in the room may then be anything.
    pub fn encode(
        &mut self,
        message: &Message,
        room: &mut [f32],
    ) -> Result<(Stamp, bool), MessageError> {
        let extract = || {
            self.extract
                .extract(self.message_type, &message.bytes, room)
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
        let stamp = extraction
            .stamp
            .filter(|stamp| !stamp.is_unset())
            .unwrap_or(message.received);
        Ok((stamp, extraction.present))
    }

    /// The sentence of a message that was just encoded; `None` for messages of another type.
    pub fn sentence<'a>(&self, message: &'a Message) -> Option<&'a str> {
        match self.message_type {
            MessageType::String => message::text(&message.bytes).ok(),
            _ => None,
        }
    }
}
