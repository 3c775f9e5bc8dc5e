//! The axis of time.

use super::plot::{Scale, round_step, shown, ticks};
use crate::explain::figures::Figures;

/// Where the plots begin and end.
pub(super) const LEFT: f64 = 160.0;
pub(super) const RIGHT: f64 = 1044.0;

/// Where in the picture which moment is.
pub(super) struct Time {
    /// Where each sample begins, and where the last one ends.
    pub edges: Vec<f64>,
    pub scale: Scale,
    range: (f64, f64),
}

impl Time {
    pub fn of(figures: &Figures) -> Self {
        let begin = figures.samples.first().map_or(0.0, |sample| sample.time_s);
        let end = begin + figures.samples.len().max(1) as f64 * figures.step_s;
        let scale = Scale::new((begin, end), (LEFT, RIGHT));
        let edge = |i: usize| scale.at(begin + i as f64 * figures.step_s);
        Self {
            edges: (0..=figures.samples.len()).map(edge).collect(),
            scale,
            range: (begin, end),
        }
    }

    /// Where round seconds are, and what is written there.
    pub fn ticks(&self) -> impl Iterator<Item = (f64, String)> {
        let step = round_step(self.range.1 - self.range.0, 10.0);
        ticks(self.range, step).map(move |second| (self.scale.at(second), shown(second, step)))
    }
}
