use super::*;
use crate::message::cdr::Writer;

/// What a modality of the joints `left` and `right` makes of messages.
struct Bench {
    joints: LatestJoints,
    feature: [f32; 2],
}

impl Bench {
    fn new() -> Self {
        Self {
            joints: LatestJoints::new(&["left".to_owned(), "right".to_owned()]),
            feature: [9.0; 2],
        }
    }

    fn receive(
        &mut self,
        stamp: Stamp,
        received: Stamp,
        joints: &[(&str, f64)],
    ) -> Result<Joined, String> {
        let mut writer = Writer::new();
        writer.header(stamp, "");
        writer.length(joints.len());
        joints.iter().for_each(|(name, _)| writer.string(name));
        writer.length(joints.len());
        for (_, position) in joints {
            writer.f64(*position);
        }
        writer.length(0);
        writer.length(0);
        let bytes = writer.finish();
        let view = JointStateView::parse(&bytes).unwrap();
        let joined = self.joints.take(&view, received, &mut self.feature);
        joined.map_err(|e| e.to_string())
    }

    /// A message stamped so many milliseconds after an hour.
    fn at(&mut self, ms: i64, joints: &[(&str, f64)]) -> Joined {
        self.receive(after_an_hour(ms), Stamp::default(), joints)
            .unwrap()
    }

    fn reason(&self) -> String {
        self.joints.reason().unwrap_or_default()
    }
}

fn after_an_hour(ms: i64) -> Stamp {
    Stamp::from_nanos(3_600_000_000_000 + ms * 1_000_000)
}

fn joined(present: bool, behind_ms: i64) -> Joined {
    Joined {
        relevant: true,
        present,
        behind_ns: behind_ms * 1_000_000,
        received_behind_ns: 0,
    }
}

#[test]
fn the_newest_of_each_joint_counts_and_the_oldest_gives_the_age() {
    let mut bench = Bench::new();
    assert_eq!(bench.at(0, &[("left", 1.0)]), joined(false, 0));
    assert_eq!(
        bench.feature, [9.0; 2],
        "nothing is written before all are there"
    );
    assert_eq!(
        bench.at(10, &[("right", 2.0), ("wrist", 7.0)]),
        joined(true, 10)
    );
    assert_eq!(bench.feature, [1.0, 2.0]);
    assert_eq!(bench.at(20, &[("left", 3.0)]), joined(true, 10));
    assert_eq!(bench.feature, [3.0, 2.0]);
    // A message that was late for its stamp is behind nobody.
    assert_eq!(bench.at(5, &[("right", 4.0)]), joined(true, 0));
    assert_eq!(bench.feature, [3.0, 4.0]);
    assert_eq!(
        bench.at(500, &[("right", 5.0), ("left", 6.0)]),
        joined(true, 0)
    );
    assert_eq!(bench.reason(), "");
}

#[test]
fn a_joint_that_never_came_or_stopped_is_named() {
    let mut bench = Bench::new();
    assert_eq!(bench.reason(), "");
    bench.at(0, &[("wrist", 0.0)]);
    assert!(
        bench.reason().contains("joints left, right"),
        "{}",
        bench.reason()
    );
    bench.at(0, &[("left", 1.0), ("wrist", 0.0)]);
    let reason = bench.reason();
    assert!(
        reason.contains("joint right") && reason.contains("left, wrist"),
        "{reason}"
    );
    bench.at(0, &[("right", 1.0)]);
    for ms in [100, 200, 5000] {
        assert_eq!(bench.at(ms, &[("left", 1.0)]), joined(true, ms));
    }
    let reason = bench.reason();
    assert!(reason.ends_with("that of joint right"), "{reason}");
}

#[test]
fn a_message_about_other_joints_is_none_of_ours() {
    let mut bench = Bench::new();
    bench.at(0, &[("left", 1.0), ("right", 2.0)]);
    assert!(!bench.at(10, &[("wheel", 1.0)]).relevant);
    assert_eq!(bench.at(20, &[("left", 1.0)]), joined(true, 20));
}

#[test]
fn of_a_bad_message_nothing_counts() {
    let mut bench = Bench::new();
    bench.at(0, &[("left", 1.0), ("right", 2.0)]);
    for bad in [
        &[("left", 5.0), ("right", f64::NAN)][..],
        &[("left", 5.0), ("right", 1e39)],
        &[("left", 5.0), ("left", 5.0)],
    ] {
        bench
            .receive(after_an_hour(10), Stamp::default(), bad)
            .unwrap_err();
    }
    assert_eq!(bench.at(20, &[("right", 2.0)]), joined(true, 20));
    assert_eq!(bench.feature, [1.0, 2.0]);
}

#[test]
fn without_a_stamp_a_joint_is_as_old_as_its_reception() {
    let mut bench = Bench::new();
    let mut receive = |ms, joint| {
        let received = after_an_hour(ms);
        bench.receive(Stamp::default(), received, &[(joint, 1.0)])
    };
    receive(0, "right").unwrap();
    let behind_700_ms = Joined {
        received_behind_ns: 700_000_000,
        ..joined(true, 700)
    };
    assert_eq!(receive(700, "left"), Ok(behind_700_ms));
}

#[test]
fn a_joint_of_another_time_does_not_count_until_it_comes_again() {
    let mut bench = Bench::new();
    bench.at(100_000, &[("left", 1.0), ("right", 2.0)]);
    // A recording is played anew.
    assert_eq!(bench.at(0, &[("left", 1.0)]), joined(false, 0));
    assert!(
        bench.reason().contains("joint right is stamped"),
        "{}",
        bench.reason()
    );
    assert_eq!(bench.at(10, &[("right", 3.0)]), joined(true, 10));
    assert_eq!(bench.feature, [1.0, 3.0]);
}

#[test]
fn joints_of_two_clocks_are_never_taken_together() {
    let mut bench = Bench::new();
    bench.at(0, &[("left", 1.0)]);
    bench.at(5000, &[("right", 1.0)]);
    for ms in 1..50 {
        assert!(!bench.at(ms, &[("left", 1.0)]).present);
        assert!(!bench.at(5000 + ms, &[("right", 1.0)]).present);
    }
    // The clocks are set right.
    bench.at(5050, &[("left", 1.0)]);
    assert!(bench.at(5051, &[("right", 1.0)]).present);
}

#[test]
fn what_was_forgotten_never_was() {
    let mut bench = Bench::new();
    bench.at(0, &[("left", 1.0), ("right", 2.0)]);
    bench.joints.forget();
    assert!(!bench.at(1, &[("left", 1.0)]).present);
}

#[test]
fn a_joint_whose_publisher_has_died_is_as_old_as_its_last_arrival_whatever_its_stamp() {
    let mut bench = Bench::new();
    let at = after_an_hour;
    // The clock of the right joint's driver is 0.9 s ahead.
    bench.receive(at(900), at(0), &[("right", 2.0)]).unwrap();
    let mut last = None;
    for ms in (0..=800).step_by(100) {
        last = Some(bench.receive(at(ms), at(ms), &[("left", 1.0)]).unwrap());
    }
    let last = last.unwrap();
    assert_eq!((last.behind_ns, last.received_behind_ns), (0, 800_000_000));
    let back = bench.receive(at(1750), at(850), &[("right", 2.0)]).unwrap();
    assert_eq!(back.received_behind_ns, 50_000_000);
}
