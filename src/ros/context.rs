//! Starting ROS: the command line is checked before r2r sees it, because r2r panics on what it cannot parse.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use crate::errors::ConfigErrors;

/// Creates the node, with the parameters and remappings of this process' command line.
///
/// # Errors
/// A parameter file that is missing or malformed, or `--ros-args` that ROS cannot parse.
pub fn create_node(name: &str) -> Result<r2r::Node, ConfigErrors> {
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

/// What rcl lets follow `--ros-args`, each with a value.
const WITH_VALUE: [&str; 10] = [
    "-p",
    "--param",
    "-r",
    "--remap",
    "-e",
    "--enclave",
    "--log-level",
    "--log-config-file",
    "--log-file-name",
    "--params-file",
];

/// What rcl lets be enabled and disabled there.
const SWITCHES: [&str; 3] = ["rosout-logs", "stdout-logs", "external-lib-logs"];

/// Finds what rcl leaves out without a word, what it fails at and r2r panics on: words that are no ROS arguments, and
/// parameter files that are missing, unreadable or no YAML.
fn check_arguments(mut arguments: impl Iterator<Item = String>) -> Result<(), ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let mut is_ours = false;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--ros-args" => is_ours = true,
            "--" => is_ours = false,
            _ if !is_ours => {}
            "--params-file" => match arguments.next() {
                Some(path) => check_parameter_file(Path::new(&path), &mut errors),
                None => errors
                    .add("--params-file is the last argument; the path of a file must follow"),
            },
            // What is wrong with their values, rcl says.
            flag if WITH_VALUE.contains(&flag) => drop(arguments.next()),
            flag if is_switch(flag) => {}
            other => errors.add(format!(
                "argument {other:?} after --ros-args is not understood; allowed: {}, and --enable- or --disable- \
                 with {}",
                WITH_VALUE.join(", "),
                SWITCHES.join(", ")
            )),
        }
    }
    errors.or(())
}

fn is_switch(flag: &str) -> bool {
    let name = flag
        .strip_prefix("--enable-")
        .or_else(|| flag.strip_prefix("--disable-"));
    name.is_some_and(|name| SWITCHES.contains(&name))
}

/// Refuses what is not after `--ros-args`, where a program has no arguments of its own.
///
/// # Errors
/// Every word that nobody would read.
pub fn refuse_other_arguments(arguments: impl Iterator<Item = String>) -> Result<(), ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let mut is_ours = false;
    for argument in arguments.skip(1) {
        match argument.as_str() {
            "--ros-args" => is_ours = true,
            "--" => is_ours = false,
            _ if is_ours => {}
            other => errors.add(format!(
                "argument {other:?} is not understood; only --ros-args and what belongs to it is allowed, for \
                 example --ros-args --params-file FILE"
            )),
        }
    }
    errors.or(())
}

fn check_parameter_file(path: &Path, errors: &mut ConfigErrors) {
    let place = path.display();
    match std::fs::read_to_string(path) {
        Err(e) => errors.add(format!("--params-file {place}: {e}")),
        Ok(text) => match serde_yaml::from_str::<serde_yaml::Value>(&text) {
            Err(e) => errors.add(format!("--params-file {place}: not a YAML file: {e}")),
            Ok(serde_yaml::Value::Mapping(_)) => {}
            Ok(_) => errors.add(format!(
                "--params-file {place}: it has no sections; expected is a node's name, under it ros__parameters, \
                 and under that the parameters"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str]) -> Result<(), ConfigErrors> {
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
        assert!(check(&["record", "--out", "x", "--ros-args", "--", "--params-file"]).is_ok());
    }

    #[test]
    fn everything_that_rcl_knows_passes_and_a_misspelt_flag_does_not() {
        let known = "node --ros-args -p a:=1 -r b:=c --log-level info --enable-rosout-logs --disable-stdout-logs -e /x";
        let known: Vec<&str> = known.split(' ').collect();
        assert!(check(&known).is_ok());
        let text = check(&["node", "--ros-args", "--param-file", "x.yaml"])
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("--param-file") && text.contains("x.yaml"),
            "{text}"
        );
    }

    #[test]
    fn a_file_without_sections_is_no_parameter_file() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("text.yaml");
        std::fs::write(&text, "just text").unwrap();
        let found = check(&[
            "node",
            "--ros-args",
            "--params-file",
            text.to_str().unwrap(),
        ]);
        assert!(found.unwrap_err().to_string().contains("no sections"));
    }

    #[test]
    fn a_program_without_arguments_of_its_own_refuses_them() {
        let refuse = |words: &str| refuse_other_arguments(words.split(' ').map(str::to_owned));
        assert!(refuse("node --ros-args -p a:=1 --").is_ok());
        let text = refuse("node --params-file x.yaml").unwrap_err().to_string();
        assert!(
            text.contains("--params-file") && text.contains("--ros-args"),
            "{text}"
        );
    }
}
