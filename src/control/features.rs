//! The newest features of one policy, as the control thread reads them.

use super::Displacement;
use crate::modality::{FeatureReader, ProjectedFeature, TimelineReader};

/// The newest feature of each modality, in the policy's order. Nothing here waits, locks or allocates once it is built.
pub struct Features {
    slots: Vec<FeatureReader>,
    displacements: Vec<Option<(Displacement, TimelineReader)>>,
}

impl Features {
    /// Of these slots, none of which tells of a movement.
    pub fn new(slots: Vec<FeatureReader>) -> Self {
        Self {
            displacements: slots.iter().map(|_| None).collect(),
            slots,
        }
    }

    /// The same, where the feature of this modality says how far it has moved.
    pub fn displace(
        &mut self,
        modality: usize,
        displacement: Displacement,
        timeline: TimelineReader,
    ) {
        self.displacements[modality] = Some((displacement, timeline));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Brings them up to date.
    pub fn update(&mut self) {
        for slot in &mut self.slots {
            slot.update();
        }
        for (modality, displacement) in self.displacements.iter_mut().enumerate() {
            let Some((displacement, timeline)) = displacement else {
                continue;
            };
            let [newest, since] =
                [modality, displacement.since()].map(|i| self.slots[i].peek_output_buffer());
            let since = since.present.then_some(since.stamp);
            displacement.complete(newest, since, timeline.read());
        }
    }

    /// The features as they were when they were brought up to date.
    pub fn iter(&self) -> impl Iterator<Item = &ProjectedFeature> {
        let each = self.slots.iter().zip(&self.displacements);
        each.map(|(slot, displacement)| match displacement {
            Some((displacement, _)) => displacement.feature(),
            None => slot.peek_output_buffer(),
        })
    }
}
