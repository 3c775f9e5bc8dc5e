//! One number of the action on its way: from the last command to the next, inside its limits.
//!
//! The rate between two commands is their difference over the time between them. From one such rate r to the next the
//! change is at most a·t, where a is the largest acceleration and t the time since the last command. A bound that is the
//! distance d away can still be kept after a step at the rate r, whatever the times of the commands to come, where
//! r·t + r²/(2a) ≤ d: the sum of the steps of any braking is at most r²/(2a), which it would be if commands were
//! infinitely close. Hence the largest rate towards a bound, √(a²t² + 2ad) − a·t.

use super::interval::Interval;
use super::{Limit, Stop};

/// Where a number of the action is, as far as is known from the commands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Motion {
    /// The last command; `None` where nothing is known, so that the first one may be anywhere inside the limits.
    pub at: Option<f64>,
    /// The rate at which the last command was approached, per second.
    rate: f64,
    /// Whether the last command was what was wanted.
    on_track: bool,
    /// What the low-pass has come to.
    smoothed: Option<f64>,
}

impl Motion {
    /// At rest at a value, or nowhere yet.
    pub fn at_rest(at: Option<f64>) -> Self {
        Self {
            at,
            ..Self::default()
        }
    }

    /// Goes on from the present command, without what the low-pass remembers: of what comes next nothing was seen.
    pub fn begin(&mut self) {
        self.smoothed = self.at;
        self.on_track = false;
    }

    /// The next command where the policy wants `wanted`, and whether a limit had to be kept.
    pub fn towards(&mut self, wanted: f64, limit: &Limit, interval: Interval) -> (f64, bool) {
        let inside = limit.inside(wanted);
        let smooth = self.smooth(inside, limit, interval);
        let target = match limit.stop {
            Stop::At(stop) if (smooth - stop).abs() < limit.deadband => limit.inside(stop),
            _ => smooth,
        };
        let allowed = self.approach(target, limit, interval);
        (allowed, inside != wanted || allowed != target)
    }

    /// The next command on the way to `target`, which lies inside the limits.
    pub fn approach(&mut self, target: f64, limit: &Limit, interval: Interval) -> f64 {
        let Some(at) = self.at else {
            *self = Self {
                on_track: true,
                smoothed: self.smoothed,
                ..Self::at_rest(Some(target))
            };
            return target;
        };
        let step = limit
            .max_rate
            .map_or(f64::INFINITY, |rate| rate * interval.step_s);
        let next = match limit.max_acceleration {
            Some(acceleration) => self.accelerate(at, target, acceleration, limit, interval),
            None => target,
        };
        // The limits come last, so that they hold even where the robot is outside of them.
        let allowed = limit.inside(next.max(at - step).min(at + step));
        if interval.since_s > 0.0 {
            self.rate = (allowed - at) / interval.since_s;
        }
        self.on_track = allowed == target;
        self.at = Some(allowed);
        allowed
    }

    /// The next command with a limited acceleration. What can be followed is followed exactly; otherwise the target is
    /// approached so that it can be stopped at.
    fn accelerate(
        &self,
        at: f64,
        target: f64,
        most: f64,
        limit: &Limit,
        interval: Interval,
    ) -> f64 {
        let seconds = interval.counted_s;
        if seconds.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
            return at;
        }
        let change = most * seconds;
        let rate = self.rate.signum() * (self.rate.abs() - most * interval.lost_s).max(0.0);
        let (low, high) = (rate - change, rate + change);
        let direct = (target - at) / seconds;
        let stays_there = self.on_track || direct.abs() <= change;
        let follows = stays_there && low <= direct && direct <= high;
        let wanted = match follows {
            true => direct,
            false => direct.signum() * stoppable(most, seconds, (target - at).abs()),
        };
        let (up, down) = (
            stoppable(most, seconds, limit.max - at),
            stoppable(most, seconds, at - limit.min),
        );
        let chosen = wanted.max(low).min(high).min(up).max(-down);
        match follows && chosen == direct {
            true => target,
            false => at + chosen * seconds,
        }
    }

    fn smooth(&mut self, wanted: f64, limit: &Limit, interval: Interval) -> f64 {
        let last = self.smoothed.unwrap_or(wanted);
        let smooth = match limit.smoothing_s > 0.0 {
            true => last + (wanted - last) * -(-interval.since_s / limit.smoothing_s).exp_m1(),
            false => wanted,
        };
        self.smoothed = Some(smooth);
        smooth
    }
}

/// The largest rate of a step of `seconds` after which a point at this distance can be stopped at.
fn stoppable(acceleration: f64, seconds: f64, distance: f64) -> f64 {
    let change = acceleration * seconds;
    let distance = distance.max(0.0);
    // The difference of the root and `change`, without the digits that it would lose for small distances.
    let root = (change * change + 2.0 * acceleration * distance).sqrt();
    2.0 * acceleration * distance / (root + change)
}
