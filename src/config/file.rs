//! Parameter files read without ROS, for `late_fusion check` and `late_fusion record`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_yaml::Value as Yaml;

use super::Value;
use crate::errors::ConfigErrors;

/// The node's name, unless it is remapped.
pub const NODE_NAME: &str = "late_fusion";

/// Reads the parameters that a ROS 2 parameter file gives to a node: the sections `/**` and that of its name (with or without a
/// namespace), the later one winning, nested names joined with dots.
///
/// # Errors
/// A file that cannot be read, is no YAML, or has no section for the node.
pub fn read(path: &Path, name: &str) -> Result<BTreeMap<String, Value>, ConfigErrors> {
    let place = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| format!("parameter file {place}: {e}"))?;
    parse(&text, name)
        .map_err(|problem| ConfigErrors::from(format!("parameter file {place}: {problem}")))
}

fn parse(text: &str, name: &str) -> Result<BTreeMap<String, Value>, String> {
    let yaml: Yaml = serde_yaml::from_str(text).map_err(|e| e.to_string())?;
    let expected = format!("expected\n    {name}:\n      ros__parameters:\n        …");
    let sections = yaml
        .as_mapping()
        .ok_or_else(|| format!("it has no sections; {expected}"))?;
    let mut parameters = BTreeMap::new();
    let mut found = false;
    for (node, section) in sections {
        let node = node.as_str().unwrap_or_default();
        let own = node.rsplit('/').next().unwrap_or_default();
        if !(own == name || own == "**") {
            continue;
        }
        let section = section
            .get("ros__parameters")
            .ok_or_else(|| format!("section {node} has no ros__parameters; {expected}"))?;
        flatten("", section, &mut parameters);
        found = true;
    }
    match found {
        true => Ok(parameters),
        false => {
            let there: Vec<&str> = sections.keys().filter_map(Yaml::as_str).collect();
            Err(format!(
                "it has no section {name}, only {}; {expected}",
                there.join(", ")
            ))
        }
    }
}

fn flatten(prefix: &str, yaml: &Yaml, parameters: &mut BTreeMap<String, Value>) {
    let value = match yaml {
        Yaml::Mapping(map) => {
            for (key, inner) in map {
                let key = key
                    .as_str()
                    .map_or_else(|| scalar(key).to_string(), str::to_owned);
                let dot = if prefix.is_empty() { "" } else { "." };
                flatten(&format!("{prefix}{dot}{key}"), inner, parameters);
            }
            return;
        }
        other => scalar(other),
    };
    parameters.insert(prefix.to_owned(), value);
}

fn scalar(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Bool(v) => Value::Bool(*v),
        Yaml::Number(n) => match n.as_i64() {
            Some(v) => Value::Integer(v),
            None => Value::Double(n.as_f64().unwrap_or(f64::NAN)),
        },
        Yaml::String(v) => Value::String(v.clone()),
        Yaml::Sequence(_) => Value::Other("list".into()),
        Yaml::Tagged(tagged) => Value::Other(format!("value tagged {}", tagged.tag)),
        Yaml::Null | Yaml::Mapping(_) => Value::Other("empty value".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_names_are_joined_with_dots() {
        let text = "late_fusion:\n  ros__parameters:\n    a: 1\n    b:\n      c: x\n      d: 0.5\n";
        let parameters = parse(text, NODE_NAME).unwrap();
        assert_eq!(parameters["a"], Value::Integer(1));
        assert_eq!(parameters["b.c"], Value::String("x".into()));
        assert_eq!(parameters["b.d"], Value::Double(0.5));
    }

    #[test]
    fn the_wildcard_and_a_namespace_count_and_other_nodes_do_not() {
        let text = "/**: {ros__parameters: {a: 1}}\n/arm/late_fusion: {ros__parameters: {b: 2}}\n\
                    camera: {ros__parameters: {c: 3}}\n";
        let names = |node| -> Vec<String> { parse(text, node).unwrap().into_keys().collect() };
        assert_eq!(names(NODE_NAME), ["a", "b"]);
        assert_eq!(names("camera"), ["a", "c"]);
    }

    #[test]
    fn a_file_for_another_node_says_which_sections_it_has() {
        let problem = parse("camera: {ros__parameters: {c: 3}}", NODE_NAME).unwrap_err();
        assert!(problem.contains("only camera"), "{problem}");
        assert!(parse("just text", NODE_NAME).is_err());
        assert!(
            parse("late_fusion: {policy: x}", NODE_NAME)
                .unwrap_err()
                .contains("ros__parameters")
        );
        assert!(parse("late_fusion: [", NODE_NAME).is_err());
    }
}
