//! What a modality's numbers were lately, each with its stamp.

use std::time::Duration;

use super::Feature;
use crate::time::Stamp;

/// Numbers this close in time are one moment; a timeline keeps the first of them.
const RESOLUTION: Duration = Duration::from_millis(5);

/// How far back a timeline reaches at least. What is older than that says little about now, and is stale nearly everywhere.
const SPAN: Duration = Duration::from_secs(1);

/// The most moments that are kept, so that the span is kept however often messages come.
const MOMENTS: usize = (SPAN.as_millis() / RESOLUTION.as_millis()) as usize;

/// The newest numbers of a modality, and those before them.
#[derive(Clone, Debug)]
pub struct Timeline {
    width: usize,
    /// When each moment was, in the order of `numbers`; the oldest is overwritten first.
    stamps: Vec<Stamp>,
    numbers: Vec<f32>,
    /// Where the next moment goes.
    next: usize,
    known: usize,
    newest: Feature,
}

/// The worker's end of a slot for a timeline.
pub type TimelineWriter = triple_buffer::Input<Timeline>;

/// The control thread's end of it.
pub type TimelineReader = triple_buffer::Output<Timeline>;

/// The two ends of a slot for the timeline of a modality of so many numbers.
pub fn timeline_slot(width: usize) -> (TimelineWriter, TimelineReader) {
    triple_buffer::triple_buffer(&Timeline::new(width))
}

impl Timeline {
    /// Nothing yet, of so many numbers. All memory is taken here.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            stamps: vec![Stamp::default(); MOMENTS],
            numbers: vec![0.0; MOMENTS * width],
            next: 0,
            known: 0,
            newest: Feature::absent(width),
        }
    }

    /// Takes in the newest numbers. Where stamps go back it is another time, and nothing was before.
    pub fn push(&mut self, stamp: Stamp, numbers: &[f32]) {
        if !self.newest.present || stamp < self.newest.stamp {
            self.known = 0;
        }
        let last = (self.next + MOMENTS - 1) % MOMENTS;
        let gap_ns = stamp.nanos().saturating_sub(self.stamps[last].nanos());
        if self.known == 0 || gap_ns >= RESOLUTION.as_nanos() as i64 {
            self.stamps[self.next] = stamp;
            self.numbers[self.next * self.width..][..self.width].copy_from_slice(numbers);
            self.next = (self.next + 1) % MOMENTS;
            self.known = (self.known + 1).min(MOMENTS);
        }
        (self.newest.stamp, self.newest.present) = (stamp, true);
        self.newest.values.copy_from_slice(numbers);
    }

    /// Becomes as another one of the same width, without taking memory.
    pub fn copy_from(&mut self, other: &Self) {
        self.stamps.copy_from_slice(&other.stamps);
        self.numbers.copy_from_slice(&other.numbers);
        self.newest.values.copy_from_slice(&other.newest.values);
        (self.newest.stamp, self.newest.present) = (other.newest.stamp, other.newest.present);
        (self.next, self.known) = (other.next, other.known);
    }

    /// The newest numbers; `None` before the first.
    pub fn newest(&self) -> Option<&[f32]> {
        self.newest.present.then_some(&self.newest.values)
    }

    /// The numbers that were newest at a time; the oldest kept where all are newer, as if nothing had moved before. `None`
    /// before the first.
    pub fn at(&self, time: Stamp) -> Option<&[f32]> {
        if self.newest.stamp <= time {
            return self.newest();
        }
        let back = (1..=self.known).map(|back| (self.next + MOMENTS - back) % MOMENTS);
        let mut kept = back.map(|at| {
            (
                self.stamps[at],
                &self.numbers[at * self.width..][..self.width],
            )
        });
        let mut found = None;
        for (stamp, numbers) in &mut kept {
            found = Some(numbers);
            if stamp <= time {
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_ms(ms: i64) -> Stamp {
        Stamp::from_nanos(ms * 1_000_000)
    }

    fn timeline(moments: impl IntoIterator<Item = i64>) -> Timeline {
        let mut timeline = Timeline::new(1);
        for ms in moments {
            timeline.push(at_ms(ms), &[ms as f32]);
        }
        timeline
    }

    #[test]
    fn the_numbers_that_were_newest_at_a_time_are_found() {
        let timeline = timeline([100, 110, 120]);
        let at = |ms| timeline.at(at_ms(ms)).map(|numbers| numbers[0]);
        let found = [99, 100, 109, 110, 119, 120, 500].map(at);
        let expected = [100.0, 100.0, 100.0, 110.0, 110.0, 120.0, 120.0];
        assert_eq!(found, expected.map(Some));
        assert_eq!(Timeline::new(1).at(at_ms(5)), None);
        assert_eq!(Timeline::new(1).newest(), None);
    }

    #[test]
    fn a_second_is_kept_however_often_messages_come() {
        for period_ms in [1, 2, 5, 8, 40] {
            let timeline = timeline((1..=5000 / period_ms).map(|i| i * period_ms));
            let newest = timeline.newest().unwrap()[0] as i64;
            for back_ms in [0, 3, 60, 500, 980] {
                let off = newest as f32
                    - back_ms as f32
                    - timeline.at(at_ms(newest - back_ms)).unwrap()[0];
                let most = (RESOLUTION.as_millis() as i64).max(period_ms) as f32;
                assert!((0.0..=most).contains(&off), "{period_ms} {back_ms}: {off}");
            }
        }
    }

    #[test]
    fn what_was_in_another_time_never_was() {
        let mut timeline = timeline([5000, 5010, 20]);
        assert_eq!(timeline.at(at_ms(10)), Some(&[20.0][..]));
        timeline.push(at_ms(40), &[40.0]);
        assert_eq!(timeline.at(at_ms(5000)), Some(&[40.0][..]));
        let mut copy = Timeline::new(1);
        copy.copy_from(&timeline);
        assert_eq!(copy.at(at_ms(39)), Some(&[20.0][..]));
    }
}
