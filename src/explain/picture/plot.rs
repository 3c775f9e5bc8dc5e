//! Values over time: scales, and the outlines of steps.

use std::fmt::Write;
use std::ops::Range;

/// From seconds and values to pixels.
#[derive(Clone, Copy)]
pub struct Scale {
    from: (f64, f64),
    to: (f64, f64),
}

impl Scale {
    /// `from` becomes `to`, linearly.
    pub fn new(from: (f64, f64), to: (f64, f64)) -> Self {
        Self { from, to }
    }

    /// Where a value lies.
    pub fn at(&self, value: f64) -> f64 {
        let span = self.from.1 - self.from.0;
        let part = if span == 0.0 {
            0.5
        } else {
            (value - self.from.0) / span
        };
        self.to.0 + part * (self.to.1 - self.to.0)
    }
}

/// A round step that divides a span into about `count` parts: 1, 2 or 5 times a power of ten.
pub fn round_step(span: f64, count: f64) -> f64 {
    let rough = (span / count).max(1e-9);
    let power = 10f64.powf(rough.log10().floor());
    let digit = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|d| d * power >= rough * 0.999);
    digit.unwrap_or(10.0) * power
}

/// The multiples of `step` in a range.
pub fn ticks(range: (f64, f64), step: f64) -> impl Iterator<Item = f64> {
    let first = (range.0 / step - 1e-6).ceil() as i64;
    let last = (range.1 / step + 1e-6).floor() as i64;
    (first..=last).map(move |i| i as f64 * step)
}

/// A number with as many decimals as its step needs.
pub fn shown(value: f64, step: f64) -> String {
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|c| matches!(c, '0' | '.')) => zero.to_owned(),
        Some(number) => format!("−{number}"),
        None => text,
    }
}

/// The stretches of samples that have something.
pub fn runs(count: usize, has: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in (0..count).filter(|at| has(*at)) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// An area between two heights per sample, each holding from its sample's edge to the next; gaps where there are none.
pub fn area(edges: &[f64], heights: &[Option<(f64, f64)>]) -> String {
    let mut path = String::new();
    for run in runs(heights.len(), |at| heights[at].is_some()) {
        let corners = |at: usize| heights[at].unwrap_or_default();
        let _ = write!(path, "M{:.1} {:.1}", edges[run.start], corners(run.start).0);
        for at in run.clone() {
            let _ = write!(path, "V{:.1}H{:.1}", corners(at).0, edges[at + 1]);
        }
        for at in run.rev() {
            let _ = write!(path, "V{:.1}H{:.1}", corners(at).1, edges[at]);
        }
        path.push('Z');
    }
    path
}

/// A line of steps, with gaps.
pub fn steps(edges: &[f64], heights: &[Option<f64>]) -> String {
    let mut path = String::new();
    for run in runs(heights.len(), |at| heights[at].is_some()) {
        for at in run.clone() {
            let height = heights[at].unwrap_or_default();
            let _ = match at == run.start {
                true => write!(path, "M{:.1} {height:.1}H{:.1}", edges[at], edges[at + 1]),
                false => write!(path, "V{height:.1}H{:.1}", edges[at + 1]),
            };
        }
    }
    path
}

/// Signed values on top of each other: what is positive grows up from zero, what is negative down. Returns the two ends of
/// each.
pub fn stacked(values: &[f64]) -> Vec<(f64, f64)> {
    let (mut up, mut down) = (0.0, 0.0);
    values
        .iter()
        .map(|value| {
            let end = if *value >= 0.0 { &mut up } else { &mut down };
            let begin = *end;
            *end += value;
            (begin, *end)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_linear_and_survives_a_span_of_nothing() {
        let scale = Scale::new((1.0, 3.0), (100.0, 0.0));
        assert_eq!(
            (scale.at(1.0), scale.at(2.0), scale.at(3.0)),
            (100.0, 50.0, 0.0)
        );
        assert_eq!(Scale::new((1.0, 1.0), (0.0, 10.0)).at(1.0), 5.0);
    }

    #[test]
    fn steps_are_round_and_ticks_are_shown_short() {
        assert_eq!(round_step(3.2, 8.0), 0.5);
        assert_eq!(round_step(2.0, 2.0), 1.0);
        assert_eq!(round_step(170.0, 8.0), 50.0);
        let found: Vec<String> = ticks((-0.4, 0.5), 0.2).map(|t| shown(t, 0.2)).collect();
        assert_eq!(found, ["−0.4", "−0.2", "0.0", "0.2", "0.4"]);
        assert_eq!(shown(-0.0, 1.0), "0");
    }

    #[test]
    fn what_is_stacked_grows_away_from_zero() {
        assert_eq!(
            stacked(&[1.0, -2.0, 3.0, -4.0]),
            [(0.0, 1.0), (0.0, -2.0), (1.0, 4.0), (-2.0, -6.0)]
        );
    }

    #[test]
    fn an_area_is_closed_and_has_gaps() {
        let edges = [0.0, 10.0, 20.0, 30.0];
        let heights = [Some((5.0, 9.0)), None, Some((4.0, 9.0))];
        assert_eq!(
            area(&edges, &heights),
            "M0.0 5.0V5.0H10.0V9.0H0.0ZM20.0 4.0V4.0H30.0V9.0H20.0Z"
        );
        assert_eq!(area(&edges, &[None; 3]), "");
        let line = steps(&edges, &[Some(1.0), Some(2.0), None]);
        assert_eq!(line, "M0.0 1.0H10.0V2.0H20.0");
    }

    #[test]
    fn runs_are_stretches_without_gaps() {
        let has = [true, true, false, true];
        assert_eq!(runs(4, |at| has[at]), [0..2, 3..4]);
        assert!(runs(4, |_| false).is_empty());
    }
}
