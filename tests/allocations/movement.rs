//! The movement since a picture, from the worker's end to the control thread's.

use std::cell::Cell;

use late_fusion::control::{Displacement, Features};
use late_fusion::modality::{Projector, Timeline, feature_slot, timeline_slot};
use late_fusion::time::Stamp;

use super::{ALLOCATIONS, PROJECTED, WIDTH, fresh, policy};

#[test]
fn a_movement_since_a_picture_allocates_nothing() {
    let projection = policy(None).projections()[0].clone();
    let ((mut camera, camera_slot), (mut joints, joints_slot)) =
        (feature_slot(PROJECTED), feature_slot(PROJECTED));
    let (mut timelines, reader) = timeline_slot(WIDTH / 2);
    let mut features = Features::new(vec![camera_slot, joints_slot]);
    features.displace(1, Displacement::new(0, Projector::new(projection)), reader);
    let mut timeline = Timeline::new(WIDTH / 2);
    let mut counted = 0;
    let mut sums = Vec::new();
    for tick in 0..300 {
        let now = Stamp::from_nanos(1_000_000_000 + tick * 10_000_000);
        let [newest, picture] = [
            fresh(now),
            fresh(Stamp::from_nanos(now.nanos() - 60_000_000)),
        ];
        let numbers = [(tick % 7) as f32; WIDTH / 2];
        let before = ALLOCATIONS.with(Cell::get);
        timeline.push(now, &numbers);
        timelines.input_buffer_mut().copy_from(&timeline);
        timelines.publish();
        counted += ALLOCATIONS.with(Cell::get) - before;
        joints.write(newest);
        camera.write(picture);
        let before = ALLOCATIONS.with(Cell::get);
        features.update();
        let sum: f32 = features.iter().map(|feature| feature.values.sum()).sum();
        counted += ALLOCATIONS.with(Cell::get) - before;
        sums.push(sum);
    }
    assert_eq!(counted, 0);
    assert!(sums.windows(2).any(|pair| pair[0] != pair[1]), "{sums:?}");
}
