use std::collections::BTreeMap;

use super::*;
use crate::message::{Carried, CommandSet, MessageType, Timing};
use crate::safety::{Conditions, StopActionWriter, stop_action_slot};
use crate::shutdown::Cause;
use crate::trace::{Switch, ring};

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

/// Three periods, and no less than 100 ms.
fn patient() -> Patience {
    Patience::periods(PERIOD, Duration::from_millis(100))
}

/// A control thread that has not begun, and of which nobody sees a trace.
fn watched(patience: Patience) -> Watched {
    Watched {
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
        realtime: Realtime::default(),
        trace: Recorder::unheard(),
    }
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
        watched: watched(patience),
        is_stopping: false,
        called_since: None,
        resting_since: None,
    };
    (watch, sent, sender)
}

#[test]
fn a_robot_that_was_never_moved_gets_no_stop() {
    let (mut watch, sent, _successors) = watch(patient());
    let now = Instant::now();
    assert!(!watch.look(now + Duration::from_secs(9)));
    watch.watched.heartbeat.end();
    assert!(!watch.look(now + Duration::from_secs(10)));
    assert_eq!(sent.try_iter().count(), 0);
}

#[test]
fn a_control_thread_that_hangs_is_stood_in_for_until_it_goes_on() {
    let (mut watch, sent, _successors) = watch(patient());
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    watch.watched.heartbeat.beat(at(0));
    assert!(!watch.look(at(99)), "busy for a moment");
    assert!(watch.look(at(101)) && watch.look(at(111)));
    assert!(sent.try_iter().all(|message| number(&message) == 0.25));
    assert_eq!(watch.watched.heartbeat.stood_in(), 2);
    watch.watched.heartbeat.beat(at(120));
    assert!(!watch.look(at(121)));
    assert_eq!(sent.try_iter().count(), 0);
}

#[test]
fn simulated_time_may_stand_still_but_its_control_thread_may_not_end() {
    let (mut watch, sent, _successors) = watch(Patience::unlimited());
    let now = Instant::now();
    watch.watched.heartbeat.beat(now);
    assert!(!watch.look(now + Duration::from_secs(3600)));
    watch.watched.heartbeat.end();
    assert!(watch.look(now + Duration::from_secs(3601)));
    assert_eq!(sent.try_iter().count(), 1);
}

#[test]
fn the_stop_is_that_of_the_policy_that_took_over() {
    let (mut watch, sent, successors) = watch(patient());
    watch.watched.heartbeat.beat(Instant::now());
    watch.watched.heartbeat.end();
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
    let (mut watch, sent, successors) = watch(patient());
    watch.watched.heartbeat.beat(Instant::now());
    watch.watched.heartbeat.end();
    successors.send(stop_command(None).0).unwrap();
    watch.look(Instant::now());
    successors.send(stop_command(Some(-0.5)).0).unwrap();
    watch.look(Instant::now());
    let sent: Vec<f64> = sent.try_iter().map(|message| number(&message)).collect();
    assert_eq!(sent, [0.25, -0.5]);
}

#[test]
fn a_number_that_is_not_finite_never_leaves() {
    let (mut watch, sent, _successors) = watch(patient());
    watch.stop = stop_command(None).0;
    watch.watched.heartbeat.beat(Instant::now());
    watch.watched.heartbeat.end();
    assert!(watch.look(Instant::now()));
    assert_eq!(sent.try_iter().count(), 0);
}

#[test]
fn the_end_is_said_more_than_once() {
    let (sink, sent) = mpsc::channel();
    let watched = watched(patient());
    let heartbeat = watched.heartbeat.clone();
    heartbeat.beat(Instant::now());
    let supervisor = Supervisor::start(
        Sink(sink),
        stop_command(Some(0.0)).0,
        watched,
        &Shutdown::default(),
    );
    heartbeat.end();
    drop(supervisor.unwrap());
    assert!(sent.try_iter().count() > 1);
}

#[test]
fn a_control_thread_that_rests_is_stood_in_for_a_moment_and_then_nothing_leaves() {
    for patience in [patient(), Patience::unlimited()] {
        let (mut watch, sent, _successors) = watch(patience);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        watch.watched.heartbeat.beat(at(0));
        watch.watched.heartbeat.rest();
        for ms in [5, 50, 104] {
            assert!(watch.look(at(ms)), "{ms} ms");
        }
        assert!(watch.watched.heartbeat.is_resting());
        assert!(!watch.look(at(105)));
        assert!(!watch.watched.heartbeat.is_resting());
        assert_eq!(sent.try_iter().count(), 3);
        assert!(!watch.look(at(9_000)) && !watch.look(at(9_010)));
        assert_eq!(sent.try_iter().count(), 0);
        // Active again, it is watched over as before.
        watch.watched.heartbeat.beat(at(10_000));
        assert!(!watch.look(at(10_001)));
        watch.watched.heartbeat.end();
        assert!(watch.look(at(10_002)));
    }
}

#[test]
fn a_rest_of_a_robot_that_was_never_moved_is_silent_at_once() {
    let (mut watch, sent, _successors) = watch(patient());
    watch.watched.heartbeat.rest();
    assert!(!watch.look(Instant::now()));
    assert!(!watch.watched.heartbeat.is_resting());
    assert_eq!(sent.try_iter().count(), 0);
}

#[test]
fn a_control_thread_that_ends_while_it_comes_to_rest_is_stood_in_for_until_the_process_is_gone() {
    let (mut watch, sent, _successors) = watch(patient());
    let start = Instant::now();
    watch.watched.heartbeat.beat(start);
    watch.watched.heartbeat.rest();
    watch.watched.heartbeat.end();
    for seconds in 0..3 {
        assert!(watch.look(start + Duration::from_secs(seconds)));
    }
    assert_eq!(sent.try_iter().count(), 3);
}

#[test]
fn a_control_thread_that_does_not_come_to_rest_is_stood_in_for_on_any_clock() {
    for patience in [patient(), Patience::unlimited()] {
        let (mut watch, sent, _successors) = watch(patience);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        watch.watched.heartbeat.beat(at(0));
        watch.watched.heartbeat.call_to_rest(true);
        assert!(!watch.look(at(10)), "it has 100 ms");
        assert!(!watch.look(at(90)));
        assert!(watch.look(at(111)) && watch.look(at(200)));
        watch.watched.heartbeat.rest();
        assert!(watch.look(at(210)) && !watch.look(at(310)));
        assert_eq!(sent.try_iter().count(), 3);
        assert!(!watch.look(at(1_000)), "it rests");
        watch.watched.heartbeat.call_to_rest(false);
        watch.watched.heartbeat.beat(at(9_010));
        assert!(!watch.look(at(9_011)), "the rest before does not count");
        watch.watched.heartbeat.call_to_rest(true);
        assert!(!watch.look(at(9_012)), "it has 100 ms again");
        assert!(watch.look(at(9_113)));
    }
}

#[test]
fn a_control_thread_that_goes_down_a_ramp_has_a_second_to_come_to_rest() {
    let (mut watch, sent, _successors) = watch(patient());
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    watch.watched.heartbeat.call_to_rest(true);
    for ms in (0..=1_100).step_by(10) {
        watch.watched.heartbeat.beat(at(ms));
        assert!(!watch.look(at(ms)), "{ms} ms");
    }
    watch.watched.heartbeat.beat(at(1_110));
    assert!(watch.look(at(1_110)), "it drives on");
    assert_eq!(sent.try_iter().count(), 1);
}

#[test]
fn a_robot_that_was_never_moved_gets_no_stop_from_a_control_thread_that_does_not_come_to_rest() {
    let (mut watch, sent, _successors) = watch(Patience::unlimited());
    let start = Instant::now();
    watch.watched.heartbeat.call_to_rest(true);
    for seconds in 0..3 {
        assert!(!watch.look(start + Duration::from_secs(seconds)));
    }
    assert_eq!(sent.try_iter().count(), 0);
}

#[test]
fn an_emergency_is_not_left_to_a_control_thread_until_it_has_said_so() {
    for patience in [Patience::unlimited(), patient()] {
        let (mut watch, sent, _successors) = watch(patience);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        watch
            .watched
            .permission
            .emergency_stop_says(Some(true), at(0));
        assert!(!watch.look(at(0)), "it was never moved");
        watch.watched.heartbeat.beat(at(1));
        assert!(watch.look(at(1)) && watch.look(at(11)));
        assert_eq!(
            (sent.try_iter().count(), watch.watched.heartbeat.stood_in()),
            (2, 2)
        );
        watch.watched.heartbeat.beat(at(12));
        watch.watched.heartbeat.set_emergency(true);
        assert!(!watch.look(at(21)), "it was said");
        assert!(
            watch.look(at(113)),
            "and is not repeated: time stands still"
        );
        watch
            .watched
            .permission
            .emergency_stop_says(Some(false), at(114));
        assert!(watch.look(at(115)), "it is latched");
        assert_eq!(watch.watched.permission.reset(at(116)), Ok(true));
        watch.watched.heartbeat.beat(at(117));
        assert!(!watch.look(at(118)));
    }
}

#[test]
fn another_stop_is_the_control_threads_unless_it_is_silent() {
    let (mut watch, sent, _successors) = watch(Patience::unlimited());
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    watch.watched.heartbeat.beat(at(0));
    watch.watched.permission.enable(false);
    assert!(!watch.look(at(1)) && !watch.look(at(100)));
    assert!(watch.look(at(101)) && watch.look(at(5000)));
    watch.watched.permission.enable(true);
    assert!(!watch.look(at(5001)), "simulated time may stand still");
    assert_eq!(sent.try_iter().count(), 2);
}

#[test]
fn whoever_keeps_time_is_stood_in_for_after_three_periods() {
    for hz in [100, 200, 500] {
        let period = Duration::from_secs(1) / hz;
        let patience = Patience::periods(period, Duration::ZERO);
        assert!(
            patience.look_every() <= period,
            "what the look adds is no period"
        );
        let (mut watch, sent, _successors) = watch(patience);
        let start = Instant::now();
        watch.watched.heartbeat.beat(start);
        assert!(!watch.look(start + 3 * period));
        assert!(watch.look(start + 3 * period + Duration::from_millis(1)));
        assert_eq!(sent.try_iter().count(), 1);
    }
    let slow = Patience::periods(Duration::from_secs(1), Duration::ZERO);
    assert_eq!(slow.look_every(), *LOOK_EVERY.end());
}

#[test]
fn whoever_looks_sees_every_stop_and_why() {
    let switch = Switch::default();
    switch.set(true);
    let (recorder, mut tape) = ring(16, &switch);
    let (mut watch, sent, _successors) = watch(patient());
    watch.watched.trace = recorder;
    let start = Instant::now();
    let at = |ms| start + Duration::from_millis(ms);
    watch.watched.heartbeat.beat(at(0));
    watch.look(at(50));
    watch.look(at(150));
    watch.watched.heartbeat.beat(at(160));
    watch
        .watched
        .permission
        .emergency_stop_says(Some(true), at(161));
    watch.look(at(162));
    watch.watched.heartbeat.rest();
    watch.look(at(170));
    watch.watched.heartbeat.end();
    watch.look(at(180));
    let seen: Vec<StandInRecord> = tape.take().collect();
    let causes: Vec<StandInCause> = seen.iter().map(|stop| stop.cause).collect();
    use StandInCause::{AtRest, Ended, Silent, Withheld};
    assert_eq!(causes, [Silent, Withheld, AtRest, Ended]);
    assert!(
        seen.iter()
            .all(|stop| stop.sent && stop.decided_ns <= stop.done_ns)
    );
    assert!(seen.is_sorted_by_key(|stop| stop.decided_ns));
    assert_eq!(sent.try_iter().count(), seen.len());
    // What cannot be sent is seen as well.
    drop(sent);
    watch.look(at(190));
    assert!(tape.take().all(|stop| !stop.sent));
}

#[test]
fn a_supervisor_that_panics_ends_the_node() {
    struct Broken;
    impl CommandSink for Broken {
        fn send(&mut self, _: usize, _: &[u8]) -> bool {
            panic!("the middleware is gone")
        }
    }
    let (watched, shutdown) = (watched(patient()), Shutdown::default());
    watched.heartbeat.beat(Instant::now());
    watched.heartbeat.end();
    let supervisor = Supervisor::start(Broken, stop_command(Some(0.0)).0, watched, &shutdown);
    drop(supervisor.unwrap());
    let said = Cause::Failed("the thread \"supervisor\" panicked: the middleware is gone".into());
    assert_eq!(shutdown.cause(), Some(&said));
}
