//! From what a modality's feature is made of to the feature as it is fused.

use super::{Fault, ProjectedFeature};
use crate::fusion::Projection;

/// The projection of a modality, and how far from the training data a feature may be.
#[derive(Clone)]
pub struct Projector {
    projection: Projection<f32>,
    max_distance: f64,
}

impl Projector {
    /// For which no feature is too far from the training data.
    pub fn new(projection: Projection<f32>) -> Self {
        Self {
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

    /// How many numbers it projects.
    pub fn input_width(&self) -> usize {
        self.projection.input_width()
    }

    /// How many numbers it makes of them.
    pub fn width(&self) -> usize {
        self.projection.width()
    }

    /// Writes the projection of these numbers to `feature`. Returns how many times as far from the training data they are as
    /// nearly all of them, where the policy says how far that is.
    pub fn project(&mut self, numbers: &[f32], feature: &mut ProjectedFeature) -> Option<f64> {
        feature.values.copy_from(self.projection.project(numbers));
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
