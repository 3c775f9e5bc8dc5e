//! What is taken, refused, and told of what was given.

use super::*;

fn given(pairs: &[(&str, Value)]) -> Declarations {
    let pairs = pairs.iter();
    let values: BTreeMap<String, Value> = pairs
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    Declarations::new(values)
}

#[test]
fn every_problem_is_told_at_once_with_name_value_and_what_is_allowed() {
    let mut declarations = given(&[
        ("rate_hz", Value::String("fast".into())),
        ("threads", Value::Integer(99)),
        ("age_s", Value::Double(f64::NAN)),
        ("polcy", Value::String("x".into())),
    ]);
    declarations.double("rate_hz", 40.0, 1.0..=1000.0, "");
    declarations.integer("threads", 1, 1..=64, "");
    declarations.double("age_s", 0.5, 0.0..=60.0, "");
    declarations.string("policy", "", "");
    let text = declarations.finish(()).unwrap_err().to_string();
    for part in [
        "rate_hz is \"fast\"",
        "threads is 99",
        "1 to 64",
        "age_s is NaN",
        "mean policy",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn a_whole_number_is_a_number() {
    let mut declarations = given(&[("rate_hz", Value::Integer(40))]);
    assert_eq!(declarations.double("rate_hz", 1.0, 1.0..=1000.0, ""), 40.0);
    let checked = declarations.finish(()).unwrap();
    assert_eq!(checked.declared[0].value, Value::Double(40.0));
}

#[test]
fn a_section_for_any_node_may_hold_what_is_not_ours_but_no_slip_of_the_pen() {
    let shared = |name: &str| {
        let given = GivenValue {
            value: Value::Double(0.5),
            shared_by: Some("/**".into()),
        };
        (name.to_owned(), given)
    };
    let names = [
        "exposure",
        "camera.gain",
        "polcy",
        "action.maximum",
        "qos_overrides./camera/image_raw.subscription.depth",
        "start_type_description_service",
    ];
    let mut declarations = Declarations::new(Given {
        values: names.map(shared).into(),
        warnings: vec!["from before".into()],
    });
    declarations.string("policy", "", "");
    declarations.string("action.topic", "action", "");
    let checked = declarations.finish(()).unwrap();
    let told = [
        "from before",
        "parameter action.maximum in section /** is none of this node's",
        "parameter polcy in section /** is none of this node's; did you mean policy?",
        "parameters qos_overrides./camera/image_raw.subscription.depth have no effect",
    ];
    assert_eq!(checked.warnings.len(), told.len(), "{:?}", checked.warnings);
    for (warning, part) in checked.warnings.iter().zip(told) {
        assert!(warning.contains(part), "{part} in {warning}");
    }
}

#[test]
fn a_number_with_a_meaning_of_its_own_is_allowed_and_told() {
    let bounds = || Bounds::or(0.001..=3600.0, f64::INFINITY, "for any age");
    for (number, is_allowed) in [
        (f64::INFINITY, true),
        (3600.0, true),
        (0.001, true),
        (0.0, false),
        (f64::NAN, false),
        (f64::NEG_INFINITY, false),
    ] {
        let mut declarations = given(&[("age_s", Value::Double(number))]);
        declarations.double("age_s", 0.5, bounds(), "");
        match declarations.finish(()) {
            Ok(checked) => {
                assert!(is_allowed, "{number}");
                assert_eq!(checked.declared[0].range, Some((0.001, f64::INFINITY)));
            }
            Err(errors) => {
                assert!(!is_allowed, "{number}");
                let told = errors.to_string();
                assert!(
                    told.contains("allowed: 0.001 to 3600, or .inf for any age"),
                    "{told}"
                );
            }
        }
    }
}

#[test]
fn names_are_found_under_their_prefix() {
    let declarations = given(&[
        ("modalities.scene.topic", Value::Bool(true)),
        ("modalities.scene.message", Value::Bool(true)),
        ("modalities.joints.topic", Value::Bool(true)),
        ("modality.other", Value::Bool(true)),
    ]);
    assert_eq!(declarations.names_under("modalities"), ["joints", "scene"]);
}
