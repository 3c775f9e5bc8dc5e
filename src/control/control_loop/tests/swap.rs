//! Another policy takes over from the one that drives.

use super::*;
use crate::control::{HandoverSender, Returned};

/// A bench whose loop can be offered another policy.
fn swappable(pace: Pace) -> (Bench, HandoverSender<PolicyExecutor>) {
    let (sender, receiver) = handover();
    let bench = Bench::of(executor(true, Some(10.0)), receiver, pace, None);
    (bench, sender)
}

fn returned(sender: &mut HandoverSender<PolicyExecutor>) -> Option<Returned<PolicyExecutor>> {
    let until = Instant::now() + PATIENCE;
    loop {
        let returned = sender.returned();
        if returned.is_some() || Instant::now() > until {
            return returned;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round()
}

fn observe(writers: &mut [FeatureWriter; 2], stamp: i64, camera: f32, joints: f32) {
    writers[0].write(feature(stamp, Some(camera)));
    writers[1].write(feature(stamp, Some(joints)));
}

#[test]
fn in_lockstep_the_observation_waits_for_a_candidate_that_is_behind() {
    let (mut bench, mut sender) = swappable(Pace::new(100.0, true, true));
    bench.observe(10_000_000, Some(0.5), Some(0.125));
    assert_eq!(thousandths(bench.next()), 350.0);
    let (candidate, mut writers) = executor(true, Some(10.0));
    observe(&mut writers, 10_000_000, -0.5, 0.125);
    sender.offer(candidate);
    // It could act on the observation before, and its encoders are still at work on the next one.
    thread::sleep(3 * LONGEST_WAIT);
    bench.observe(20_000_000, Some(0.5), Some(0.125));
    thread::sleep(3 * LONGEST_WAIT);
    assert_eq!(bench.commands.try_iter().count(), 0, "nobody is too late");
    observe(&mut writers, 20_000_000, -0.5, 0.125);
    bench.waker.wake();
    // From what was commanded last, and no further than its limit allows.
    assert_eq!(thousandths(bench.next()), 250.0);
    assert!(matches!(returned(&mut sender), Some(Returned::Previous(_))));
    drop(bench.control);
    assert_eq!(bench.commands.try_iter().collect::<Vec<_>>(), [STOP]);
}

#[test]
fn a_candidate_that_cannot_act_takes_nothing_over_and_is_given_back() {
    let (mut bench, mut sender) = swappable(fast());
    bench.observe(1, Some(0.5), Some(0.125));
    while bench.next() < 0.625 {}
    let (candidate, mut writers) = executor(true, Some(10.0));
    writers[0].write(feature(1, Some(0.5)));
    sender.offer(candidate);
    for _ in 0..50 {
        assert_eq!(bench.next(), 0.625);
    }
    sender.withdraw();
    assert!(matches!(
        returned(&mut sender),
        Some(Returned::Withdrawn(_))
    ));
    assert_eq!(bench.next(), 0.625);
}

#[test]
fn the_same_policy_with_other_parameters_may_stop_the_robot() {
    for is_same in [false, true] {
        let (mut bench, mut sender) = swappable(fast());
        bench.observe(1, Some(0.5), Some(0.125));
        while bench.next() < 0.625 {}
        // It has seen what the other has, and knows that the camera shows nothing.
        let (mut candidate, mut writers) = executor(true, Some(10.0));
        writers[0].write(feature(1, None));
        writers[1].write(feature(1, Some(0.125)));
        if is_same {
            candidate.set_same_policy();
        }
        sender.offer(candidate);
        match is_same {
            true => {
                while bench.next() != STOP {}
                assert!(matches!(returned(&mut sender), Some(Returned::Previous(_))));
            }
            false => assert!((0..50).all(|_| bench.next() == 0.625)),
        }
    }
}
