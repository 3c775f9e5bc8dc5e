//! The newest feature of a modality, as the control thread sees it.

use crate::time::Stamp;

/// The vector of one modality with the stamp of the message it came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feature {
    /// When the message was stamped. Zero before the first message.
    pub stamp: Stamp,
    /// Whether there is anything to fuse: false before the first message and after a blank instruction.
    pub present: bool,
    /// The encoder's output, of the modality's width.
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

/// The two ends of the slot between a modality's worker and the control thread: one value, the newest.
/// Neither end ever waits for the other, and nothing is allocated after this call.
pub fn feature_slot(width: usize) -> (FeatureWriter, FeatureReader) {
    triple_buffer::triple_buffer(&Feature::absent(width))
}

/// The worker's end.
pub type FeatureWriter = triple_buffer::Input<Feature>;

/// The control thread's end.
pub type FeatureReader = triple_buffer::Output<Feature>;
