//! From a worker to the control thread: the newest feature, with those before it.

use super::worker::Deliver;
use super::{FeatureWriter, History, Message};
use crate::time::Stamp;

/// Writes the feature slot of a modality, and keeps its history.
pub struct Recollection {
    features: FeatureWriter,
    history: History,
}

impl Recollection {
    /// Of a slot with room for the whole history.
    pub fn new(features: FeatureWriter, history: History) -> Self {
        Self { features, history }
    }
}

impl Deliver for Recollection {
    fn room(&mut self) -> &mut [f32] {
        let width = self.history.width();
        &mut self.features.input_buffer_mut().values[..width]
    }

    fn deliver(&mut self, stamp: Stamp, present: bool, _: &Message) {
        let feature = self.features.input_buffer_mut();
        self.history.complete(stamp, present, feature);
        self.features.publish();
    }
}
