//! Every number that the node can be told: its bounds, and what must not pass.

use std::collections::BTreeMap;

use super::*;
use crate::config::{Declared, Value};

/// Parameters in which everything that can be declared is.
fn everything() -> BTreeMap<String, Value> {
    let word = |text: &str| Value::String(text.into());
    let mut given = BTreeMap::new();
    for (i, message) in MODALITY_MESSAGES.iter().enumerate() {
        given.insert(format!("modalities.m{i}.topic"), word("topic"));
        given.insert(format!("modalities.m{i}.message"), word(message.ros_name()));
    }
    given.insert("action.limits.drive.min".into(), Value::Double(-1.0));
    given
}

fn declared() -> Vec<Declared> {
    NodeConfig::from_parameters(everything()).unwrap().declared
}

fn with(name: &str, value: Value) -> Result<NodeConfig, String> {
    let mut given = everything();
    given.insert(name.to_owned(), value);
    let checked = NodeConfig::from_parameters(given);
    checked.map(|c| c.config).map_err(|e| e.to_string())
}

#[test]
fn every_number_takes_its_bounds_and_nothing_beyond_them_nor_what_is_not_finite() {
    let mut count = 0;
    for parameter in declared() {
        let (Value::Double(_), Some((low, high))) = (&parameter.value, parameter.range) else {
            continue;
        };
        count += 1;
        let name = parameter.name.as_str();
        for bound in [low, high] {
            assert!(with(name, Value::Double(bound)).is_ok(), "{name} {bound}");
            let is_told = match bound == f64::INFINITY {
                true => parameter.allowed.contains(", or .inf "),
                false => bound.is_finite() || parameter.allowed.contains(", or -.inf "),
            };
            assert!(is_told, "{name}: {}", parameter.allowed);
        }
        for wrong in [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            low - 1.0,
            high.next_up(),
            1e300,
        ] {
            if wrong == low || wrong == high {
                continue;
            }
            let told = with(name, Value::Double(wrong)).unwrap_err();
            let expected = format!(
                "parameter {name} is {wrong:?}; allowed: {}",
                parameter.allowed
            );
            assert!(told.contains(&expected), "{expected} in {told}");
        }
    }
    // Four rates, chunks, seven modalities' ages, stamp delays and distances, two contrasts, three times frozen, six limits, the
    // ages of deadman and emergency stop, how long a recorded file is, and how long a silence.
    assert_eq!(count, 4 + 2 + 4 * 7 + 2 + 3 + 6 + 2 + 1 + 1);
}

#[test]
fn what_is_too_small_to_divide_by_is_refused() {
    for name in ["contributions_rate_hz", "control_rate_hz"] {
        assert!(with(name, Value::Double(1e-20)).is_err(), "{name}");
    }
    let never = with("contributions_rate_hz", Value::Double(0.0)).unwrap();
    assert_eq!(never.contributions_rate_hz, 0.0);
}

#[test]
fn any_age_is_said_with_infinity_and_zero_is_refused_with_the_word_for_it() {
    let name = "modalities.m0.max_age_s";
    let config = with(name, Value::Double(f64::INFINITY)).unwrap();
    assert_eq!(config.modalities[0].max_age_s, None);
    for zero in [Value::Double(0.0), Value::Integer(0)] {
        let told = with(name, zero).unwrap_err();
        assert!(told.contains("or .inf for any age"), "{told}");
    }
}

#[test]
fn only_what_is_stamped_on_arrival_and_holds_is_never_from_the_future() {
    let config = with("modalities.m2.max_future_s", Value::Double(0.25)).unwrap();
    for modality in &config.modalities {
        let future_s = modality.freshness().max_future_s;
        let expected = match modality.message {
            MessageType::String => f64::INFINITY,
            _ => 0.1,
        };
        assert_eq!(future_s, expected, "{:?}", modality.message);
    }
    let mut numbers = config.modalities[4].clone();
    assert_eq!(numbers.message, MessageType::Float32MultiArray);
    numbers.max_age_s = None;
    assert_eq!(numbers.freshness().max_future_s, f64::INFINITY);
    let mut feature = config.modalities[6].clone();
    feature.max_age_s = None;
    assert_eq!(feature.freshness().max_future_s, 0.1);
}

#[test]
fn a_feature_that_holds_until_the_next_one_may_come_again_unchanged() {
    let name = "modalities.m6.max_frozen_s";
    let config = with(name, Value::Double(2.0)).unwrap();
    assert_eq!(config.modalities[6].max_frozen_s, 2.0);
    let mut given = everything();
    given.insert(name.to_owned(), Value::Double(2.0));
    given.insert(
        "modalities.m6.max_age_s".into(),
        Value::Double(f64::INFINITY),
    );
    let told = NodeConfig::from_parameters(given)
        .err()
        .unwrap()
        .to_string();
    assert!(
        told.contains(name) && told.contains("holds until the next one"),
        "{told}"
    );
    let told = with("modalities.m3.max_frozen_s", Value::Double(2.0)).unwrap_err();
    assert!(
        told.contains("m3.max_frozen_s"),
        "joints may stand still: {told}"
    );
}
