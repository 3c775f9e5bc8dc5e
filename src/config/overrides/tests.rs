//! What counts for which node: the same as for a node of rclpy, and told where it is not what was given last.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use super::*;
use crate::config::{NODE_NAME, NodeConfig};

/// Files and arguments, and what rclpy makes of them; tests/ros/parameter_cases.py wrote it.
#[derive(Deserialize)]
struct Case {
    files: Vec<String>,
    arguments: Vec<String>,
    node: String,
    parameters: BTreeMap<String, (String, String)>,
}

fn read(files: &[&str], arguments: &[&str]) -> Result<(Given, NodeName), ConfigErrors> {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..files.len())
        .map(|i| folder.path().join(format!("{i}.yaml")))
        .collect();
    for (path, text) in paths.iter().zip(files) {
        fs::write(path, text).unwrap();
    }
    let words = ["--ros-args"].iter().chain(arguments);
    let arguments = RosArguments::parse(words.map(|word| (*word).to_owned()))?.after_files(paths);
    let node = arguments.node(NODE_NAME);
    Ok((Overrides::read(&arguments)?.of(&node)?, node))
}

/// A value in the words of the golden file.
fn said(value: &Value) -> (String, String) {
    let text = match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Integer(v) => v.to_string(),
        Value::Double(v) => format!("{v:?}"),
        Value::String(v) => v.clone(),
        Value::Other(_) => String::new(),
    };
    (value.type_name().to_owned(), text)
}

#[test]
fn every_parameter_has_the_value_that_it_has_in_rclpy() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/parameters.json");
    let cases: Vec<Case> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(cases.len() > 30);
    for case in cases {
        let files: Vec<&str> = case.files.iter().map(String::as_str).collect();
        let words: Vec<&str> = case.arguments.iter().map(String::as_str).collect();
        let (given, node) = read(&files, &words).unwrap();
        assert_eq!(node.to_string(), case.node, "{words:?}");
        let values = given.into_values();
        let names: Vec<&String> = values.keys().collect();
        let expected: Vec<&String> = case.parameters.keys().collect();
        assert_eq!(names, expected, "{files:?} {words:?}");
        for (name, (kind, text)) in &case.parameters {
            let (found_kind, found) = said(&values[name]);
            // The two languages write numbers differently.
            let is_same = match (found.parse::<f64>(), text.parse::<f64>()) {
                (Ok(a), Ok(b)) if kind == "double" => a == b || (a.is_nan() && b.is_nan()),
                _ => found == *text,
            };
            assert!(
                *kind == found_kind && is_same,
                "{name}: {found_kind} {found}, and in rclpy {kind} {text}, from {files:?} {words:?}"
            );
        }
    }
}

#[test]
fn what_was_given_last_and_has_no_effect_is_told() {
    let any = "/**: {ros__parameters: {rate: 1}}\n";
    let own = "late_fusion: {ros__parameters: {rate: 2, nested: {a: 1}}}\n";
    for (files, arguments, parts) in [
        (
            vec![any, own],
            vec!["-p", "rate:=3"],
            vec![
                "rate is 2, and not 3 as -p",
                "section late_fusion is named later than section /**",
            ],
        ),
        (
            vec![any],
            vec!["-p", "rate:=0.5"],
            vec!["rate is 1, and not 0.5 as -p", "of another type"],
        ),
        (
            vec![any, own, any],
            vec![],
            vec!["rate is 2, and not 1 as", "2.yaml says"],
        ),
        (
            vec![own, own],
            vec!["-p", "late_fusion:nested.a:=7"],
            vec!["nested.a is 1, and not 7", "a second time"],
        ),
    ] {
        let (given, _) = read(&files, &arguments).unwrap();
        assert_eq!(given.warnings.len(), 1, "{:?}", given.warnings);
        for part in parts {
            assert!(
                given.warnings[0].contains(part),
                "{part} in {:?}",
                given.warnings
            );
        }
    }
    for (files, arguments) in [
        (vec![any, own], vec!["-p", "late_fusion:rate:=3"]),
        (vec![own, any], vec!["-p", "rate:=3"]),
        (vec![any, any, own], vec![]),
    ] {
        let (given, _) = read(&files, &arguments).unwrap();
        assert!(given.warnings.is_empty(), "{:?}", given.warnings);
    }
}

#[test]
fn a_section_of_our_name_that_is_not_for_us_is_told() {
    let any = "/**: {ros__parameters: {rate: 1}}\n";
    let elsewhere = ["-r", "__ns:=/arm"];
    for (own, arguments, is_told) in [
        (
            "late_fusion: {ros__parameters: {rate: 2}}",
            &elsewhere[..],
            true,
        ),
        ("/*/late_fusion: {ros__parameters: {rate: 2}}", &[], true),
        (
            "/*/*/late_fusion: {ros__parameters: {rate: 2}}",
            &elsewhere[..],
            true,
        ),
        (
            "/right/late_fusion: {ros__parameters: {rate: 2}}",
            &elsewhere[..],
            false,
        ),
        (
            "camera: {ros__parameters: {rate: 2}}",
            &elsewhere[..],
            false,
        ),
        (
            "/**/late_fusion: {ros__parameters: {rate: 2}}",
            &elsewhere[..],
            false,
        ),
    ] {
        let (given, node) = read(&[any, own], arguments).unwrap();
        assert_eq!(
            given.warnings.len(),
            usize::from(is_told),
            "{own}: {:?}",
            given.warnings
        );
        let told = given.warnings.first().is_none_or(|warning| {
            warning.contains(&node.to_string()) && warning.contains("1.yaml")
        });
        assert!(told, "{:?}", given.warnings);
    }
}

#[test]
fn files_of_which_nothing_is_for_the_node_are_refused_with_their_sections() {
    let camera = "camera: {ros__parameters: {a: 1}}\n/arm/late_fusion: {ros__parameters: {a: 1}}";
    let told = read(&[camera], &[]).unwrap_err().to_string();
    for part in [
        "/late_fusion, only camera, /arm/late_fusion",
        "0.yaml",
        "/**/late_fusion",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(read(&[], &[]).unwrap().0.values.is_empty());
}

#[test]
fn what_other_nodes_are_told_in_a_section_for_all_is_not_refused() {
    let shared = "/**:\n  ros__parameters:\n    use_sim_time: true\n    exposure: 3\n    control_rate: 30.0\n    \
        qos_overrides: {/image: {subscription: {depth: 5}}}\n    start_type_description_service: false\n";
    let (given, _) = read(&[shared], &[]).unwrap();
    let checked = NodeConfig::from_parameters(given).unwrap();
    assert!(checked.config.use_sim_time);
    assert_eq!(checked.warnings.len(), 2, "{:?}", checked.warnings);
    assert!(checked.warnings[0].contains("control_rate in section /**"));
    assert!(checked.warnings[0].contains("did you mean control_rate_hz?"));
    assert!(checked.warnings[1].contains("qos_overrides./image.subscription.depth"));
    let own = shared.replace("/**", "/**/late_fusion");
    let (given, _) = read(&[&own], &[]).unwrap();
    let told = NodeConfig::from_parameters(given).unwrap_err().to_string();
    assert!(told.contains("exposure is unknown") && told.contains("control_rate_hz?"));
    assert!(
        !told.contains("qos_overrides") && !told.contains("start_type"),
        "{told}"
    );
}
