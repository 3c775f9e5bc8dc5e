//! A modality: its newest message, the worker that encodes it, and its newest feature.

mod encoding;
mod feature;
mod history;
mod inlet;
mod recollection;
mod slot;
mod stats;
mod throttle;
mod worker;

pub use encoding::{Encoding, Extract};
pub use feature::{Feature, FeatureReader, FeatureWriter, feature_slot};
pub use history::History;
pub use inlet::Inlet;
pub use recollection::Recollection;
pub use slot::{Message, MessageSlot};
pub use stats::{ModalitySnapshot, ModalityStats};
pub use worker::{Deliver, Worker};
