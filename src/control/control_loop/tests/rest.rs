//! What leaves while the loop comes to rest, rests, and drives again.

use super::*;

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_deactivated_loop_stops_once_and_is_silent_until_it_is_activated_again() {
    for pace in [fast(), Pace::new(100.0, true, true)] {
        let mut bench = Bench::start(pace, None);
        bench.observe(1, Some(0.5), Some(0.125));
        assert_eq!(bench.next(), 0.625);
        bench.control.deactivate();
        wait_until("rest", || bench.control.is_at_rest());
        let left: Vec<f64> = bench.commands.try_iter().collect();
        assert_eq!(left.iter().filter(|number| **number == STOP).count(), 1);
        assert_eq!(left.last(), Some(&STOP));
        assert!(bench.heartbeat.is_resting());
        // The supervisor's part.
        bench.heartbeat.fall_silent();
        bench.observe(2, Some(0.25), Some(0.125));
        bench.control.deactivate();
        thread::sleep(3 * LONGEST_WAIT);
        assert_eq!(bench.commands.try_iter().count(), 0);
        bench.control.activate();
        assert_eq!(bench.next(), 0.375);
        assert!(!bench.control.is_at_rest() && !bench.heartbeat.is_resting());
        drop(bench.control);
        assert_eq!(bench.commands.try_iter().last(), Some(STOP));
    }
}

#[test]
fn a_loop_that_is_deactivated_or_ends_goes_down_its_ramp_first() {
    for is_end in [false, true] {
        let driven = executor_that_stops(true, Some(10.0), true);
        let mut bench = Bench::with(driven, fast(), None);
        bench.observe(1, Some(0.5), Some(0.125));
        while bench.next() < 0.625 {}
        let Bench {
            control, commands, ..
        } = bench;
        match is_end {
            true => drop(control),
            false => {
                control.deactivate();
                wait_until("rest", || control.is_at_rest());
            }
        }
        let left: Vec<f64> = commands.try_iter().filter(|v| *v != 0.625).collect();
        assert!(
            left.len() > 3 && left.is_sorted_by(|a, b| a > b),
            "{left:?}"
        );
        assert_eq!(left.last(), Some(&STOP), "and then nothing");
    }
}

#[test]
fn after_a_rest_nothing_leaves_before_everything_is_there_again() {
    let mut bench = Bench::start(fast(), None);
    bench.observe(1, Some(0.5), Some(0.125));
    bench.next();
    bench.control.deactivate();
    wait_until("rest", || bench.control.is_at_rest());
    bench.observe(2, None, Some(0.125));
    bench.control.activate();
    wait_until("work", || !bench.control.is_at_rest());
    assert!(
        bench
            .commands
            .try_iter()
            .all(|number| number == 0.625 || number == STOP)
    );
    thread::sleep(3 * LONGEST_WAIT);
    assert_eq!(
        bench.commands.try_iter().count(),
        0,
        "no stop for a robot that it has not moved"
    );
    bench.observe(3, Some(0.25), Some(0.125));
    assert_eq!(bench.next(), 0.375);
    drop(bench.control);
}

#[test]
fn a_loop_that_ends_at_rest_sends_nothing_more() {
    let mut bench = Bench::start(fast(), None);
    bench.observe(1, Some(0.5), Some(0.125));
    bench.next();
    bench.control.deactivate();
    wait_until("rest", || bench.control.is_at_rest());
    bench.commands.try_iter().for_each(drop);
    bench.heartbeat.fall_silent();
    drop(bench.control);
    assert_eq!(bench.commands.try_iter().count(), 0);
    assert!(bench.heartbeat.has_ended() && bench.heartbeat.silence(Instant::now()).is_none());
}
