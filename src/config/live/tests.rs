use std::collections::BTreeMap;

use super::*;

fn parameters() -> LiveParameters {
    let word = |text: &str| Value::String(text.into());
    let mut given = BTreeMap::new();
    given.insert("policy".into(), word("first"));
    given.insert("modalities.scene.topic".into(), word("camera"));
    given.insert(
        "modalities.scene.message".into(),
        word("sensor_msgs/msg/Image"),
    );
    given.insert("modalities.touch.topic".into(), word("touch"));
    given.insert(
        "modalities.touch.message".into(),
        word("sensor_msgs/msg/PointCloud2"),
    );
    given.insert("action.limits.drive.max".into(), Value::Double(1.0));
    LiveParameters::new(given.into()).unwrap()
}

fn refused(name: &str, value: Value) -> String {
    parameters().with(name, value).unwrap_err().to_string()
}

#[test]
fn a_change_is_in_force_together_with_what_was_before() {
    let changed = parameters()
        .with("action.limits.drive.max", Value::Double(0.5))
        .and_then(|changed| changed.with("modalities.scene.max_age_s", Value::Integer(2)))
        .and_then(|changed| changed.with("policy", Value::String("second".into())))
        .unwrap();
    assert_eq!(changed.config().action.limits["drive"].max, 0.5);
    assert_eq!(changed.config().modalities[0].max_age_s, Some(2.0));
    assert_eq!(changed.config().policy.to_str(), Some("second"));
    let value = |name: &str| {
        changed
            .declared()
            .iter()
            .find(|d| d.name == name)
            .unwrap()
            .value
            .clone()
    };
    assert_eq!(value("modalities.scene.max_age_s"), Value::Double(2.0));
    assert_eq!(
        value("modalities.scene.topic"),
        Value::String("camera".into())
    );
}

#[test]
fn a_limit_can_be_set_that_nobody_gave_before() {
    let changed = parameters().with("action.limits.turn.max", Value::Double(0.5));
    assert_eq!(changed.unwrap().config().action.limits["turn"].max, 0.5);
}

#[test]
fn what_is_there_before_any_policy_stays() {
    for (name, value) in [
        ("control_rate_hz", Value::Double(50.0)),
        ("modalities.scene.topic", Value::String("other".into())),
        ("modalities.scene.enabled", Value::Bool(false)),
        ("realtime.priority", Value::Integer(10)),
        ("stop.behaviour", Value::String("zero".into())),
    ] {
        let why = refused(name, value);
        assert!(
            why.contains(name) && why.contains("start the node again"),
            "{why}"
        );
    }
    // What it is already, it may be told to be.
    let rate = parameters()
        .declared()
        .iter()
        .find(|d| d.name == "control_rate_hz")
        .unwrap()
        .value
        .clone();
    assert!(parameters().with("control_rate_hz", rate).is_ok());
}

#[test]
fn a_value_is_checked_as_at_the_start() {
    for (name, value, parts) in [
        (
            "modalities.scene.max_age_s",
            Value::Double(0.0),
            ["is 0.0", "0.001 to 3600"],
        ),
        (
            "modalities.scene.max_age_s",
            Value::Double(f64::NAN),
            ["NaN", "0.001 to 3600"],
        ),
        (
            "chunk.decay",
            Value::String("x".into()),
            ["\"x\"", "double"],
        ),
        (
            "action.limits.drive.max_rate",
            Value::Double(-2.0),
            ["is -2.0", "or 0 for any"],
        ),
        (
            "action.limits.drive.maximum",
            Value::Double(1.0),
            ["is unknown", "action.limits.drive.max"],
        ),
        (
            "modalities.scene.maximum_age_s",
            Value::Double(1.0),
            ["is unknown", "max_age_s"],
        ),
        (
            "modalities.other.topic",
            Value::String("x".into()),
            ["is unknown", "modalities.other.topic"],
        ),
        (
            "policy",
            Value::Other("a list".into()),
            ["a list", "string"],
        ),
    ] {
        let why = refused(name, value);
        assert!(parts.iter().all(|part| why.contains(part)), "{why}");
    }
}

#[test]
fn what_topics_depend_on_is_changed_only_as_far_as_they_stay_the_same() {
    let why = refused("modalities.touch.max_age_s", Value::Double(f64::INFINITY));
    assert!(
        why.contains("modalities.touch.max_age_s") && why.contains("quality of service"),
        "{why}"
    );
    assert!(
        parameters()
            .with("modalities.touch.max_age_s", Value::Double(3.0))
            .is_ok()
    );
    assert!(
        parameters()
            .with("modalities.scene.max_age_s", Value::Double(f64::INFINITY))
            .is_ok()
    );
    let why = refused("contributions_rate_hz", Value::Double(0.0));
    assert!(
        why.contains("contributions_rate_hz") && why.contains("topics"),
        "{why}"
    );
    assert!(
        parameters()
            .with("contributions_rate_hz", Value::Double(20.0))
            .is_ok()
    );
}
