//! From a worker to the control thread: the newest feature, with those before it, projected.

use std::time::Instant;

use super::worker::Deliver;
use super::{Feature, FeatureWriter, History, MeasuredWriter, Message, ProjectedFeature};
use crate::fusion::Projection;
use crate::time::Stamp;

/// Everything between an encoder's output and what is fused: the history, and the projection, which depends on one
/// feature alone and so is computed once per feature.
pub struct FeatureBuilder {
    raw: Feature,
    history: History,
    projection: Projection<f32>,
}

impl FeatureBuilder {
    /// For a history whose features, all together, are as wide as the projection's input.
    pub fn new(history: History, projection: Projection<f32>) -> Self {
        Self {
            raw: Feature::absent(history.input_width()),
            history,
            projection,
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
        ProjectedFeature::absent(self.projection.width())
    }

    /// Writes the feature made of what stands in the room. Where it is not `present`, its values stay as they are.
    pub fn complete(&mut self, stamp: Stamp, present: bool, feature: &mut ProjectedFeature) {
        self.history.complete(stamp, present, &mut self.raw);
        (feature.stamp, feature.present) = (stamp, present);
        if present {
            let projected = self.projection.project(&self.raw.values);
            feature.values.copy_from(projected);
        }
    }
}

/// Writes the feature slot of a modality.
pub struct FeatureSink {
    builder: FeatureBuilder,
    slot: FeatureWriter,
    measured: Option<MeasuredWriter>,
}

impl FeatureSink {
    /// Of a slot with room for projected features.
    pub fn new(builder: FeatureBuilder, slot: FeatureWriter) -> Self {
        Self {
            builder,
            slot,
            measured: None,
        }
    }

    /// The same, which also leaves the newest numbers as they were measured.
    pub fn with_measured(self, measured: Option<MeasuredWriter>) -> Self {
        Self { measured, ..self }
    }
}

impl Deliver for FeatureSink {
    fn room(&mut self) -> &mut [f32] {
        self.builder.room()
    }

    fn deliver(&mut self, stamp: Stamp, present: bool, _: &Message) {
        let feature = self.slot.input_buffer_mut();
        self.builder.complete(stamp, present, feature);
        // Before the feature, so that what is measured is never older than the feature that vouches for it.
        if let (Some(measured), true) = (&mut self.measured, present) {
            measured
                .input_buffer_mut()
                .copy_from_slice(self.builder.newest());
            measured.publish();
        }
        feature.made = Some(Instant::now());
        self.slot.publish();
    }
}
