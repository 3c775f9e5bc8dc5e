//! From a worker to the control thread: the newest feature, with those before it, projected.

use std::time::Instant;

use super::worker::Deliver;
use super::{
    Encoded, Fault, Feature, FeatureWriter, History, MeasuredWriter, Message, ProjectedFeature,
};
use crate::fusion::Projection;

/// Everything between an encoder's output and what is fused: the history, and the projection, which depends on one
/// feature alone and so is computed once per feature.
pub struct FeatureBuilder {
    raw: Feature,
    history: History,
    projection: Projection<f32>,
    max_distance: f64,
}

impl FeatureBuilder {
    /// For a history whose features, all together, are as wide as the projection's input.
    pub fn new(history: History, projection: Projection<f32>) -> Self {
        Self {
            raw: Feature::absent(history.input_width()),
            history,
            projection,
            max_distance: f64::INFINITY,
        }
    }

    /// The same, for which a feature is at fault that is further from the training data than so many times the distance
    /// that nearly all of them are within.
    pub fn with_max_distance(mut self, max_distance: f64) -> Self {
        self.max_distance = max_distance;
        self
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

    /// Writes the feature made of what stands in the room. Where it is not present, its values stay as they are. Returns how
    /// many times as far from the training data it is as nearly all of them, where the policy says how far that is.
    pub fn complete(&mut self, encoded: &Encoded, feature: &mut ProjectedFeature) -> Option<f64> {
        let (stamp, present) = (encoded.stamp, encoded.present);
        self.history.complete(stamp, present, &mut self.raw);
        (feature.stamp, feature.present) = (stamp, present);
        (feature.received, feature.fault) = (encoded.received, encoded.fault);
        feature.epoch = encoded.epoch;
        if !present {
            return None;
        }
        let projected = self.projection.project(&self.raw.values);
        feature.values.copy_from(projected);
        let times = self.projection.times_usual_distance()?;
        if times > self.max_distance {
            feature.fault.get_or_insert(Fault::Distant {
                times,
                max_times: self.max_distance,
            });
        }
        Some(times)
    }
}

/// Writes the feature slot of a modality.
pub struct FeatureSink {
    builder: FeatureBuilder,
    slot: FeatureWriter,
    measured: Option<MeasuredWriter>,
    made: Option<Instant>,
}

impl FeatureSink {
    /// Of a slot with room for projected features.
    pub fn new(builder: FeatureBuilder, slot: FeatureWriter) -> Self {
        Self {
            builder,
            slot,
            measured: None,
            made: None,
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
        self.made = Some(Instant::now());
        feature.made = self.made;
        self.slot.publish();
        times
    }

    fn made(&self) -> Option<Instant> {
        self.made
    }
}
