//! Starting ROS: command line and environment are checked before r2r sees them, because it panics on what rcl cannot parse,
//! and says of the rest no more than a number.

use std::panic::{self, AssertUnwindSafe};

use super::environment;
use crate::config::{Given, NodeName, Overrides, RosArguments};
use crate::errors::ConfigErrors;

/// A node of this process.
pub struct Created {
    /// The node.
    pub node: r2r::Node,
    /// The ROS arguments of the command line.
    pub arguments: RosArguments,
    /// What parameter files and `-p` give.
    pub overrides: Overrides,
}

impl Created {
    /// What is given to this node, by the name that ROS knows it by.
    ///
    /// # Errors
    /// Parameter files of which no section is for it.
    pub fn given(&self) -> Result<Given, ConfigErrors> {
        // A node that exists has both.
        let namespace = self.node.namespace().unwrap_or_default();
        let name = self.node.name().unwrap_or_default();
        self.overrides.of(&NodeName::new(&namespace, &name))
    }
}

/// Creates the node, with the remappings of this process' command line, and reads the parameters that it gives.
///
/// # Errors
/// A parameter file that is missing or malformed, `--ros-args` that ROS cannot parse, an environment that it cannot use.
pub fn create_node(name: &str) -> Result<Created, ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let read = RosArguments::of_process()
        .and_then(|arguments| Ok((Overrides::read(&arguments)?, arguments)))
        .map_err(|found| errors.extend(found));
    let is_logged = read
        .as_ref()
        .is_ok_and(|(_, arguments)| !arguments.is_log_file_disabled());
    if let Err(found) = environment::check(is_logged) {
        errors.extend(found);
    }
    let (overrides, arguments) = match read {
        Ok(read) if errors.is_empty() => read,
        _ => return Err(errors),
    };
    // r2r unwraps what rcl says of the remaining mistakes, after printing it.
    let silenced = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let created = panic::catch_unwind(AssertUnwindSafe(|| {
        r2r::Context::create().and_then(|context| r2r::Node::create(context, name, ""))
    }));
    panic::set_hook(silenced);
    match created {
        Ok(Ok(node)) => Ok(Created {
            node,
            arguments,
            overrides,
        }),
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
    let words = std::env::args_os().skip(1);
    let words = words.map(|word| word.to_string_lossy().into_owned());
    words.collect::<Vec<_>>().join(" ")
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it could not be parsed")
}

/// Refuses what is not after `--ros-args`, where a program has no arguments of its own.
///
/// # Errors
/// Every word that nobody would read.
pub fn refuse_other_arguments(
    arguments: impl IntoIterator<Item = String>,
) -> Result<(), ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let mut is_ours = false;
    for argument in arguments.into_iter().skip(1) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
