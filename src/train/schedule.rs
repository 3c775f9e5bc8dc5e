//! The one-cycle learning rate: up over the first 30 % of the steps, then down to almost nothing.

use std::f64::consts::PI;

/// A cosine rise from 1/25 of the peak and a cosine fall to 1/10 000 of it.
#[derive(Clone, Copy, Debug)]
pub struct OneCycle {
    peak: f64,
    steps: usize,
}

const WARM_UP: f64 = 0.3;
const START: f64 = 1.0 / 25.0;
const END: f64 = 1e-4;

impl OneCycle {
    /// A cycle of so many steps with this highest learning rate.
    pub fn new(peak: f64, steps: usize) -> Self {
        Self { peak, steps }
    }

    /// The learning rate of a step, counted from 0.
    pub fn rate(&self, step: usize) -> f64 {
        let last = (self.steps.max(2) - 1) as f64;
        let turn = (WARM_UP * last).max(1.0);
        let step = step as f64;
        let factor = match step < turn {
            true => between(START, 1.0, step / turn),
            false => between(1.0, END, (step - turn) / (last - turn).max(1.0)),
        };
        self.peak * factor
    }
}

/// Half a cosine wave from `from` to `to` as `part` goes from 0 to 1.
fn between(from: f64, to: f64, part: f64) -> f64 {
    from + (to - from) * (1.0 - (PI * part).cos()) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_low_peaks_after_the_warm_up_and_ends_at_almost_nothing() {
        let cycle = OneCycle::new(1e-3, 101);
        assert!((cycle.rate(0) - 4e-5).abs() < 1e-12);
        assert!((cycle.rate(30) - 1e-3).abs() < 1e-12);
        assert!((cycle.rate(65) - 5.0005e-4).abs() < 1e-9);
        assert!((cycle.rate(100) - 1e-7).abs() < 1e-12);
        for step in 0..100 {
            let (now, next) = (cycle.rate(step), cycle.rate(step + 1));
            assert_eq!(now < next, step < 30, "step {step}: {now} {next}");
        }
    }

    #[test]
    fn the_shortest_cycles_are_finite() {
        for steps in 1..5 {
            for step in 0..steps {
                let rate = OneCycle::new(1.0, steps).rate(step);
                assert!(rate > 0.0 && rate <= 1.0, "{step} of {steps}: {rate}");
            }
        }
    }
}
