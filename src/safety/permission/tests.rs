//! Who may move the robot, with time as an argument.

use super::*;

/// What happens, at a millisecond.
#[derive(Clone, Copy, Debug)]
enum Event {
    Enable(bool),
    /// What the deadman says, and how old its stamp is in milliseconds.
    Deadman(Option<bool>, u64),
    Stop(Option<bool>),
    Reset,
    /// Nothing; the state is looked at.
    Look,
}

use Event::*;

const ALL: Conditions = Conditions {
    enabled_at_start: false,
    deadman_max_age_s: Some(0.5),
    emergency_stop_max_age_s: Some(1.0),
};

const NOTHING: Conditions = Conditions {
    enabled_at_start: true,
    deadman_max_age_s: None,
    emergency_stop_max_age_s: None,
};

const DEADMAN: Conditions = Conditions {
    deadman_max_age_s: Some(0.5),
    ..NOTHING
};

const ANY_AGE: Conditions = Conditions {
    emergency_stop_max_age_s: Some(f64::INFINITY),
    ..NOTHING
};

const FRESH: Conditions = Conditions {
    emergency_stop_max_age_s: Some(1.0),
    ..NOTHING
};

/// What is said after each event; empty where the robot may move.
fn states<const N: usize>(conditions: Conditions, events: [(u64, Event); N]) -> [String; N] {
    let start = Instant::now();
    let permission = Permission::new(conditions, start);
    events.map(|(ms, event)| {
        let now = start + Duration::from_millis(ms);
        match event {
            Enable(enabled) => permission.enable(enabled),
            Deadman(pressed, age_ms) => {
                permission.deadman_says(pressed, now, Duration::from_millis(age_ms));
            }
            Stop(pressed) => permission.emergency_stop_says(pressed, now),
            Reset => {
                if let Err(why) = permission.reset(now) {
                    return format!("refused: {why}");
                }
            }
            Look => {}
        }
        let withheld = permission.withheld(now);
        withheld.map_or(String::new(), |why| why.to_string())
    })
}

#[test]
fn nothing_is_withheld_where_nothing_is_asked_for() {
    assert_eq!(states(NOTHING, [(0, Look), (1 << 40, Look)]), ["", ""]);
}

#[test]
fn it_is_disabled_until_it_is_enabled_again() {
    let disabled = "disabled by ~/enable";
    let events = [
        (0, Enable(false)),
        (1, Look),
        (2, Enable(true)),
        (3, Enable(false)),
    ];
    assert_eq!(states(NOTHING, events), [disabled, disabled, "", disabled]);
    let never = "not enabled since the start (enabled_at_start is false); call ~/enable";
    let conditions = Conditions {
        enabled_at_start: false,
        ..NOTHING
    };
    let events = [(0, Look), (1, Enable(true)), (2, Enable(false))];
    assert_eq!(states(conditions, events), [never, "", disabled]);
}

#[test]
fn a_deadman_must_be_pressed_and_fresh_by_arrival_and_by_stamp() {
    let yes = |age_ms| Deadman(Some(true), age_ms);
    let events = [
        (0, Look),
        (100, yes(0)),
        (600, Look),
        (601, Look),
        (700, yes(200)),
        (1000, Look),
        (1001, Look),
        (1002, yes(501)),
        (1003, yes(0)),
        (1004, Deadman(Some(false), 0)),
        (1005, yes(0)),
        (1006, Deadman(None, 0)),
        (9000, Look),
        (9001, yes(1 << 60)),
    ];
    let told = states(DEADMAN, events);
    let ancient = &told[13];
    assert!(ancient.ends_with(" s old, allowed 0.500 s"), "{ancient}");
    assert_eq!(
        told[..13],
        [
            "deadman: no message yet",
            "",
            "",
            "deadman: 0.501 s old, allowed 0.500 s",
            "",
            "",
            "deadman: 0.501 s old, allowed 0.500 s",
            "deadman: 0.501 s old, allowed 0.500 s",
            "",
            "deadman: not pressed",
            "",
            "deadman: the last message could not be read",
            "deadman: the last message could not be read",
        ]
    );
}

#[test]
fn a_short_press_latches_until_a_reset_that_is_refused_while_it_lasts() {
    let pressed = "emergency stop: pressed; latched until ~/reset";
    let events = [
        (0, Look),
        (1, Reset),
        (2, Stop(Some(true))),
        (3, Reset),
        (4, Stop(Some(false))),
        (5, Enable(false)),
        (6, Enable(true)),
        (1 << 40, Look),
        (1 << 41, Reset),
    ];
    assert_eq!(
        states(ANY_AGE, events),
        [
            "",
            "",
            pressed,
            "refused: the emergency stop is still pressed",
            pressed,
            pressed,
            pressed,
            pressed,
            "",
        ]
    );
    assert_eq!(
        states(NOTHING, [(0, Reset)]),
        ["refused: there is no emergency stop"]
    );
}

#[test]
fn an_emergency_stop_that_falls_silent_stops_and_latches_when_it_is_back() {
    let stale = "emergency stop: 1.001 s old, allowed 1.000 s";
    let silent = "emergency stop: its messages had stopped for too long; latched until ~/reset";
    let events = [
        (0, Look),
        (1, Reset),
        (2, Stop(Some(false))),
        (1002, Stop(Some(false))),
        (2003, Look),
        (2003, Reset),
        (2004, Stop(Some(false))),
        (2005, Reset),
    ];
    assert_eq!(
        states(FRESH, events),
        [
            "emergency stop: no message yet",
            "refused: emergency stop: no message yet",
            "",
            "",
            stale,
            &format!("refused: {stale}"),
            silent,
            "",
        ]
    );
}

#[test]
fn what_cannot_be_read_may_have_been_a_press() {
    let unreadable = "emergency stop: a message could not be read; latched until ~/reset";
    let events = [
        (0, Stop(None)),
        (1, Stop(Some(false))),
        (2, Reset),
        (3, Stop(Some(true))),
        (4, Stop(None)),
        (5, Reset),
    ];
    assert_eq!(
        states(ANY_AGE, events),
        [
            unreadable,
            unreadable,
            "",
            "emergency stop: pressed; latched until ~/reset",
            "emergency stop: pressed; latched until ~/reset",
            "refused: the emergency stop is still pressed",
        ]
    );
    let unheard = "emergency stop: no message yet";
    let events = [(0, Stop(None)), (1, Reset)];
    assert_eq!(
        states(FRESH, events),
        [unreadable, &format!("refused: {unheard}")],
        "it is no sign of life"
    );
}

#[test]
fn the_emergency_stop_is_named_first_and_the_deadman_last() {
    let events = [
        (0, Look),
        (1, Stop(Some(false))),
        (2, Enable(true)),
        (3, Deadman(Some(true), 0)),
        (4, Stop(Some(true))),
    ];
    assert_eq!(
        states(ALL, events),
        [
            "emergency stop: no message yet",
            "not enabled since the start (enabled_at_start is false); call ~/enable",
            "deadman: no message yet",
            "",
            "emergency stop: pressed; latched until ~/reset",
        ]
    );
}

#[test]
fn no_withdrawal_is_too_short_for_one_stop_and_the_gravest_is_named() {
    let now = Instant::now();
    let permission = Permission::new(
        Conditions {
            emergency_stop_max_age_s: Some(f64::INFINITY),
            ..DEADMAN
        },
        now,
    );
    let tick = || permission.withheld_since_last_tick(now);
    assert_eq!(tick(), Some(Withheld::DeadmanUnheard));
    permission.deadman_says(Some(true), now, Duration::ZERO);
    assert_eq!(tick(), None);
    permission.deadman_says(Some(false), now, Duration::ZERO);
    permission.deadman_says(Some(true), now, Duration::ZERO);
    assert_eq!((tick(), tick()), (Some(Withheld::DeadmanReleased), None));
    permission.enable(false);
    permission.deadman_says(None, now, Duration::ZERO);
    permission.deadman_says(Some(true), now, Duration::ZERO);
    permission.enable(true);
    assert_eq!((tick(), tick()), (Some(Withheld::Disabled), None));
    for (pressed, latch) in [(Some(true), Latch::Pressed), (None, Latch::Unreadable)] {
        permission.emergency_stop_says(pressed, now);
        permission.emergency_stop_says(Some(false), now);
        permission.enable(false);
        permission.enable(true);
        assert_eq!(permission.reset(now), Ok(true));
        assert_eq!(
            (tick(), tick()),
            (Some(Withheld::EmergencyStop(latch)), None)
        );
    }
}

#[test]
fn only_the_emergency_stop_is_an_emergency() {
    let (age_s, max_age_s) = (0.7, 0.5);
    for (withheld, is_emergency) in [
        (Withheld::EmergencyStop(Latch::Silent), true),
        (Withheld::EmergencyStopUnheard, true),
        (Withheld::EmergencyStopStale { age_s, max_age_s }, true),
        (Withheld::NotYetEnabled, false),
        (Withheld::Disabled, false),
        (Withheld::DeadmanUnheard, false),
        (Withheld::DeadmanReleased, false),
        (Withheld::DeadmanUnreadable, false),
        (Withheld::DeadmanStale { age_s, max_age_s }, false),
    ] {
        assert_eq!(withheld.is_emergency(), is_emergency, "{withheld}");
    }
    let stale = |age_s| Withheld::DeadmanStale { age_s, max_age_s };
    assert!(stale(0.7).same_cause(stale(0.8)));
    let latched = Withheld::EmergencyStop;
    assert!(!latched(Latch::Pressed).same_cause(latched(Latch::Silent)));
}

#[test]
fn an_epoch_begins_whenever_the_robot_is_made_ready_to_move() {
    let start = Instant::now();
    let conditions = Conditions {
        enabled_at_start: false,
        emergency_stop_max_age_s: Some(f64::INFINITY),
        ..Conditions::default()
    };
    let permission = Permission::new(conditions, start);
    let epochs = permission.epochs().clone();
    let mut last = epochs.current();
    let mut begins = |what: &str, expected: bool| {
        let now = epochs.current();
        assert_eq!(now > last, expected, "{what}");
        last = now;
    };
    begins("nothing", false);
    permission.enable(true);
    begins("enabled for the first time", true);
    permission.enable(true);
    begins("enabled already", false);
    permission.enable(false);
    begins("disabled", false);
    permission.enable(true);
    begins("enabled again", true);
    assert_eq!(permission.reset(start), Ok(false));
    begins("reset where nothing was latched", false);
    permission.emergency_stop_says(Some(true), start);
    assert!(permission.reset(start).is_err());
    begins("reset while it is pressed", false);
    permission.emergency_stop_says(Some(false), start);
    assert_eq!(permission.reset(start), Ok(true));
    begins("reset", true);
}
