//! Handing a value to a thread that must neither wait nor allocate, and getting back the one that it had.
//!
//! One offer is under way at a time: after [`HandoverSender::offer`] comes one [`HandoverSender::returned`], before the next offer. So every
//! buffer between the two threads is empty when it is written to, and the receiver never drops anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use triple_buffer::TripleBuffer;

/// The two ends of the way there and back.
pub fn handover<T: Send>() -> (HandoverSender<T>, HandoverReceiver<T>) {
    let (offers, offered) = TripleBuffer::default().split();
    let (returns, returned) = TripleBuffer::default().split();
    let withdrawn = Arc::<AtomicBool>::default();
    let sender = HandoverSender {
        offers,
        returned,
        withdrawn: withdrawn.clone(),
    };
    let receiver = HandoverReceiver {
        offered,
        returns,
        withdrawn,
        pending: None,
    };
    (sender, receiver)
}

/// What comes back for an offer.
#[derive(Debug, PartialEq, Eq)]
pub enum Returned<T> {
    /// It was taken; this is what the receiver had before.
    Previous(Box<T>),
    /// It was withdrawn before it was taken; here it is again.
    Withdrawn(Box<T>),
}

/// The end that offers.
pub struct HandoverSender<T: Send> {
    offers: triple_buffer::Input<Option<Box<T>>>,
    returned: triple_buffer::Output<Option<Returned<T>>>,
    withdrawn: Arc<AtomicBool>,
}

impl<T: Send> HandoverSender<T> {
    /// Offers a value, for the receiver to take when it can.
    pub fn offer(&mut self, value: Box<T>) {
        self.withdrawn.store(false, Ordering::Release);
        self.offers.write(Some(value));
    }

    /// Asks for the value back; the receiver may have taken it all the same.
    pub fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::Release);
    }

    /// What comes back for the offer, once the receiver is done with it.
    pub fn returned(&mut self) -> Option<Returned<T>> {
        self.returned.update();
        self.returned.output_buffer_mut().take()
    }
}

/// The end that takes. Nothing here waits, locks, allocates or drops.
pub struct HandoverReceiver<T: Send> {
    offered: triple_buffer::Output<Option<Box<T>>>,
    returns: triple_buffer::Input<Option<Returned<T>>>,
    withdrawn: Arc<AtomicBool>,
    pending: Option<Box<T>>,
}

impl<T: Send> HandoverReceiver<T> {
    /// The value on offer, if there is one. One that was withdrawn is handed back here.
    pub fn pending(&mut self) -> Option<&mut T> {
        if self.pending.is_none() && self.offered.update() {
            self.pending = self.offered.output_buffer_mut().take();
        }
        if self.withdrawn.load(Ordering::Acquire)
            && let Some(value) = self.pending.take()
        {
            self.hand_back(Returned::Withdrawn(value));
        }
        self.pending.as_deref_mut()
    }

    /// Takes what [`HandoverReceiver::pending`] showed in the place of `present`, and returns what was there, to be given back with
    /// [`HandoverReceiver::give_back`]. `None`, and nothing done, when nothing is on offer.
    pub fn take(&mut self, present: &mut Box<T>) -> Option<Box<T>> {
        let taken = self.pending.take()?;
        Some(std::mem::replace(present, taken))
    }

    /// Ends the handover: `previous` is the sender's again.
    pub fn give_back(&mut self, previous: Box<T>) {
        self.hand_back(Returned::Previous(previous));
    }

    fn hand_back(&mut self, returned: Returned<T>) {
        self.returns.write(Some(returned));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_taken_and_the_former_comes_back() {
        let (mut sender, mut receiver) = handover();
        let mut present = Box::new(1);
        for next in 2..=5 {
            assert_eq!(receiver.pending(), None);
            assert_eq!(receiver.take(&mut present), None);
            sender.offer(Box::new(next));
            assert_eq!(sender.returned(), None);
            assert_eq!(receiver.pending(), Some(&mut next.clone()));
            let previous = receiver.take(&mut present).unwrap();
            assert_eq!((*previous, *present), (next - 1, next));
            assert_eq!(sender.returned(), None, "not before it is given back");
            receiver.give_back(previous);
            assert_eq!(
                sender.returned(),
                Some(Returned::Previous(Box::new(next - 1)))
            );
            assert_eq!(sender.returned(), None);
        }
    }

    #[test]
    fn what_is_withdrawn_comes_back_and_the_next_offer_stands() {
        let (mut sender, mut receiver) = handover();
        for seen_before in [false, true] {
            sender.offer(Box::new("good"));
            if seen_before {
                assert!(receiver.pending().is_some());
            }
            sender.withdraw();
            assert_eq!(sender.returned(), None);
            assert_eq!(receiver.pending(), None);
            let back = sender.returned();
            assert_eq!(back, Some(Returned::Withdrawn(Box::new("good"))));
        }
        sender.offer(Box::new("better"));
        assert_eq!(receiver.pending(), Some(&mut "better"));
    }

    #[test]
    fn a_withdrawal_that_comes_too_late_changes_nothing() {
        let (mut sender, mut receiver) = handover();
        let mut present = Box::new(1);
        sender.offer(Box::new(2));
        assert!(receiver.pending().is_some());
        let previous = receiver.take(&mut present).unwrap();
        sender.withdraw();
        assert_eq!(receiver.pending(), None);
        receiver.give_back(previous);
        assert_eq!(sender.returned(), Some(Returned::Previous(Box::new(1))));
        sender.offer(Box::new(3));
        assert_eq!(receiver.pending(), Some(&mut 3));
    }

    #[test]
    fn nothing_is_lost_or_doubled_between_two_threads() {
        const OFFERS: usize = 10_000;
        let (mut sender, mut receiver) = handover();
        let ending = Arc::<AtomicBool>::default();
        let thread = std::thread::spawn({
            let ending = ending.clone();
            move || {
                let mut present = Box::new(0);
                while !ending.load(Ordering::Acquire) {
                    // Every third is left until it is withdrawn.
                    if receiver.pending().is_some_and(|value| *value % 3 != 0)
                        && let Some(previous) = receiver.take(&mut present)
                    {
                        receiver.give_back(previous);
                    }
                }
                *present
            }
        });
        let mut present = 0;
        for value in 1..=OFFERS {
            sender.offer(Box::new(value));
            if value % 3 == 0 {
                sender.withdraw();
            }
            let returned = loop {
                match sender.returned() {
                    Some(returned) => break returned,
                    None => std::thread::yield_now(),
                }
            };
            match value % 3 {
                0 => assert_eq!(returned, Returned::Withdrawn(Box::new(value))),
                _ => {
                    assert_eq!(returned, Returned::Previous(Box::new(present)));
                    present = value;
                }
            }
        }
        ending.store(true, Ordering::Release);
        assert_eq!(thread.join().unwrap(), present);
    }
}
