//! The measured positions of what the action commands, on their way from the workers to the controller.

use crate::modality::MeasuredReader;

/// Where the position that a number of the action commands is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasuredAt {
    /// Index in the policy's modalities.
    pub modality: usize,
    /// Index in the numbers of that modality.
    pub number: usize,
}

/// The newest measured positions, by number of the action.
#[derive(Default)]
pub struct Measured {
    /// For each number of the action, where it is measured.
    pub places: Vec<Option<MeasuredAt>>,
    /// For each modality, its newest numbers, where any of them is such a position.
    pub numbers: Vec<Option<MeasuredReader>>,
}

impl Measured {
    /// Hands over what was measured, each with the number of the action and the modality. Nothing is handed over of a modality
    /// that never had all of its numbers.
    pub fn hand_over(&mut self, mut to: impl FnMut(usize, usize, f64)) {
        for (action, place) in self.places.iter().enumerate() {
            let Some(place) = place else { continue };
            if let Some(Some(reader)) = self.numbers.get_mut(place.modality)
                && let Some(position) = reader.read().get(place.number)
                && position.is_finite()
            {
                to(action, place.modality, f64::from(*position));
            }
        }
    }
}
