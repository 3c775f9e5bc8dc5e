//! How often messages arrive, now and at the beginning.

use crate::time::Stamp;

/// The usual rate is that of the first so many seconds, and so many messages.
const LEARNED_OVER_S: f64 = 5.0;
const LEARNED_FROM: u32 = 20;

/// The rate now is over one to two times so many seconds, in which so many messages are usual.
const HALF_S: f64 = 2.0;
const HALF_MESSAGES: f64 = 10.0;

/// Counts arrivals. Time is an argument.
#[derive(Debug, Default)]
pub(super) struct ArrivalRate {
    first: Option<Stamp>,
    learned: u32,
    usual_hz: Option<f64>,
    /// The half of the window that is full, and the one that is being filled.
    halves: [Half; 2],
}

#[derive(Clone, Copy, Debug, Default)]
struct Half {
    began: Stamp,
    count: u32,
}

impl ArrivalRate {
    /// Counts a message received at `received`, not before those counted already.
    pub fn take(&mut self, received: Stamp) {
        let first = *self.first.get_or_insert(received);
        let Some(usual_hz) = self.usual_hz else {
            self.learned += 1;
            let seconds = received.seconds_since(first);
            if self.learned > LEARNED_FROM && seconds >= LEARNED_OVER_S {
                self.usual_hz = Some(f64::from(self.learned - 1) / seconds);
                self.halves = [Half {
                    began: received,
                    count: 0,
                }; 2];
            }
            return;
        };
        let [_, filling] = &mut self.halves;
        filling.count += 1;
        let half_s = half_s(usual_hz);
        if received.seconds_since(filling.began) >= half_s {
            let began = received;
            self.halves = [*filling, Half { began, count: 0 }];
        }
    }

    /// Messages per second at the beginning, once that is over.
    pub fn usual_hz(&self) -> Option<f64> {
        self.usual_hz
    }

    /// Messages per second in the time up to `now`; none before there was time enough.
    pub fn now_hz(&self, now: Stamp) -> Option<f64> {
        let [full, filling] = self.halves;
        let seconds = now.seconds_since(full.began);
        let count = match full.began == filling.began {
            true => filling.count,
            false => full.count + filling.count,
        };
        (seconds >= half_s(self.usual_hz?)).then(|| f64::from(count) / seconds)
    }
}

fn half_s(usual_hz: f64) -> f64 {
    HALF_S.max(HALF_MESSAGES / usual_hz)
}
