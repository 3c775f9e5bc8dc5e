//! The time from one command to the next, as limits count it.

/// The time since the last command. A thread that is late has lost time: it is not made up for with larger steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    /// All of it, in seconds.
    pub since_s: f64,
    /// What a limited rate counts: at most one period.
    pub step_s: f64,
    /// What a limited acceleration counts: at most two periods, so that a missed tick is caught up with.
    pub counted_s: f64,
    /// The rest, in which what moved stood still.
    pub lost_s: f64,
}

impl Interval {
    /// Of a loop with this period, in seconds. What is no time at all counts as none.
    pub fn new(since_s: f64, period_s: f64) -> Self {
        let since_s = since_s.max(0.0);
        let counted_s = since_s.min(2.0 * period_s);
        Self {
            since_s,
            step_s: since_s.min(period_s),
            counted_s,
            lost_s: since_s - counted_s,
        }
    }
}
