use std::collections::BTreeMap;

use super::*;
use crate::message::{Carried, CommandSet, MessageType, Timing};
use crate::safety::{Conditions, StopActionWriter, stop_action_slot};

/// Counts what was sent.
#[derive(Clone)]
struct Sink(Sender<Vec<u8>>);

impl CommandSink for Sink {
    fn send(&mut self, _: usize, message: &[u8]) -> bool {
        self.0.send(message.to_vec()).is_ok()
    }
}

const PERIOD: Duration = Duration::from_millis(10);

fn templates() -> CommandTemplates {
    CommandSet::new(
        &["speed"],
        &[Carried {
            place: "action",
            message: MessageType::Float64MultiArray,
            fields: &BTreeMap::new(),
        }],
    )
    .unwrap()
    .templates([Timing::every(0.01)])
}

/// A stop command, and where the control thread leaves its action.
fn stop_command(action: Option<f64>) -> (StopCommand, StopActionWriter) {
    let (mut writer, actions) = stop_action_slot(1);
    if let Some(action) = action {
        writer.write(vec![action]);
    }
    let templates = templates();
    (StopCommand { templates, actions }, writer)
}

/// The number of a command.
fn number(message: &[u8]) -> f64 {
    f64::from_le_bytes(*message.last_chunk().unwrap())
}

/// A supervisor's inside, with time as an argument, what it sent, and where it learns of another policy.
fn watch(patience: Patience) -> (Watch<Sink>, Receiver<Vec<u8>>, Sender<StopCommand>) {
    let (sink, sent) = mpsc::channel();
    let (sender, successors) = mpsc::channel();
    let watch = Watch {
        sink: Sink(sink),
        stop: stop_command(Some(0.25)).0,
        successors,
        candidate: None,
        heartbeat: Arc::default(),
        permission: Arc::new(Permission::new(
            Conditions {
                emergency_stop_max_age_s: Some(f64::INFINITY),
                ..Conditions::default()
            },
            Instant::now(),
        )),
        clock: Clock::System,
        patience,
        is_stopping: false,
        called_since: None,
        resting_since: None,
    };
    (watch, sent, sender)
}

#[test]
fn a_robot_that_was_never_moved_gets_no_stop() {
    let (mut watch, sent, _successors) = watch(Patience::periods(PERIOD));
    let now = Instant::now();
    assert!(!watch.look(now + Duration::from_secs(9)));
    watch.heartbeat.end();
    assert!(!watch.look(now + Duration::from_secs(10)));
    assert_eq!(sent.try_iter().count(), 0);
}

#[test]
fn a_control_thread_that_hangs_is_stood_in_for_until_it_goes_on() {
    let (mut watch, sent, _successors) = watch(Patience::periods(PERIOD));
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    watch.heartbeat.beat(at(0));
    assert!(!watch.look(at(99)), "busy for a moment");
    assert!(watch.look(at(101)) && watch.look(at(111)));
    assert!(sent.try_iter().all(|message| number(&message) == 0.25));
    assert_eq!(watch.heartbeat.stood_in(), 2);
    watch.heartbeat.beat(at(120));
    assert!(!watch.look(at(121)));
    assert_eq!(sent.try_iter().count(), 0);
}

#[test]
fn simulated_time_may_stand_still_but_its_control_thread_may_not_end() {
    let (mut watch, sent, _successors) = watch(Patience::unlimited());
    let now = Instant::now();
    watch.heartbeat.beat(now);
    assert!(!watch.look(now + Duration::from_secs(3600)));
    watch.heartbeat.end();
    assert!(watch.look(now + Duration::from_secs(3601)));
    assert_eq!(sent.try_iter().count(), 1);
}

#[test]
fn the_stop_is_that_of_the_policy_that_took_over() {
    let (mut watch, sent, successors) = watch(Patience::periods(PERIOD));
    watch.heartbeat.beat(Instant::now());
    watch.heartbeat.end();
    let (successor, mut actions) = stop_command(None);
    successors.send(successor).unwrap();
    assert!(watch.look(Instant::now()));
    assert_eq!(number(&sent.try_recv().unwrap()), 0.25, "it drives not yet");
    for action in [-0.5, 0.75] {
        actions.write(vec![action]);
        assert!(watch.look(Instant::now()));
        assert_eq!(number(&sent.try_recv().unwrap()), action);
    }
}

#[test]
fn a_policy_that_never_took_over_is_forgotten_for_the_next_one() {
    let (mut watch, sent, successors) = watch(Patience::periods(PERIOD));
    watch.heartbeat.beat(Instant::now());
    watch.heartbeat.end();
    successors.send(stop_command(None).0).unwrap();
    watch.look(Instant::now());
    successors.send(stop_command(Some(-0.5)).0).unwrap();
    watch.look(Instant::now());
    let sent: Vec<f64> = sent.try_iter().map(|message| number(&message)).collect();
    assert_eq!(sent, [0.25, -0.5]);
}

#[test]
fn a_number_that_is_not_finite_never_leaves() {
    let (mut watch, sent, _successors) = watch(Patience::periods(PERIOD));
    watch.stop = stop_command(None).0;
    watch.heartbeat.beat(Instant::now());
    watch.heartbeat.end();
    assert!(watch.look(Instant::now()));
    assert_eq!(sent.try_iter().count(), 0);
}

#[test]
fn the_end_is_said_more_than_once() {
    let (sink, sent) = mpsc::channel();
    let heartbeat = Arc::<Heartbeat>::default();
    heartbeat.beat(Instant::now());
    let supervisor = Supervisor::start(
        Sink(sink),
        stop_command(Some(0.0)).0,
        heartbeat.clone(),
        Arc::default(),
        Clock::System,
        Patience::periods(PERIOD),
        &Realtime::default(),
    );
    heartbeat.end();
    drop(supervisor.unwrap());
    assert!(sent.try_iter().count() > 1);
}

#[test]
fn a_control_thread_that_rests_is_stood_in_for_a_moment_and_then_nothing_leaves() {
    for patience in [Patience::periods(PERIOD), Patience::unlimited()] {
        let (mut watch, sent, _successors) = watch(patience);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        watch.heartbeat.beat(at(0));
        watch.heartbeat.rest();
        for ms in [5, 50, 104] {
            assert!(watch.look(at(ms)), "{ms} ms");
        }
        assert!(watch.heartbeat.is_resting());
        assert!(!watch.look(at(105)));
        assert!(!watch.heartbeat.is_resting());
        assert_eq!(sent.try_iter().count(), 3);
        assert!(!watch.look(at(9_000)) && !watch.look(at(9_010)));
        assert_eq!(sent.try_iter().count(), 0);
        // Active again, it is watched over as before.
        watch.heartbeat.beat(at(10_000));
        assert!(!watch.look(at(10_001)));
        watch.heartbeat.end();
        assert!(watch.look(at(10_002)));
    }
}

#[test]
fn a_rest_of_a_robot_that_was_never_moved_is_silent_at_once() {
    let (mut watch, sent, _successors) = watch(Patience::periods(PERIOD));
    watch.heartbeat.rest();
    assert!(!watch.look(Instant::now()));
    assert!(!watch.heartbeat.is_resting());
    assert_eq!(sent.try_iter().count(), 0);
}

#[test]
fn a_control_thread_that_ends_while_it_comes_to_rest_is_stood_in_for_until_the_process_is_gone() {
    let (mut watch, sent, _successors) = watch(Patience::periods(PERIOD));
    let start = Instant::now();
    watch.heartbeat.beat(start);
    watch.heartbeat.rest();
    watch.heartbeat.end();
    for seconds in 0..3 {
        assert!(watch.look(start + Duration::from_secs(seconds)));
    }
    assert_eq!(sent.try_iter().count(), 3);
}

#[test]
fn a_control_thread_that_does_not_come_to_rest_is_stood_in_for_on_any_clock() {
    for patience in [Patience::periods(PERIOD), Patience::unlimited()] {
        let (mut watch, sent, _successors) = watch(patience);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        watch.heartbeat.beat(at(0));
        watch.heartbeat.call_to_rest(true);
        assert!(!watch.look(at(10)), "it has 100 ms");
        assert!(!watch.look(at(90)));
        assert!(watch.look(at(111)) && watch.look(at(200)));
        watch.heartbeat.rest();
        assert!(watch.look(at(210)) && !watch.look(at(310)));
        assert_eq!(sent.try_iter().count(), 3);
        assert!(!watch.look(at(1_000)), "it rests");
        watch.heartbeat.call_to_rest(false);
        watch.heartbeat.beat(at(9_010));
        assert!(!watch.look(at(9_011)), "the rest before does not count");
        watch.heartbeat.call_to_rest(true);
        assert!(!watch.look(at(9_012)), "it has 100 ms again");
        assert!(watch.look(at(9_113)));
    }
}

#[test]
fn a_control_thread_that_goes_down_a_ramp_has_a_second_to_come_to_rest() {
    let (mut watch, sent, _successors) = watch(Patience::periods(PERIOD));
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    watch.heartbeat.call_to_rest(true);
    for ms in (0..=1_100).step_by(10) {
        watch.heartbeat.beat(at(ms));
        assert!(!watch.look(at(ms)), "{ms} ms");
    }
    watch.heartbeat.beat(at(1_110));
    assert!(watch.look(at(1_110)), "it drives on");
    assert_eq!(sent.try_iter().count(), 1);
}

#[test]
fn a_robot_that_was_never_moved_gets_no_stop_from_a_control_thread_that_does_not_come_to_rest() {
    let (mut watch, sent, _successors) = watch(Patience::unlimited());
    let start = Instant::now();
    watch.heartbeat.call_to_rest(true);
    for seconds in 0..3 {
        assert!(!watch.look(start + Duration::from_secs(seconds)));
    }
    assert_eq!(sent.try_iter().count(), 0);
}

#[test]
fn an_emergency_is_not_left_to_a_control_thread_until_it_has_said_so() {
    for patience in [Patience::unlimited(), Patience::periods(PERIOD)] {
        let (mut watch, sent, _successors) = watch(patience);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        watch.permission.emergency_stop_says(Some(true), at(0));
        assert!(!watch.look(at(0)), "it was never moved");
        watch.heartbeat.beat(at(1));
        assert!(watch.look(at(1)) && watch.look(at(11)));
        assert_eq!(
            (sent.try_iter().count(), watch.heartbeat.stood_in()),
            (2, 2)
        );
        watch.heartbeat.beat(at(12));
        watch.heartbeat.set_emergency(true);
        assert!(!watch.look(at(21)), "it was said");
        assert!(
            watch.look(at(113)),
            "and is not repeated: time stands still"
        );
        watch.permission.emergency_stop_says(Some(false), at(114));
        assert!(watch.look(at(115)), "it is latched");
        assert_eq!(watch.permission.reset(at(116)), Ok(true));
        watch.heartbeat.beat(at(117));
        assert!(!watch.look(at(118)));
    }
}

#[test]
fn another_stop_is_the_control_threads_unless_it_is_silent() {
    let (mut watch, sent, _successors) = watch(Patience::unlimited());
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    watch.heartbeat.beat(at(0));
    watch.permission.enable(false);
    assert!(!watch.look(at(1)) && !watch.look(at(100)));
    assert!(watch.look(at(101)) && watch.look(at(5000)));
    watch.permission.enable(true);
    assert!(!watch.look(at(5001)), "simulated time may stand still");
    assert_eq!(sent.try_iter().count(), 2);
}
