//! The way from a thread that must not wait to whoever looks at what it did.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Whether anybody looks. Cheap to clone; all clones are one switch.
#[derive(Clone, Debug, Default)]
pub struct Switch(Arc<AtomicBool>);

impl Switch {
    /// Whether what happens is to be recorded.
    pub fn is_on(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Says whether it is.
    pub fn set(&self, on: bool) {
        self.0.store(on, Relaxed);
    }
}

/// The two ends of a ring with room for so many events.
pub fn ring<T>(capacity: usize, switch: &Switch) -> (Recorder<T>, Tape<T>) {
    let (producer, consumer) = rtrb::RingBuffer::new(capacity);
    let lost = Arc::<AtomicU64>::default();
    let recorder = Recorder {
        events: producer,
        lost: lost.clone(),
        switch: switch.clone(),
    };
    let tape = Tape {
        events: consumer,
        lost,
    };
    (recorder, tape)
}

/// The end of the thread that something happens in. Nothing here waits, locks or allocates.
pub struct Recorder<T> {
    events: rtrb::Producer<T>,
    lost: Arc<AtomicU64>,
    switch: Switch,
}

impl<T> Recorder<T> {
    /// One whose events nobody will ever see.
    pub fn unheard() -> Self {
        ring(1, &Switch::default()).0
    }

    /// Whether anybody looks.
    pub fn is_on(&self) -> bool {
        self.switch.is_on()
    }

    /// Leaves an event, if anybody looks. Where there is no room for it, it is counted as lost.
    pub fn record(&mut self, event: T) {
        if self.is_on() && self.events.push(event).is_err() {
            self.lost.fetch_add(1, Relaxed);
        }
    }
}

/// The end of whoever looks.
pub struct Tape<T> {
    events: rtrb::Consumer<T>,
    lost: Arc<AtomicU64>,
}

impl<T> Tape<T> {
    /// Takes the events that are there, in their order.
    pub fn take(&mut self) -> impl Iterator<Item = T> {
        // Those that come meanwhile are for the next time, so that this has an end.
        (0..self.events.slots()).map_while(|_| self.events.pop().ok())
    }

    /// How many events were lost since the last time.
    pub fn lost(&self) -> u64 {
        self.lost.swap(0, Relaxed)
    }

    /// Whether the other end is gone: what is there now is the last.
    pub fn is_abandoned(&self) -> bool {
        self.events.is_abandoned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_order_and_those_without_room_are_counted() {
        let switch = Switch::default();
        let (mut recorder, mut tape) = ring(4, &switch);
        recorder.record(0);
        assert_eq!((tape.take().count(), tape.lost()), (0, 0), "nobody looks");
        switch.set(true);
        (1..=6).for_each(|event| recorder.record(event));
        assert_eq!(tape.take().collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!((tape.lost(), tape.lost()), (2, 0), "each is told once");
        (7..=9).for_each(|event| recorder.record(event));
        assert!(!tape.is_abandoned());
        drop(recorder);
        assert!(tape.is_abandoned());
        assert_eq!(tape.take().collect::<Vec<_>>(), [7, 8, 9]);
    }

    #[test]
    fn between_two_threads_every_event_arrives_or_is_counted() {
        const EVENTS: u64 = 200_000;
        let switch = Switch::default();
        switch.set(true);
        let (mut recorder, mut tape) = ring(64, &switch);
        let thread = std::thread::spawn(move || (0..EVENTS).for_each(|e| recorder.record(e)));
        let (mut seen, mut lost, mut last) = (0, 0, None);
        loop {
            let is_over = tape.is_abandoned();
            for event in tape.take() {
                assert!(last < Some(event), "{last:?} before {event}");
                last = Some(event);
                seen += 1;
            }
            lost += tape.lost();
            if is_over {
                break;
            }
        }
        thread.join().unwrap();
        assert_eq!(seen + lost, EVENTS);
    }
}
