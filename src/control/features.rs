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
    pub fn count(&self) -> usize {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fusion::Projection;
    use crate::modality::{
        Epoch, FeatureWriter, Projector, TimelineWriter, feature_slot, timeline_slot,
    };
    use crate::time::Stamp;

    fn at_ms(ms: i64) -> Stamp {
        Stamp::from_nanos(ms * 1_000_000)
    }

    fn feature(ms: i64, present: bool, values: &[f32]) -> ProjectedFeature {
        ProjectedFeature {
            stamp: at_ms(ms),
            received: at_ms(ms),
            epoch: Epoch::default(),
            present,
            fault: None,
            values: values.to_vec().into(),
            made: None,
        }
    }

    /// A camera, and joints of one number that say how far they have moved since its picture.
    fn moving() -> (Features, FeatureWriter, FeatureWriter, TimelineWriter) {
        let ((camera, camera_slot), (joints, joints_slot)) = (feature_slot(1), feature_slot(2));
        let (timeline, timelines) = timeline_slot(1);
        let mut features = Features::new(vec![camera_slot, joints_slot]);
        let projector = Projector::new(Projection::identity(2));
        features.displace(1, Displacement::new(0, projector), timelines);
        (features, camera, joints, timeline)
    }

    fn values(features: &mut Features) -> Vec<f32> {
        features.update();
        features.iter().nth(1).unwrap().values.as_slice().to_vec()
    }

    #[test]
    fn joints_say_how_far_they_have_moved_since_the_picture() {
        let (mut features, mut camera, mut joints, mut timeline) = moving();
        assert_eq!(values(&mut features), [0.0, 0.0], "nothing has come");
        for ms in (0..200).step_by(10) {
            timeline.input_buffer_mut().push(at_ms(ms), &[ms as f32]);
            let pushed = timeline.input_buffer_mut().clone();
            timeline.publish();
            timeline.input_buffer_mut().copy_from(&pushed);
            joints.write(feature(ms, true, &[ms as f32, 0.0]));
        }
        assert_eq!(values(&mut features), [190.0, 0.0], "there is no picture");
        for (picture_ms, moved) in [(190, 0.0), (125, 70.0), (-40, 190.0), (500, 0.0)] {
            camera.write(feature(picture_ms, true, &[7.0]));
            assert_eq!(values(&mut features), [190.0, moved], "{picture_ms}");
        }
        let joints_of = features.iter().nth(1).unwrap();
        assert_eq!((joints_of.stamp, joints_of.present), (at_ms(190), true));
        camera.write(feature(125, false, &[7.0]));
        assert_eq!(
            values(&mut features),
            [190.0, 0.0],
            "the picture shows nothing"
        );
        joints.write(feature(195, false, &[1.0, 0.0]));
        assert!(!{
            features.update();
            features.iter().nth(1).unwrap().present
        });
    }
}
