//! The state machine against the design: every state, every transition asked for from everywhere, every way to end.

use super::*;
use Completion::*;
use State::*;

/// A machine in a state, whichever way it came there.
fn at(state: State) -> Lifecycle {
    Lifecycle { state }
}

/// What the design lets be asked for: number, label, from where, and where each completion leads.
const DESIGN: [(u8, &str, State, [State; 3]); 7] = [
    (
        1,
        "configure",
        Unconfigured,
        [Inactive, Unconfigured, ErrorProcessing],
    ),
    (
        2,
        "cleanup",
        Inactive,
        [Unconfigured, Inactive, ErrorProcessing],
    ),
    (3, "activate", Inactive, [Active, Inactive, ErrorProcessing]),
    (4, "deactivate", Active, [Inactive, Active, ErrorProcessing]),
    (
        5,
        "shutdown",
        Unconfigured,
        [Finalized, Finalized, ErrorProcessing],
    ),
    (
        6,
        "shutdown",
        Inactive,
        [Finalized, Finalized, ErrorProcessing],
    ),
    (
        7,
        "shutdown",
        Active,
        [Finalized, Finalized, ErrorProcessing],
    ),
];

#[test]
fn a_node_begins_unconfigured() {
    assert_eq!(Lifecycle::default().state(), Unconfigured);
}

#[test]
fn every_transition_of_the_design_ends_where_the_design_says() {
    for (id, label, start, goals) in DESIGN {
        for (completion, goal) in [Success, Failure, Error].into_iter().zip(goals) {
            for asked in [(id, ""), (0, label), (99, label)] {
                let mut machine = at(start);
                let begun = machine.begin(asked.0, asked.1).unwrap();
                assert_eq!((begun.id, begun.label, begun.start), (id, label, start));
                assert!(!machine.state().is_primary());
                assert_eq!(machine.state(), begun.goal);
                let ended = machine.complete(completion).unwrap();
                assert_eq!((ended.start, ended.goal), (begun.goal, goal));
                assert_eq!(machine.state(), goal);
            }
        }
    }
}

#[test]
fn errors_are_processed_into_unconfigured_or_the_end() {
    for (completion, goal) in [
        (Success, Unconfigured),
        (Failure, Finalized),
        (Error, Finalized),
    ] {
        let mut machine = at(ErrorProcessing);
        machine.complete(completion).unwrap();
        assert_eq!(machine.state(), goal);
    }
}

#[test]
fn nothing_else_can_be_asked_for_and_a_refusal_changes_nothing() {
    for state in State::ALL {
        for id in 0..=u8::MAX {
            let allowed = DESIGN.iter().any(|d| d.0 == id && d.2 == state);
            let mut machine = at(state);
            assert_eq!(machine.begin(id, "").is_ok(), allowed, "{id} from {state}");
            if !allowed {
                assert_eq!(machine.state(), state);
            }
        }
        let labels = TRANSITIONS.iter().map(|t| t.label);
        for label in labels.chain(["create", "destroy", "Configure", " configure", "é\0"]) {
            let allowed = DESIGN.iter().any(|d| d.1 == label && d.2 == state);
            let mut machine = at(state);
            assert_eq!(
                machine.begin(1, label).is_ok(),
                allowed,
                "{label} from {state}"
            );
        }
    }
}

#[test]
fn a_refusal_says_what_is_allowed() {
    let told = at(Inactive).begin(4, "").unwrap_err();
    for part in [
        "transition 4",
        "state inactive",
        "cleanup (2), activate (3), shutdown (6)",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let told = at(Configuring).begin(1, "activate").unwrap_err();
    assert!(
        told.contains("\"activate\"") && told.contains("is configuring"),
        "{told}"
    );
    let told = at(Finalized).begin(1, "").unwrap_err();
    assert!(told.ends_with("allowed: none"), "{told}");
}

#[test]
fn what_is_not_under_way_cannot_end() {
    for state in State::ALL {
        for completion in [Success, Failure, Error] {
            let is_under_way = !state.is_primary() && state != Unknown;
            assert_eq!(
                at(state).complete(completion).is_some(),
                is_under_way,
                "{state}"
            );
        }
    }
}

#[test]
fn ids_are_those_of_lifecycle_msgs_and_no_transition_is_listed_twice() {
    let ids: Vec<u8> = State::ALL.iter().map(|state| state.id()).collect();
    assert_eq!(ids, [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15]);
    for (i, transition) in TRANSITIONS.iter().enumerate() {
        let ends = TRANSITIONS[..i].iter().map(|t| t.id);
        assert!(ends.into_iter().all(|id| id != transition.id));
        // 10 to 12 end configuring, 20 to 22 cleaning up, and so on: the tens are those of what began it.
        if transition.id >= 10 && transition.start != ErrorProcessing {
            let begins = DESIGN.iter().find(|d| d.0 == (transition.id / 10).min(5));
            let begun = TRANSITIONS.iter().find(|t| t.id == begins.unwrap().0);
            assert_eq!(begun.unwrap().goal, transition.start);
        }
    }
}
