//! How far a modality's numbers have moved since the message of another one: what a late picture does not show.

use crate::modality::{ProjectedFeature, Projector, Timeline};
use crate::time::Stamp;

/// Completes the feature of a modality with `moved_since`. It rests on two messages, so it is the one feature that is
/// projected in the control thread. All memory is taken when it is built.
pub struct Displacement {
    since: usize,
    projector: Projector,
    raw: Vec<f32>,
    feature: ProjectedFeature,
}

impl Displacement {
    /// Of a modality that moves on from the messages of the one with the index `since`.
    pub fn new(since: usize, projector: Projector) -> Self {
        Self {
            since,
            raw: vec![0.0; projector.input_width()],
            feature: ProjectedFeature::absent(projector.width()),
            projector,
        }
    }

    /// The modality since whose message it has moved.
    pub fn since(&self) -> usize {
        self.since
    }

    /// Completes the newest feature, as its worker made it, for which nothing has moved: with what has since this stamp. Where
    /// there is none it stays so.
    pub fn complete(
        &mut self,
        newest: &ProjectedFeature,
        since: Option<Stamp>,
        timeline: &Timeline,
    ) {
        self.feature.copy_from(newest);
        let Some(since) = since.filter(|_| newest.present) else {
            return;
        };
        let (Some(now), Some(then)) = (timeline.newest(), timeline.at(since)) else {
            return;
        };
        let (numbers, moved) = self.raw.split_at_mut(now.len());
        numbers.copy_from_slice(now);
        for ((moved, now), then) in moved.iter_mut().zip(now).zip(then) {
            *moved = now - then;
        }
        self.projector.project(&self.raw, &mut self.feature);
    }

    /// The feature that was completed last.
    pub fn feature(&self) -> &ProjectedFeature {
        &self.feature
    }
}
