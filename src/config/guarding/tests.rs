//! Quantities, stops and limits of policy and parameters put together.

use std::collections::BTreeMap;

use super::*;
use crate::config::{Value, Wiring};
use crate::spec::{FusionSpec, examples};

/// A policy of joints and these actions, which are in YAML.
fn policy(actions: &str) -> PolicySpec {
    examples::policy(
        vec![examples::vector("joints", ["wrist", "elbow"])],
        FusionSpec::Concat,
        serde_yaml::from_str(&format!("[{actions}]")).unwrap(),
    )
}

fn config(message: &str, more: &[(&str, Value)]) -> NodeConfig {
    let word = |word: &str| Value::String(word.into());
    let mut given = BTreeMap::from([
        ("modalities.joints.topic".to_owned(), word("joint_states")),
        (
            "modalities.joints.message".to_owned(),
            word("sensor_msgs/msg/JointState"),
        ),
        ("action.message".to_owned(), word(message)),
    ]);
    given.extend(
        more.iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    NodeConfig::from_parameters(given).unwrap().config
}

fn word(word: &str) -> Value {
    Value::String(word.into())
}

const ARRAY: &str = "std_msgs/msg/Float64MultiArray";
const TRAJECTORY: &str = "trajectory_msgs/msg/JointTrajectory";

fn stops(actions: &str, message: &str, more: &[(&str, Value)]) -> Result<Vec<Stop>, String> {
    let wiring = Wiring::new(&config(message, more), &policy(actions));
    let stops = wiring.map(|w| w.limits.iter().map(|limit| limit.stop).collect());
    stops.map_err(|e| e.to_string())
}

#[test]
fn a_stop_is_by_quantity_for_every_number_of_a_command() {
    let actions = "{name: wrist, min: -1, max: 1}, {name: turn, min: -1, max: 1, stop: 0.5}";
    let mixed = [
        ("action.fields.wrist", word("positions.wrist")),
        ("action.fields.turn", word("velocities.wrist")),
    ];
    let hold_and_go = vec![Stop::Hold, Stop::At(0.5)];
    assert_eq!(stops(actions, TRAJECTORY, &mixed), Ok(hold_and_go.clone()));
    // An array says nothing: as the policy or the parameters say, otherwise a value.
    let values = vec![Stop::At(0.0), Stop::At(0.5)];
    assert_eq!(stops(actions, ARRAY, &[]), Ok(values));
    let told = [("action.quantities.wrist", word("position"))];
    assert_eq!(stops(actions, ARRAY, &told), Ok(hold_and_go.clone()));
    let said = actions.replace("wrist,", "wrist, quantity: position,");
    assert_eq!(stops(&said, ARRAY, &[]), Ok(hold_and_go));
}

#[test]
fn a_stop_value_of_a_position_must_be_meant() {
    let actions = "{name: wrist, min: -1, max: 1, stop: 0}";
    let with = |behaviour| stops(actions, TRAJECTORY, &[("stop.behaviour", word(behaviour))]);
    let told = with("auto").unwrap_err();
    for part in [
        "action wrist is a position",
        "stop for it is 0",
        "hold holds",
        "named drives it to 0",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert_eq!(with("hold"), Ok(vec![Stop::Hold]));
    assert_eq!(with("named"), Ok(vec![Stop::At(0.0)]));
    assert!(with("zero").unwrap_err().contains("no stop; auto or hold"));
    let unnamed = [("stop.behaviour", word("named"))];
    let told = stops("{name: wrist, min: -1, max: 1}", TRAJECTORY, &unnamed).unwrap_err();
    assert!(told.contains("no stop for action wrist"), "{told}");
    let held = [("stop.behaviour", word("hold"))];
    let told = stops(actions, ARRAY, &held).unwrap_err();
    assert!(
        told.contains("no action is known to be a position"),
        "{told}"
    );
    let zero = [("stop.behaviour", word("zero"))];
    let actions = "{name: turn, min: -1, max: 1, stop: 0.5}";
    assert_eq!(stops(actions, ARRAY, &zero), Ok(vec![Stop::At(0.0)]));
}

#[test]
fn what_contradicts_itself_is_refused_all_at_once() {
    let actions =
        "{name: wrist, quantity: velocity, min: 0.5, max: 1}, {name: turn, min: 1, max: 2}";
    let told = stops(
        actions,
        TRAJECTORY,
        &[
            ("action.quantities.elbow", word("position")),
            ("action.fields.turn", word("velocities.turn")),
            ("action.fields.wrist", word("positions.turn")),
            ("action.limits.wrist.deadband", Value::Double(0.1)),
        ],
    )
    .unwrap_err();
    for part in [
        "its field in trajectory_msgs/msg/JointTrajectory says that it is of the quantity position, but the policy \"example\" says \
         velocity",
        "action.quantities.elbow: the policy \"example\" has no such action",
        "action turn: its stop value is 0; it must lie within min and max, 1 to 2",
        "action wrist: its deadband is 0.1",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
}

#[test]
fn of_two_limits_the_one_that_lets_less_through_counts() {
    let policy = policy(
        "{name: wrist, min: -1, max: 1, max_rate: 2, max_acceleration: 3, deadband: 0.1, smoothing: 0.5}, \
         {name: elbow, min: -1, max: 1}",
    );
    let number = |name: &'static str, value| (name, Value::Double(value));
    let config = config(
        ARRAY,
        &[
            number("action.limits.wrist.max_rate", 4.0),
            number("action.limits.wrist.max_acceleration", 1.0),
            number("action.limits.wrist.deadband", 0.2),
            number("action.limits.wrist.smoothing", 0.25),
            number("action.limits.elbow.max_rate", 5.0),
        ],
    );
    let limits = Wiring::new(&config, &policy).unwrap().limits;
    let expected = Limit {
        max_rate: Some(2.0),
        max_acceleration: Some(1.0),
        deadband: 0.2,
        smoothing_s: 0.5,
        ..Limit::range(-1.0, 1.0)
    };
    assert_eq!(limits[0], expected);
    assert_eq!(limits[1].max_rate, Some(5.0));
    let told = unlimited(&policy, &limits);
    assert_eq!(
        told,
        ["action elbow: no limit of acceleration; set max_acceleration under action.limits.elbow"]
    );
}

#[test]
fn what_is_unlimited_is_told_by_name() {
    let policy = policy("{name: wrist, min: -1, max: 1}, {name: elbow, min: -1, max: 1}");
    let limits = Wiring::new(&config(ARRAY, &[]), &policy).unwrap().limits;
    assert_eq!(
        unlimited(&policy, &limits),
        [
            "actions wrist, elbow: no limit of rate or acceleration; set max_rate and max_acceleration under \
          action.limits.wrist and the others"
        ]
    );
}

#[test]
fn a_position_is_measured_under_the_name_of_its_joint_in_its_own_unit() {
    let place = |number| {
        Some(MeasuredAt {
            modality: 0,
            number,
        })
    };
    let measured = |actions: &str, message: &str, more: &[(&str, Value)]| {
        Wiring::new(&config(message, more), &policy(actions))
            .unwrap()
            .measured
    };
    let both = "{name: elbow, min: -1, max: 1}, {name: hand, min: -1, max: 1}";
    assert_eq!(measured(both, TRAJECTORY, &[]), [place(1), None]);
    // What is commanded is the joint of the field, whatever the action is called.
    let crossed = [
        ("action.fields.elbow", word("positions.hand")),
        ("action.fields.hand", word("positions.wrist")),
    ];
    assert_eq!(measured(both, TRAJECTORY, &crossed), [None, place(0)]);
    // What is no position has none.
    assert_eq!(measured(both, ARRAY, &[]), [None, None]);
    let one = |unit: &str| {
        let action =
            format!("{{name: wrist, quantity: position, unit: {unit:?}, min: -1, max: 1}}");
        measured(&action, ARRAY, &[])
    };
    assert_eq!(one("rad"), [place(0)]);
    assert_eq!(one("deg"), [None]);
}
