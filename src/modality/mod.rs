//! A modality: its newest message, the worker that encodes it, and its newest feature.

mod arrival_rate;
mod arrivals;
mod encoding;
mod epoch;
mod fanout;
mod fault;
mod feature;
mod feature_sink;
mod finding;
mod frozen;
mod history;
mod message;
mod message_event;
mod parts;
mod projector;
mod slot;
mod stages;
mod stats;
mod throttle;
mod timeline;
mod unchanged;
mod validity;
mod worker;

pub use encoding::{Encoded, Encoding, Extract};
pub use epoch::{Epoch, Epochs};
pub use fanout::MessageFanout;
pub use fault::Fault;
pub use feature::{
    Feature, FeatureReader, FeatureWriter, MeasuredReader, MeasuredWriter, ProjectedFeature,
    feature_slot, measured_slot,
};
pub use feature_sink::{FeatureBuilder, FeatureSink};
pub use finding::Finding;
pub use frozen::FrozenCheck;
pub use history::History;
pub use message::Message;
pub use message_event::MessageEvent;
pub use projector::Projector;
pub use slot::MessageSlot;
pub use stages::{StageLatencies, Stages};
pub use stats::{ModalitySnapshot, ModalityStats};
pub use timeline::{Timeline, TimelineReader, TimelineWriter, timeline_slot};
pub use unchanged::Unchanged;
pub use validity::Validity;
pub use worker::{Deliver, Worker};
