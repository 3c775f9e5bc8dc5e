//! What commands rest on, left by the control thread for those who explain them.

use std::time::{Duration, Instant};

use nalgebra::DVector;

use super::Seen;
use crate::policy::Policy;

/// What one command rests on.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Which features were fused, and how old they were.
    pub seen: Seen,
    /// The projected feature of every modality, in the policy's order.
    pub features: Vec<DVector<f32>>,
}

/// The reader's end.
pub type SnapshotReader = triple_buffer::Output<Snapshot>;

/// The control thread's end: leaves a snapshot now and then, without waiting or allocating.
pub struct SnapshotWriter {
    snapshots: triple_buffer::Input<Snapshot>,
    period: Duration,
    last: Option<Instant>,
}

/// The two ends of a slot for the newest snapshot of a policy, written once per `period`.
pub fn snapshot_slot(policy: &Policy, period: Duration) -> (SnapshotWriter, SnapshotReader) {
    let projections = policy.projections().iter();
    let nothing = Snapshot {
        seen: Seen::default(),
        features: projections.map(|p| DVector::zeros(p.width())).collect(),
    };
    let (snapshots, reader) = triple_buffer::triple_buffer(&nothing);
    let writer = SnapshotWriter {
        snapshots,
        period,
        last: None,
    };
    (writer, reader)
}

impl SnapshotWriter {
    /// Leaves what a command rests on, when it is time to.
    pub fn leave<'a>(
        &mut self,
        now: Instant,
        seen: &Seen,
        features: impl Iterator<Item = &'a DVector<f32>>,
    ) {
        if self.last.is_some_and(|last| now - last < self.period) {
            return;
        }
        self.last = Some(now);
        let snapshot = self.snapshots.input_buffer_mut();
        snapshot.seen = *seen;
        for (own, feature) in snapshot.features.iter_mut().zip(features) {
            own.copy_from(feature);
        }
        self.snapshots.publish();
    }
}
