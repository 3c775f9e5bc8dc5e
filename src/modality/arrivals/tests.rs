//! Arrivals of a camera, at times that the tests say.

use super::*;

const DAY_S: f64 = 1.8e9;

fn at(seconds: f64) -> Stamp {
    Stamp::from_nanos((seconds * 1e9).round() as i64)
}

/// So many messages, `interval_s` apart from `from` on; `stamp` is made from when each is received. Returns when the last was.
fn send(
    arrivals: &mut Arrivals,
    from: f64,
    interval_s: f64,
    count: u32,
    stamp: impl Fn(f64) -> f64,
) -> f64 {
    let mut now = from;
    for i in 0..count {
        now = from + interval_s * f64::from(i);
        arrivals.take(at(now), Some(at(stamp(now))));
    }
    now
}

fn words(arrivals: &Arrivals, now: f64) -> Vec<String> {
    let findings = arrivals.findings(at(now));
    findings.iter().map(Finding::to_string).collect()
}

#[test]
fn a_healthy_camera_is_never_remarked_upon() {
    let mut arrivals = Arrivals::default();
    assert_eq!(arrivals.findings(at(DAY_S)), []);
    let mut from = DAY_S;
    for _ in 0..20 {
        from = send(&mut arrivals, from, 1.0 / 30.0, 30, |now| now - 0.02);
        assert_eq!(arrivals.findings(at(from + 0.01)), []);
    }
}

#[test]
fn stamps_that_stand_still_or_run_backwards_are_told_until_they_advance() {
    let mut arrivals = Arrivals::default();
    let now = send(&mut arrivals, 100.0, 0.1, 20, |now| now);
    let now = send(&mut arrivals, now + 0.1, 0.1, 3, |_| 101.9);
    assert_eq!(
        words(&arrivals, now),
        ["messages arrive, but their stamp has stood still at 101.900 s for 0.3 s"]
    );
    let now = send(&mut arrivals, now + 0.1, 0.1, 1, |_| 101.8);
    assert_eq!(
        words(&arrivals, now),
        ["messages arrive, but their stamps have run backwards for 0.4 s, down to 101.800 s"]
    );
    let now = send(&mut arrivals, now + 0.1, 0.1, 1, |now| now);
    assert_eq!(arrivals.findings(at(now)), []);
}

#[test]
fn a_topic_of_several_publishers_and_a_bag_that_loops_are_not_stuck() {
    let mut arrivals = Arrivals::default();
    // Two joint drivers in turn, one of which is 30 ms behind.
    for i in 0..100 {
        let now = DAY_S + 0.01 * f64::from(i);
        let behind_s = if i % 2 == 0 { 0.0 } else { 0.03 };
        arrivals.take(at(now), Some(at(now - behind_s)));
        assert_eq!(arrivals.findings(at(now)), [], "{i}");
    }
    let mut arrivals = Arrivals::default();
    let now = send(&mut arrivals, 100.0, 0.1, 30, |now| now - 90.0);
    let now = send(&mut arrivals, now + 0.1, 0.1, 30, |now| now - 93.0);
    let about_stamps = arrivals.findings(at(now));
    assert!(
        !about_stamps
            .iter()
            .any(|f| matches!(f, Finding::StampsStuck { .. })),
        "{about_stamps:?}"
    );
    // The same messages while simulated time stands still are no time at all.
    let mut arrivals = Arrivals::default();
    for _ in 0..50 {
        arrivals.take(at(100.0), Some(at(100.0)));
    }
    assert_eq!(arrivals.findings(at(100.0)), []);
}

#[test]
fn clocks_that_disagree_are_named_by_how_much_they_do() {
    let told = |off_s: f64| {
        let mut arrivals = Arrivals::default();
        let now = send(&mut arrivals, DAY_S, 0.05, 12, |now| now - off_s);
        words(&arrivals, now)
    };
    assert_eq!(told(0.4), [""; 0]);
    assert_eq!(told(-0.004), [""; 0]);
    assert_eq!(
        told(1.3),
        [
            "stamps are 1.300 s behind the time of arrival; do the clocks of the two machines agree (chrony, ntp)? or is it \
             stamped in device uptime?"
        ]
    );
    let ahead = told(-0.012);
    assert!(ahead[0].starts_with("stamps are 0.012 s ahead of the time of arrival; do the clocks"));
}

#[test]
fn stamps_in_device_uptime_are_told_as_such_and_one_late_message_is_not() {
    let mut arrivals = Arrivals::default();
    let now = send(&mut arrivals, DAY_S, 0.05, 12, |now| now - DAY_S + 77.0);
    let told = words(&arrivals, now);
    assert!(
        told[0].contains("they count from when a device or a simulation was started"),
        "{told:?}"
    );
    let mut arrivals = Arrivals::default();
    let now = send(&mut arrivals, DAY_S, 0.05, 12, |now| now);
    arrivals.take(at(now + 0.05), Some(at(now - 30.0)));
    assert_eq!(arrivals.findings(at(now + 0.05)), []);
}

#[test]
fn in_simulated_time_a_message_may_come_before_its_clock_but_not_from_another_clock() {
    let mut arrivals = Arrivals::default();
    arrivals.expect_simulated_time();
    let now = send(&mut arrivals, 100.0, 0.05, 12, |now| now + 0.1);
    assert_eq!(arrivals.findings(at(now)), []);
    let now = send(&mut arrivals, now + 0.05, 0.05, 80, |now| now + DAY_S);
    let told = words(&arrivals, now);
    assert!(told[0].contains("set use_sim_time there too"), "{told:?}");
    // Its clock is turned back, and all begins anew.
    arrivals.take(at(1.0), Some(at(1.0)));
    assert_eq!(arrivals.findings(at(1.0)), []);
    assert!(arrivals.simulated);
}

#[test]
fn what_has_no_stamp_is_only_counted_and_silence_is_not_remarked_upon() {
    let mut arrivals = Arrivals::default();
    for i in 0..50 {
        arrivals.take(
            at(DAY_S + f64::from(i)),
            (i % 2 == 0).then_some(Stamp::default()),
        );
    }
    assert_eq!(arrivals.findings(at(DAY_S + 49.0)), []);
    let now = send(&mut arrivals, DAY_S + 50.0, 0.05, 12, |now| now - 10.0);
    assert_eq!(arrivals.findings(at(now)).len(), 1);
    assert_eq!(arrivals.findings(at(now + 4.0)), []);
}

#[test]
fn a_rate_far_below_the_first_seconds_is_told_while_messages_come() {
    let mut arrivals = Arrivals::default();
    let now = send(&mut arrivals, DAY_S, 1.0 / 30.0, 300, |now| now);
    assert_eq!(arrivals.findings(at(now)), []);
    // Half of it is not far below.
    let now = send(&mut arrivals, now + 0.1, 1.0 / 15.0, 150, |now| now);
    assert_eq!(arrivals.findings(at(now)), []);
    let now = send(&mut arrivals, now + 0.5, 0.5, 20, |now| now);
    assert_eq!(
        words(&arrivals, now),
        ["messages arrive at 2.0 Hz, less than a third of the 30.0 Hz at the beginning"]
    );
    let now = send(&mut arrivals, now + 0.1, 1.0 / 30.0, 300, |now| now);
    assert_eq!(arrivals.findings(at(now)), []);
    assert_eq!(
        arrivals.findings(at(now + 1.5)),
        [],
        "silence is told elsewhere"
    );
}

#[test]
fn a_topic_that_was_slow_from_the_beginning_is_as_usual() {
    let mut arrivals = Arrivals::default();
    let mut now = DAY_S;
    for _ in 0..10 {
        now = send(&mut arrivals, now + 2.0, 2.0, 10, |now| now);
        assert_eq!(arrivals.findings(at(now)), []);
    }
}
