//! Which robot a tool works for: a parameter file may hold a section for each of several.

use super::arguments::RosArguments;
use super::node_name::NodeName;
use super::overrides::Overrides;
use crate::errors::ConfigErrors;

/// The nodes that a tool may work for: the one that the command line names, otherwise every one that a section names in
/// full, otherwise the one at the root.
pub fn robots(arguments: &RosArguments, overrides: &Overrides, name: &str) -> Vec<NodeName> {
    let node = arguments.node(name);
    if arguments.names_a_node(name) {
        return vec![node];
    }
    match overrides.robots(name) {
        robots if robots.is_empty() => vec![node],
        robots => robots,
    }
}

/// The node that a tool works for.
///
/// # Errors
/// Several robots in the parameter file, and none of them named.
pub fn only_robot(
    arguments: &RosArguments,
    overrides: &Overrides,
    name: &str,
) -> Result<NodeName, ConfigErrors> {
    let robots = robots(arguments, overrides, name);
    if let [robot] = &robots[..] {
        return Ok(robot.clone());
    }
    let names: Vec<String> = robots.iter().map(NodeName::to_string).collect();
    Err(format!(
        "the parameters are for several robots, {}; say which one is meant, for example with --ros-args -r __ns:={}",
        names.join(" and "),
        robots[0].namespace()
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn robots_in(file: &str, words: &str) -> (Vec<String>, Result<String, String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yaml");
        std::fs::write(&path, file).unwrap();
        let words = words.split_whitespace().map(str::to_owned);
        let arguments = RosArguments::parse(words).unwrap().after_files([path]);
        let overrides = Overrides::read(&arguments).unwrap();
        let found = robots(&arguments, &overrides, "late_fusion");
        let only = only_robot(&arguments, &overrides, "late_fusion");
        (
            found.iter().map(NodeName::to_string).collect(),
            only.map(|node| node.to_string()).map_err(|e| e.to_string()),
        )
    }

    const TWO: &str = "/**: {ros__parameters: {a: 1}}\n/left/late_fusion: {ros__parameters: {b: 1}}\n\
        /right/late_fusion: {ros__parameters: {b: 2}}\n/left/camera: {ros__parameters: {c: 1}}\n";

    #[test]
    fn two_robots_in_a_file_are_both_named_and_neither_is_taken() {
        let (found, only) = robots_in(TWO, "");
        assert_eq!(found, ["/left/late_fusion", "/right/late_fusion"]);
        let told = only.unwrap_err();
        for part in ["/left/late_fusion", "/right/late_fusion", "-r __ns:=/left"] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }

    #[test]
    fn the_one_that_is_asked_for_is_taken() {
        let (found, only) = robots_in(TWO, "--ros-args -r __ns:=/right");
        assert_eq!(found, ["/right/late_fusion"]);
        assert_eq!(only.as_deref(), Ok("/right/late_fusion"));
    }

    #[test]
    fn one_robot_alone_is_meant_and_without_any_the_one_at_the_root() {
        let one = "/**: {ros__parameters: {a: 1}}\n/arm/late_fusion: {ros__parameters: {b: 1}}\n";
        assert_eq!(robots_in(one, "").1.as_deref(), Ok("/arm/late_fusion"));
        let any = "/**/late_fusion: {ros__parameters: {a: 1}}\n";
        assert_eq!(robots_in(any, "").1.as_deref(), Ok("/late_fusion"));
        let root = "late_fusion: {ros__parameters: {a: 1}}\n";
        assert_eq!(robots_in(root, "").1.as_deref(), Ok("/late_fusion"));
    }
}
