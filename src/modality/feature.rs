//! The newest feature of a modality.

use std::time::Instant;

use nalgebra::DVector;

use super::{Epoch, Fault};
use crate::time::{Age, Stamp};

/// The vector of one modality as its encoder and its history give it, with the stamp of the message it came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feature {
    /// When the message was stamped. Zero before the first message.
    pub stamp: Stamp,
    /// Whether there is anything to fuse: false before the first message and after a blank instruction.
    pub present: bool,
    /// The encoder's output and what the history adds, of the modality's input width.
    pub values: Vec<f32>,
}

impl Feature {
    /// Nothing yet, with room for `width` numbers.
    pub fn absent(width: usize) -> Self {
        Self {
            stamp: Stamp::default(),
            present: false,
            values: vec![0.0; width],
        }
    }
}

/// The same, projected to the width at which it is fused, as the control thread sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectedFeature {
    /// When the message was stamped. Zero before the first message.
    pub stamp: Stamp,
    /// When it was received, where its age by arrival counts; see [`super::Encoded::received`].
    pub received: Stamp,
    /// The epoch of the message that it was made of.
    pub epoch: Epoch,
    /// Whether there is anything to fuse.
    pub present: bool,
    /// Why it must not be used all the same, where that is so.
    pub fault: Option<Fault>,
    /// The projected feature.
    pub values: DVector<f32>,
    /// When it was made; `None` before the first message, and where nobody measures.
    pub made: Option<Instant>,
}

impl ProjectedFeature {
    /// Nothing yet, with room for `width` numbers.
    pub fn absent(width: usize) -> Self {
        Self {
            stamp: Stamp::default(),
            received: Stamp::default(),
            epoch: Epoch::default(),
            present: false,
            fault: None,
            values: DVector::zeros(width),
            made: None,
        }
    }

    /// Becomes as another one of the same width, without taking memory.
    pub fn copy_from(&mut self, other: &Self) {
        self.values.copy_from(&other.values);
        (self.stamp, self.received, self.epoch) = (other.stamp, other.received, other.epoch);
        (self.present, self.fault, self.made) = (other.present, other.fault, other.made);
    }

    /// How old it is at `now`.
    pub fn age(&self, now: Stamp) -> Age {
        Age::at(now, self.stamp, self.received)
    }
}

/// The two ends of the slot between a modality's worker and the control thread: one value, the newest, projected to
/// `width` numbers. Neither end ever waits for the other, and nothing is allocated after this call.
pub fn feature_slot(width: usize) -> (FeatureWriter, FeatureReader) {
    triple_buffer::triple_buffer(&ProjectedFeature::absent(width))
}

/// The two ends of the slot for the newest numbers of a modality as they were measured, for whoever asks where the robot
/// is. Before the first they are not finite.
pub fn measured_slot(width: usize) -> (MeasuredWriter, MeasuredReader) {
    triple_buffer::triple_buffer(&vec![f32::NAN; width])
}

/// The worker's end of it.
pub type MeasuredWriter = triple_buffer::Input<Vec<f32>>;

/// The control thread's end of it.
pub type MeasuredReader = triple_buffer::Output<Vec<f32>>;

/// The worker's end.
pub type FeatureWriter = triple_buffer::Input<ProjectedFeature>;

/// The control thread's end.
pub type FeatureReader = triple_buffer::Output<ProjectedFeature>;
