//! The node's parameter file of a proposal.

use std::fmt::Write as _;

use super::command::{Command, joint_of};
use super::names::{as_name, quoted};
use super::options::Options;
use super::seen::Seen;
use crate::message::MessageType;

/// How much faster than in nearly all of the recordings a number may change.
const MARGIN: f64 = 1.5;

/// With comments, ready for the node once the policy is trained.
pub(super) fn write(seen: &Seen, commands: &[Command], options: &Options) -> String {
    let rate_hz = commands.iter().map(Command::rate_hz).fold(1.0, f64::max);
    let mut file = format!(
        "# Parameters of the node, written by `late_fusion init` from recordings. config/late_fusion.param.yaml of late_fusion \
         explains every parameter.\n\n/**/late_fusion:\n  ros__parameters:\n    policy: {}\n\n    # The rate of the labels.\n    \
         control_rate_hz: {:?}\n\n    modalities:\n",
        quoted(&options.policy.to_string_lossy()),
        rate_hz
    );
    for source in seen.sources(commands) {
        let _ = writeln!(
            file,
            "      {}:\n        topic: {}\n        message: {}",
            source.name,
            quoted(&source.topic),
            source.message.ros_name()
        );
    }
    file += "\n    action:\n      # The command topic. Change it to the robot's once nothing else publishes commands there.\n";
    match commands {
        [only] => command_topic(&mut file, only, options, "      ", "late_fusion/command"),
        several => {
            file += "      commands:\n";
            for command in several {
                let name = as_name(&command.topic);
                let _ = writeln!(file, "        {name}:");
                let topic = format!("late_fusion/{name}");
                command_topic(&mut file, command, options, "          ", &topic);
                let _ = writeln!(file, "          rate_hz: {:?}", command.rate_hz());
            }
        }
    }
    let _ = writeln!(
        file,
        "      # {MARGIN} times the 99th percentile of the recorded change per second, reached within one period. Narrow them for \
         your robot.\n      limits:"
    );
    for action in commands.iter().flat_map(Command::used) {
        let span = (action.range.1 - action.range.0).max(1e-3);
        let fastest = (MARGIN * action.fastest()).max(0.01 * span).max(0.001);
        let _ = writeln!(
            file,
            "        {}: {{max_rate: {fastest:.3}, max_acceleration: {:.3}}}",
            action.name,
            fastest * rate_hz
        );
    }
    // With several command topics those are recorded themselves.
    let shown = match commands {
        [only] if only.leads || !only.is_measured() => Some(only),
        _ => None,
    };
    if seen.markers.is_some() || shown.is_some() {
        let _ = writeln!(
            file,
            "\n    # What `late_fusion record` records in addition.\n    record:"
        );
    }
    if let Some(command) = shown {
        let topic = quoted(&command.topic);
        let _ = writeln!(file, "      expert_action_topic: {topic}");
        if command.leads {
            let message = command.message.ros_name();
            let _ = writeln!(file, "      expert_action_message: {message}");
        }
    }
    if let Some(topic) = &seen.markers {
        let _ = writeln!(file, "      episode_topic: {}", quoted(topic));
    }
    file
}

/// A topic, its message and its fields, each line behind `indent`.
fn command_topic(
    file: &mut String,
    command: &Command,
    options: &Options,
    indent: &str,
    topic: &str,
) {
    let message = match command.message {
        MessageType::Defined(_) => options.positions_by,
        known => known,
    };
    let is_array = command.is_measured() && message == MessageType::Float64MultiArray;
    let _ = writeln!(
        file,
        "{indent}topic: {topic}\n{indent}message: {}\n{indent}fields:",
        message.ros_name()
    );
    if is_array {
        let _ = writeln!(
            file,
            "{indent}  # In the order of the messages of {}: compare it with your controller's `joints`.",
            command.topic
        );
    }
    for (index, action) in command.used().enumerate() {
        let field = match command.message {
            MessageType::Defined(_) if is_array => format!("data.{index}"),
            MessageType::Defined(_) => format!(
                "positions.{}",
                joint_of(&action.field).unwrap_or(&action.name)
            ),
            _ => action.field.clone(),
        };
        let _ = writeln!(file, "{indent}  {}: {}", action.name, quoted(&field));
    }
}
