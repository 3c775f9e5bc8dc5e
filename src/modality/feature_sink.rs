//! From a worker to the control thread: the newest feature, with those before it, projected.

use std::time::Instant;

use super::worker::Deliver;
use super::{
    Encoded, Feature, FeatureWriter, History, MeasuredWriter, Message, ProjectedFeature, Projector,
    Timeline, TimelineWriter,
};

/// Everything between an encoder's output and what is fused: the history, and the projection, which depends on one
/// feature alone and so is computed once per feature.
pub struct FeatureBuilder {
    raw: Feature,
    history: History,
    projector: Projector,
}

impl FeatureBuilder {
    /// For a history whose features, all together, are as wide as what is projected; where that is wider, what is behind them
    /// is zero: nothing has moved.
    pub fn new(history: History, projector: Projector) -> Self {
        Self {
            raw: Feature::absent(projector.input_width()),
            history,
            projector,
        }
    }

    /// Room for the encoder's next output.
    pub fn room(&mut self) -> &mut [f32] {
        let width = self.history.width();
        &mut self.raw.values[..width]
    }

    /// The newest numbers, as the encoder gave them.
    pub fn newest(&self) -> &[f32] {
        &self.raw.values[..self.history.width()]
    }

    /// Nothing yet, with room for what [`FeatureBuilder::complete`] writes.
    pub fn absent(&self) -> ProjectedFeature {
        ProjectedFeature::absent(self.projector.width())
    }

    /// Writes the feature made of what stands in the room. Where it is not present, its values stay as they are. Returns how
    /// many times as far from the training data it is as nearly all of them, where the policy says how far that is.
    pub fn complete(&mut self, encoded: &Encoded, feature: &mut ProjectedFeature) -> Option<f64> {
        let (stamp, present) = (encoded.stamp, encoded.present);
        self.history.complete(stamp, present, &mut self.raw);
        (feature.stamp, feature.present) = (stamp, present);
        (feature.received, feature.fault) = (encoded.received, encoded.fault);
        feature.epoch = encoded.epoch;
        present
            .then(|| self.projector.project(&self.raw.values, feature))
            .flatten()
    }
}

/// Writes the feature slot of a modality.
pub struct FeatureSink {
    builder: FeatureBuilder,
    slot: FeatureWriter,
    measured: Option<MeasuredWriter>,
    timeline: Option<(Timeline, TimelineWriter)>,
    made: Option<Instant>,
}

impl FeatureSink {
    /// Of a slot with room for projected features.
    pub fn new(builder: FeatureBuilder, slot: FeatureWriter) -> Self {
        Self {
            builder,
            slot,
            measured: None,
            timeline: None,
            made: None,
        }
    }

    /// The same, which also leaves the newest numbers as they were measured.
    pub fn with_measured(self, measured: Option<MeasuredWriter>) -> Self {
        Self { measured, ..self }
    }

    /// The same, which also leaves what its numbers were lately.
    pub fn with_timeline(self, timeline: Option<TimelineWriter>) -> Self {
        let width = self.builder.newest().len();
        Self {
            timeline: timeline.map(|slot| (Timeline::new(width), slot)),
            ..self
        }
    }
}

impl Deliver for FeatureSink {
    fn room(&mut self) -> &mut [f32] {
        self.builder.room()
    }

    fn deliver(&mut self, encoded: &Encoded, _: &Message) -> Option<f64> {
        let feature = self.slot.input_buffer_mut();
        let times = self.builder.complete(encoded, feature);
        // Before the feature, so that what is measured is never older than the feature that vouches for it.
        if let (Some(measured), true) = (&mut self.measured, encoded.present) {
            measured
                .input_buffer_mut()
                .copy_from_slice(self.builder.newest());
            measured.publish();
        }
        if let (Some((timeline, slot)), true) = (&mut self.timeline, encoded.present) {
            timeline.push(encoded.stamp, self.builder.newest());
            slot.input_buffer_mut().copy_from(timeline);
            slot.publish();
        }
        self.made = Some(Instant::now());
        feature.made = self.made;
        self.slot.publish();
        times
    }

    fn made(&self) -> Option<Instant> {
        self.made
    }
}
