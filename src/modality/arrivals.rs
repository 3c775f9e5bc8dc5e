//! What the arrival of a topic's messages tells: whether their stamps advance, whether their clock is ours, and whether they
//! come as often as they used to. Time is an argument: the node's time at which each message was received.

use std::collections::VecDeque;

use super::Finding;
use super::arrival_rate::ArrivalRate;
use crate::time::Stamp;

/// Stamps must not have advanced for so long, and over so many messages.
const STUCK_S: f64 = 0.3;
const STUCK_MESSAGES: u32 = 3;

/// The median delay is over so many messages at most, and at least.
const DELAYS: usize = 64;
const FEWEST_DELAYS: usize = 10;

/// A message cannot arrive before it is stamped; clocks kept together by NTP on one network differ by less than this.
const AHEAD_S: f64 = 0.005;

/// No transport takes so long again and again.
const BEHIND_S: f64 = 1.0;

/// What arrived longer ago than this, and than three times the usual interval, says nothing of now.
const RECENT_S: f64 = 1.0;

/// Watches the arrivals of one topic.
#[derive(Debug, Default)]
pub struct Arrivals {
    last: Option<Arrival>,
    stuck: Option<Stuck>,
    /// Arrival − stamp of the last messages, in nanoseconds.
    delays: VecDeque<i64>,
    rate: ArrivalRate,
    simulated: bool,
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    received: Stamp,
    stamp: Option<Stamp>,
}

/// Messages in a row of which none is stamped later than the one before it.
#[derive(Clone, Copy, Debug)]
struct Stuck {
    since: Stamp,
    messages: u32,
    backwards: bool,
}

impl Arrivals {
    /// With simulated time a message is often there before the `/clock` of its stamp: stamps that are a little ahead then
    /// say nothing.
    pub fn expect_simulated_time(&mut self) {
        self.simulated = true;
    }

    /// As if no message had come.
    pub fn forget(&mut self) {
        *self = Self {
            simulated: self.simulated,
            ..Self::default()
        };
    }

    /// Takes in that a message with this stamp, where it has one, was received at `received`.
    pub fn take(&mut self, received: Stamp, stamp: Option<Stamp>) {
        let stamp = stamp.filter(|stamp| !stamp.is_unset());
        if self.last.is_some_and(|last| received < last.received) {
            // The clock was turned back: a bag that loops, a simulation started anew, a date that was set.
            self.forget();
        }
        self.rate.take(received);
        let before = self.last.replace(Arrival { received, stamp });
        let Some(stamp) = stamp else {
            return;
        };
        if self.delays.len() == DELAYS {
            self.delays.pop_front();
        }
        let delay = received.nanos().saturating_sub(stamp.nanos());
        self.delays.push_back(delay);
        if let Some(Arrival {
            received: before,
            stamp: Some(earlier),
        }) = before
        {
            self.compare(before, earlier, stamp);
        }
    }

    /// What should be looked at, at `now`.
    pub fn findings(&self, now: Stamp) -> Vec<Finding> {
        let Some(last) = self.last else {
            return Vec::new();
        };
        let interval_s = self.rate.usual_hz().map_or(0.0, |usual_hz| 3.0 / usual_hz);
        if now.seconds_since(last.received) > f64::max(RECENT_S, interval_s) {
            return Vec::new();
        }
        let each = [self.stuck(last), self.disagreement(last), self.slow(now)];
        each.into_iter().flatten().collect()
    }

    fn compare(&mut self, received_before: Stamp, earlier: Stamp, stamp: Stamp) {
        if stamp > earlier {
            self.stuck = None;
            return;
        }
        let stuck = self.stuck.get_or_insert(Stuck {
            since: received_before,
            messages: 0,
            backwards: false,
        });
        stuck.messages += 1;
        stuck.backwards |= stamp < earlier;
    }

    fn stuck(&self, last: Arrival) -> Option<Finding> {
        let (stuck, stamp) = (self.stuck?, last.stamp?);
        let for_s = last.received.seconds_since(stuck.since);
        let is_long = for_s >= STUCK_S && stuck.messages >= STUCK_MESSAGES;
        is_long.then(|| Finding::StampsStuck {
            for_s,
            stamp_s: seconds(stamp),
            backwards: stuck.backwards,
        })
    }

    fn disagreement(&self, last: Arrival) -> Option<Finding> {
        if self.delays.len() < FEWEST_DELAYS {
            return None;
        }
        let mut sorted: Vec<i64> = self.delays.iter().copied().collect();
        sorted.sort_unstable();
        let behind_s = sorted[sorted.len() / 2] as f64 * 1e-9;
        let ahead_s = if self.simulated { BEHIND_S } else { AHEAD_S };
        let agrees = (-ahead_s..=BEHIND_S).contains(&behind_s);
        (!agrees).then_some(Finding::ClocksDisagree {
            behind_s,
            stamp_s: seconds(last.stamp?),
            simulated: self.simulated,
        })
    }

    fn slow(&self, now: Stamp) -> Option<Finding> {
        let (rate_hz, usual_hz) = (self.rate.now_hz(now)?, self.rate.usual_hz()?);
        (rate_hz < usual_hz / 3.0).then_some(Finding::Slow { rate_hz, usual_hz })
    }
}

fn seconds(stamp: Stamp) -> f64 {
    stamp.nanos() as f64 * 1e-9
}

#[cfg(test)]
mod tests;
