//! The last stage before the topic: nothing leaves that is not finite and inside its limits of value, rate and
//! acceleration, whatever produced it.
//!
//! The first command after a stop, and the first of all, is limited as if the robot came from rest: from the position that
//! is measured where one is, otherwise from the stop itself. Of a held position that nothing measures and nobody commanded
//! yet nothing is known, and its first command may be anywhere inside the limits of value.

use super::interval::Interval;
use super::motion::Motion;
use super::{Limit, Stop};

/// What the guard did with an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing but what the parameters ask for, such as smoothing.
    Passed,
    /// This many numbers were brought back to their limits.
    Limited(usize),
    /// The number at this index was not finite; the action is now the stop action.
    NonFinite(usize),
}

/// The guard of one command topic.
#[derive(Clone, Debug)]
pub struct Guard {
    numbers: Vec<Number>,
    period_s: f64,
    ramps: bool,
    /// Whether the last command was a stop, or there was none.
    is_stopped: bool,
}

#[derive(Clone, Copy, Debug)]
struct Number {
    limit: Limit,
    motion: Motion,
    /// The position that is measured of it now.
    measured: Option<f64>,
}

impl Guard {
    /// A guard with one limit per number of the action, at rest at the stop action.
    pub fn new(limits: Vec<Limit>) -> Self {
        let number = |limit: Limit| Number {
            motion: Motion::at_rest(match limit.stop {
                Stop::At(stop) => Some(stop),
                Stop::Hold => None,
            }),
            limit,
            measured: None,
        };
        Self {
            numbers: limits.into_iter().map(number).collect(),
            period_s: f64::INFINITY,
            ramps: false,
            is_stopped: true,
        }
    }

    /// The same, whose stops are approached within the limits of rate and acceleration where that is asked for.
    pub fn with_ramp(self, ramps: bool) -> Self {
        Self { ramps, ..self }
    }

    /// Says how often a command is due, in seconds: what comes later makes no larger step.
    pub fn set_period(&mut self, period_s: f64) {
        self.period_s = period_s;
    }

    /// Goes on from the last command of `previous`, a guard of the same actions, so that limits hold across the change.
    pub fn succeed(&mut self, previous: &Self) {
        self.is_stopped = previous.is_stopped;
        for (number, previous) in self.numbers.iter_mut().zip(&previous.numbers) {
            number.motion = previous.motion;
            number.motion.begin();
        }
    }

    /// Becomes as `other`, a guard of the same actions, is now, to see where it would go. Never allocates.
    pub fn become_as(&mut self, other: &Self) {
        self.numbers.clone_from(&other.numbers);
        (self.period_s, self.ramps) = (other.period_s, other.ramps);
        self.is_stopped = other.is_stopped;
    }

    /// How many numbers an action has.
    pub fn width(&self) -> usize {
        self.numbers.len()
    }

    /// Says which position is measured of a number of the action now; `None` for none that counts.
    pub fn measure(&mut self, number: usize, position: Option<f64>) {
        self.numbers[number].measured = position.filter(|position| position.is_finite());
    }

    /// Makes `action` fit to leave, `dt_s` (not negative) seconds after the one before.
    pub fn check(&mut self, action: &mut [f64], dt_s: f64) -> Outcome {
        if let Some(at) = action.iter().position(|v| !v.is_finite()) {
            self.stop(action);
            return Outcome::NonFinite(at);
        }
        if std::mem::take(&mut self.is_stopped) {
            for number in &mut self.numbers {
                number.motion.at = number.measured_inside().or(number.motion.at);
                number.motion.begin();
            }
        }
        let interval = Interval::new(dt_s, self.period_s);
        let mut limited = 0;
        for (value, Number { limit, motion, .. }) in action.iter_mut().zip(&mut self.numbers) {
            let (allowed, was_limited) = motion.towards(*value, limit, interval);
            *value = allowed;
            limited += usize::from(was_limited);
        }
        match limited {
            0 => Outcome::Passed,
            count => Outcome::Limited(count),
        }
    }

    /// Overwrites `action` with the stop action, which may leave at once. Says whether it is one: false where a position is
    /// to be held that was never commanded; then `action` must not leave.
    pub fn stop(&mut self, action: &mut [f64]) -> bool {
        self.leave_stop(action);
        let can_stop = self.can_stop();
        for (value, number) in action.iter_mut().zip(&mut self.numbers) {
            if number.motion.at.is_some() {
                number.motion = Motion::at_rest(Some(*value));
            }
            // It must not leave, and is shown to nobody as a stop.
            if !value.is_finite() {
                *value = number.limit.inside(0.0);
            }
        }
        self.is_stopped = true;
        can_stop
    }

    /// The same, approached within the limits of rate and acceleration where the guard was told to, `dt_s` seconds after
    /// the command before. What holds, holds at once.
    pub fn slow_down(&mut self, action: &mut [f64], dt_s: f64) -> bool {
        if !self.ramps || !self.can_stop() {
            return self.stop(action);
        }
        let interval = Interval::new(dt_s, self.period_s);
        self.leave_stop(action);
        for (value, number) in action.iter_mut().zip(&mut self.numbers) {
            match number.limit.stop {
                Stop::At(_) => *value = number.motion.approach(*value, &number.limit, interval),
                Stop::Hold => number.motion = Motion::at_rest(Some(*value)),
            }
        }
        self.is_stopped = true;
        true
    }

    /// Whether the last command was on the way to the stop action, and not there.
    pub fn is_slowing_down(&self) -> bool {
        let on_the_way = |number: &Number| match number.limit.stop {
            Stop::At(stop) => number.motion.at != Some(stop),
            Stop::Hold => false,
        };
        self.is_stopped && self.numbers.iter().any(on_the_way)
    }

    /// Whether there is a stop action: every position that is to be held was commanded before.
    pub fn can_stop(&self) -> bool {
        self.numbers.iter().all(|n| n.motion.at.is_some())
    }

    /// Writes the action that stops the robot from where it is now; not a number where there is none. A position that is
    /// held already stays where it is held.
    pub fn leave_stop(&self, action: &mut [f64]) {
        for (value, number) in action.iter_mut().zip(&self.numbers) {
            *value = match (number.limit.stop, number.motion.at) {
                (Stop::At(stop), _) => stop,
                (Stop::Hold, Some(at)) if self.is_stopped => at,
                (Stop::Hold, Some(at)) => number.measured_inside().unwrap_or(at),
                (Stop::Hold, None) => f64::NAN,
            };
        }
    }
}

impl Number {
    fn measured_inside(&self) -> Option<f64> {
        self.measured.map(|position| self.limit.inside(position))
    }
}

#[cfg(test)]
mod tests;
