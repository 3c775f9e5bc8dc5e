//! Which of its features a sample is learned with, drawn anew every time.

use std::ops::RangeInclusive;

use rand::Rng;
use rand_chacha::ChaCha12Rng;

/// Streams of random numbers of their own for each of the two.
pub struct Picks {
    shift: ChaCha12Rng,
    latency: ChaCha12Rng,
}

impl Picks {
    /// Draws with these.
    pub fn new(shift: ChaCha12Rng, latency: ChaCha12Rng) -> Self {
        Self { shift, latency }
    }

    /// Both.
    pub fn streams(&mut self) -> [&mut ChaCha12Rng; 2] {
        [&mut self.shift, &mut self.latency]
    }

    /// A row instead of `row`: of any message of the span, and of any of its `copies` or itself.
    pub fn pick(&mut self, row: usize, span: Option<&RangeInclusive<u32>>, copies: usize) -> usize {
        let message = span.map_or(row, |span| {
            let (first, last) = (*span.start() as usize, *span.end() as usize);
            let messages = (last - first) / (1 + copies);
            first + self.latency.random_range(0..=messages) * (1 + copies)
        });
        match copies {
            0 => message,
            _ => message + self.shift.random_range(0..=copies),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng;

    use super::*;

    #[test]
    fn every_message_of_a_span_and_every_copy_is_picked() {
        let stream = ChaCha12Rng::seed_from_u64;
        let mut picks = Picks::new(stream(1), stream(2));
        let mut all = |span: Option<RangeInclusive<u32>>, copies| {
            let picked = (0..200).map(|_| picks.pick(9, span.as_ref(), copies));
            Vec::from_iter(picked.collect::<BTreeSet<_>>())
        };
        assert_eq!(all(None, 0), [9]);
        assert_eq!(all(None, 2), [9, 10, 11]);
        assert_eq!(all(Some(7..=9), 0), [7, 8, 9]);
        assert_eq!(all(Some(3..=9), 2), Vec::from_iter(3..=11));
        assert_eq!(all(Some(9..=9), 0), [9]);
    }
}
