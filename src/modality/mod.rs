//! A modality: its newest message, the worker that encodes it, and its newest feature.

mod feature;
mod slot;

pub use feature::{Feature, FeatureReader, FeatureWriter, feature_slot};
pub use slot::{Message, MessageSlot};
