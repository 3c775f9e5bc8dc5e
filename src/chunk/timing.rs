//! When the steps of a chunk are due.

use crate::spec::ChunkSpec;

/// The times of a chunk's steps, in whole nanoseconds so that a step due exactly now is not lost to rounding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    steps: usize,
    step_ns: i64,
    /// By how much a tick may be early and still count as in time: half a control period, so that a clock that trembles
    /// neither skips a step nor plays it twice, and at most half a step.
    early_ns: i64,
    /// Whether a step is held until the next one instead of leading over to it.
    held: bool,
}

impl Timing {
    /// The times of a chunk; one step alone is for the moment of its prediction, whatever `step_s` is.
    pub fn new(chunk: Option<ChunkSpec>, held: bool, period_s: f64) -> Self {
        let nanoseconds = |seconds: f64| ((seconds * 1e9).round() as i64).max(1);
        let step_ns = chunk.map_or(1, |chunk| nanoseconds(chunk.step_s));
        Self {
            steps: chunk.map_or(1, |chunk| chunk.steps),
            step_ns,
            early_ns: nanoseconds(period_s).min(step_ns) / 2,
            held,
        }
    }

    /// How many actions a chunk has.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// From the first step to the last, in nanoseconds.
    pub fn span_ns(&self) -> i64 {
        (self.steps as i64 - 1).saturating_mul(self.step_ns)
    }

    /// Whether a chunk of this age (not negative) has been played to its end: past its last step, or past the time for
    /// which that is held.
    pub fn is_over(&self, age_ns: i64) -> bool {
        let last = self.steps as i64 - 1;
        match self.held {
            _ if last == 0 => true,
            true => self.due(age_ns) > last,
            false => age_ns > self.span_ns().saturating_add(self.early_ns),
        }
    }

    /// The step that a chunk of this age (not negative) has come to, and how much of the way to the next one it has
    /// gone, 0 to 1. A chunk that is over stays at its last step.
    pub fn place(&self, age_ns: i64) -> (usize, f64) {
        let last = self.steps as i64 - 1;
        let (step, way) = match self.held {
            true => (self.due(age_ns), 0.0),
            false => {
                let past_ns = age_ns % self.step_ns;
                (age_ns / self.step_ns, past_ns as f64 / self.step_ns as f64)
            }
        };
        match step < last {
            true => (step as usize, way),
            false => (last as usize, 0.0),
        }
    }

    /// The held step whose time has come.
    fn due(&self, age_ns: i64) -> i64 {
        age_ns.saturating_add(self.early_ns) / self.step_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    /// Three steps, 100 ms apart, played at 100 Hz.
    fn timing(held: bool) -> Timing {
        let chunk = ChunkSpec {
            steps: 3,
            step_s: 0.1,
        };
        Timing::new(Some(chunk), held, 0.01)
    }

    #[test]
    fn numbers_lead_over_from_step_to_step_and_end_with_the_last() {
        let timing = timing(false);
        assert_eq!(timing.place(0), (0, 0.0));
        assert_eq!(timing.place(25 * MS), (0, 0.25));
        assert_eq!(timing.place(100 * MS), (1, 0.0));
        assert_eq!(timing.place(190 * MS), (1, 0.9));
        assert_eq!(timing.place(204 * MS), (2, 0.0));
        assert!(!timing.is_over(204 * MS), "a tick that is a little late");
        assert!(timing.is_over(210 * MS));
    }

    #[test]
    fn choices_are_held_each_for_its_time() {
        let timing = timing(true);
        for (age_ms, step) in [(0, 0), (90, 0), (96, 1), (100, 1), (199, 2), (290, 2)] {
            assert_eq!(timing.place(age_ms * MS), (step, 0.0), "{age_ms} ms");
            assert!(!timing.is_over(age_ms * MS), "{age_ms} ms");
        }
        assert!(timing.is_over(300 * MS));
        assert_eq!(timing.place(i64::MAX), (2, 0.0));
    }

    #[test]
    fn a_tick_per_step_plays_every_step_once_however_the_clock_trembles() {
        let chunk = ChunkSpec {
            steps: 4,
            step_s: 0.025,
        };
        for held in [false, true] {
            let timing = Timing::new(Some(chunk), held, 0.025);
            for tremble in [-3 * MS, 0, 3 * MS] {
                let age = |step: i64| step * 25 * MS + tremble * i64::from(step > 0);
                let over: Vec<bool> = (0..5).map(|step| timing.is_over(age(step))).collect();
                assert_eq!(over, [false, false, false, false, true], "{held} {tremble}");
            }
        }
    }

    #[test]
    fn one_action_alone_is_over_at_once() {
        let timing = Timing::new(None, false, 0.01);
        assert!(timing.is_over(0));
        assert_eq!(timing.place(5 * MS), (0, 0.0));
    }

    #[test]
    fn a_step_of_any_length_is_reckoned_with() {
        for step_s in [f64::MIN_POSITIVE, 1e300] {
            let timing = Timing::new(Some(ChunkSpec { steps: 256, step_s }), false, 0.01);
            assert_eq!(timing.is_over(1_000_000 * MS), step_s < 1.0);
            assert!(timing.place(1_000_000 * MS).0 < 256);
        }
    }
}
