//! Starting ROS: the command line is checked before r2r sees it, because r2r panics on what it cannot parse.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use crate::problems::Problems;

/// Creates the node, with the parameters and remappings of this process' command line.
///
/// # Errors
/// A parameter file that is missing or malformed, or `--ros-args` that ROS cannot parse.
pub fn create_node(name: &str) -> Result<r2r::Node, Problems> {
    check_arguments(std::env::args())?;
    // r2r unwraps what rcl says of the remaining mistakes, after printing it.
    let silenced = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let created = panic::catch_unwind(AssertUnwindSafe(|| {
        r2r::Context::create().and_then(|context| r2r::Node::create(context, name, ""))
    }));
    panic::set_hook(silenced);
    match created {
        Ok(Ok(node)) => Ok(node),
        Ok(Err(e)) => Err(format!("ROS could not start the node {name}: {e}").into()),
        Err(panic) => Err(format!(
            "ROS cannot use the command line {:?}: {}; expected for example \
             --ros-args --params-file FILE -p control_rate_hz:=40.0 -r action:=/arm/action --log-level info",
            arguments_text(),
            panic_text(panic.as_ref())
        )
        .into()),
    }
}

fn arguments_text() -> String {
    std::env::args().skip(1).collect::<Vec<_>>().join(" ")
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it could not be parsed")
}

/// Finds what would make rcl fail: a NUL, and parameter files that are missing, unreadable or no YAML.
fn check_arguments(arguments: impl Iterator<Item = String>) -> Result<(), Problems> {
    let mut problems = Problems::new();
    let mut arguments = arguments.skip_while(|argument| argument != "--ros-args");
    while let Some(argument) = arguments.next() {
        if argument != "--params-file" {
            continue;
        }
        match arguments.next() {
            Some(path) => check_parameter_file(Path::new(&path), &mut problems),
            None => {
                problems.add("--params-file is the last argument; the path of a file must follow")
            }
        }
    }
    problems.or(())
}

fn check_parameter_file(path: &Path, problems: &mut Problems) {
    let place = path.display();
    match std::fs::read_to_string(path) {
        Err(e) => problems.add(format!("--params-file {place}: {e}")),
        Ok(text) => {
            if let Err(e) = serde_yaml::from_str::<serde_yaml::Value>(&text) {
                problems.add(format!("--params-file {place}: not a YAML file: {e}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str]) -> Result<(), Problems> {
        check_arguments(arguments.iter().map(|a| (*a).to_owned()))
    }

    #[test]
    fn every_bad_parameter_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let broken = folder.path().join("broken.yaml");
        std::fs::write(&broken, "late_fusion: [").unwrap();
        let broken = broken.to_str().unwrap();
        let found = check(&[
            "node",
            "--ros-args",
            "--params-file",
            "/nowhere.yaml",
            "--params-file",
            broken,
            "--params-file",
        ]);
        let text = found.unwrap_err().to_string();
        assert!(
            text.contains("/nowhere.yaml") && text.contains("broken.yaml"),
            "{text}"
        );
        assert_eq!(
            text.lines().filter(|line| line.starts_with("  - ")).count(),
            3
        );
    }

    #[test]
    fn arguments_before_ros_args_are_not_ours() {
        assert!(check(&["node", "--params-file", "/nowhere.yaml"]).is_ok());
    }
}
