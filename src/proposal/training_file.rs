//! The training file of a proposal.

use std::fmt::Write as _;
use std::path::Path;

use super::command::{Action, Command};
use super::names::quoted;
use super::seen::{Seen, Source};
use crate::message::{MessageType, Quantity, is_path};

/// A pause between labels that separates episodes, in seconds.
const PAUSE_S: f64 = 2.0;

/// On a robot a picture is late, and how late varies: the camera, the network and the encoder take their time.
const LATENCY: &str = "    \
    # On the robot a picture is up to about this much later than in the recording, in seconds.
    latency_s: [0.0, 0.1]
";

const MOVED: &str = "    \
    # Adds how far the joints have moved since the newest picture, so that its latency does not matter.
";

const TYPOS: &str = "  \
  # Text augmentation: typing errors in up to two words of every sentence.
  typos: 2
";

/// What will be different when the robot runs: how bright and of what color the light is, how sharp and noisy the camera, what
/// is in front of it, and how exactly it stands where it stood.
const COPIES: &str = "  \
  # Image augmentation, against changes of light and camera position. Check the examples in the policy's report.html: the
  # task must still be recognizable. Encoding takes three times as long as without.
  augment:
    copies: 2
    brightness: [0.7, 1.4]
    contrast: [0.8, 1.25]
    white_balance: [0.8, 1.2]
    saturation: [0.7, 1.3]
    noise: [0.0, 0.06]
    blur: [0.0, 0.008]
    occlusion: [0.0, 0.2]
    zoom: [0.95, 1.05]
    shift: [-0.05, 0.05]
    rotation_deg: [-3, 3]
    perspective: [0.0, 0.03]
";

/// With comments, ready for `late_fusion train`.
pub(super) fn write(seen: &Seen, commands: &[Command], encoders: &Path, bags: usize) -> String {
    let mut file = String::from(
        "# Training file, written by `late_fusion init` from recordings. config/train/tabletop.yaml of late_fusion explains every key.\n\n\
         name: mine\ndescription: \"\"\n\n# Inputs of the policy. Remove those that it does not need.\nmodalities:\n",
    );
    let sources = seen.sources(commands);
    let late = late_camera(&sources);
    for source in &sources {
        modality(&mut file, source, encoders, late);
    }
    labels(&mut file, commands);
    file += "\n# Action dimensions with the smallest and largest recorded value, slightly rounded; the node never exceeds \
             them.\nactions:\n";
    for command in commands {
        for action in command.used() {
            action_line(&mut file, command, action);
        }
    }
    file += "\n# What an episode is.\n";
    let longest_pause_s = commands
        .first()
        .map_or(0.0, |command| command.longest_pause_s);
    let _ = match (&seen.markers, longest_pause_s > PAUSE_S, bags) {
        (Some(topic), ..) => writeln!(file, "episodes: {{topic: {}}}", quoted(topic)),
        (None, true, 1) => writeln!(
            file,
            "# Labels pause for up to {:.1} s: what lies between two pauses is one.\nepisodes: {{each: gap, gap_s: {PAUSE_S}}}",
            longest_pause_s
        ),
        (None, ..) => writeln!(file, "episodes: {{each: bag}}"),
    };
    file += "\nfusion: {method: concat}\nhead: {kind: mlp, hidden: [256, 256]}\n\
             training:\n  epochs: 40\n  batch_size: 128\n  learning_rate: 0.002\n  weight_decay: 0.01\n  input_noise: 0.3\n  \
             validation_fraction: 0.1\n  seed: 0\n";
    if sources
        .iter()
        .any(|source| source.message == MessageType::String)
    {
        file += TYPOS;
    }
    if sources.iter().any(is_camera) {
        file += COPIES;
    }
    file
}

fn is_camera(source: &Source) -> bool {
    matches!(
        source.message,
        MessageType::Image | MessageType::CompressedImage
    )
}

/// The camera behind which joints have moved on when a command leaves, if there is a camera and joints are sensed.
fn late_camera(sources: &[Source]) -> Option<&str> {
    let has_joints = sources
        .iter()
        .any(|source| source.message == MessageType::JointState);
    let camera = sources.iter().find(|source| is_camera(source))?;
    has_joints.then_some(camera.name.as_str())
}

fn labels(file: &mut String, commands: &[Command]) {
    *file += "\n# Where the labels come from.\naction:\n";
    if let [only] = commands {
        let _ = write!(
            file,
            "  topic: {}\n  message: {}\n  fields: {}\n",
            quoted(&only.topic),
            only.message.ros_name(),
            only.fields()
        );
        if let Some(ahead_s) = only.ahead_s() {
            let _ = writeln!(
                file,
                "  # There are no recorded commands: the label is the position measured ahead_s seconds later. Tune it to how \
                 quickly the robot follows.\n  ahead_s: {ahead_s}"
            );
        }
        return;
    }
    *file += "  # Every message of the first topic is a label, completed with the newest message of each other topic that is no \
              older than max_age_s.\n";
    for (i, command) in commands.iter().enumerate() {
        let max_age = if i > 0 { ", max_age_s: 0.5" } else { "" };
        let _ = writeln!(
            file,
            "  - {{topic: {}, message: {}, fields: {}{max_age}}}",
            quoted(&command.topic),
            command.message.ros_name(),
            command.fields()
        );
    }
}

fn modality(file: &mut String, source: &Source, encoders: &Path, late: Option<&str>) {
    let _ = writeln!(
        file,
        "  - name: {}\n    topic: {}",
        source.name,
        quoted(&source.topic)
    );
    if late.is_some() && is_camera(source) {
        *file += LATENCY;
    }
    let path = |file: &str| quoted(&encoders.join(file).to_string_lossy());
    let _ = match source.message {
        MessageType::String => writeln!(
            file,
            "    kind: text\n    projection: 8\n    projection_hidden: [64]\n    projection_activation: tanh\n    \
             encoder:\n      model: {}\n      tokenizer: {}\n      max_tokens: 256\n      output: last_hidden_state\n      \
             pooling: masked_mean\n      normalize: l2",
            path("minilm_l6/model.onnx"),
            path("minilm_l6/tokenizer.json")
        ),
        MessageType::JointState => {
            // A name with a dot in it would be taken for a path, so that all are asked for by paths.
            let are_paths = source.numbers.iter().any(|name| is_path(name));
            let names = source.numbers.iter().map(|name| match are_paths {
                true => quoted(&format!("position[{name}]")),
                false => quoted(name),
            });
            let names: Vec<String> = names.collect();
            let _ = writeln!(file, "    kind: vector\n    names: [{}]", names.join(", "));
            late.map_or(Ok(()), |camera| {
                writeln!(file, "{MOVED}    moved_since: {camera}")
            })
        }
        MessageType::Defined(_) => writeln!(
            file,
            "    kind: vector\n    names: [{}]",
            source.numbers.join(", ")
        ),
        _ => writeln!(
            file,
            "    kind: image\n    encoder:\n      model: {}\n      input: {{name: pixel_values, width: 224, height: 224, rescale: \
             1.0, mean: [127, 127, 127], std: [128, 128, 128]}}\n      output: features_14x14\n      pooling: grid\n      cells: 4",
            path("efficientnet_lite0/model.onnx")
        ),
    };
}

fn action_line(file: &mut String, command: &Command, action: &Action) {
    let (low, high) = rounded(action.range);
    let (unit, stop) = match command.quantity(action) {
        Some(Quantity::Positions) => ("rad", String::new()),
        Some(Quantity::Velocities) => (velocity_unit(&action.field), ", stop: 0".to_owned()),
        Some(Quantity::Effort | Quantity::Accelerations) => ("N", ", stop: 0".to_owned()),
        // Whoever knows what it is says where it stops.
        None => ("1", String::new()),
    };
    let (low, high) = match stop.is_empty() {
        true => (low, high),
        false => (low.min(0.0), high.max(0.0)),
    };
    let _ = writeln!(
        file,
        "  - {{name: {}, unit: {}, min: {low:?}, max: {high:?}{stop}}}",
        action.name,
        quoted(unit)
    );
}

/// A joint may turn or slide; within a twist it is known.
fn velocity_unit(field: &str) -> &'static str {
    match field.split('.').next() {
        Some("linear") => "m/s",
        Some("angular") => "rad/s",
        _ => "1/s",
    }
}

/// Outwards to three digits, and apart.
fn rounded((low, high): (f64, f64)) -> (f64, f64) {
    if low > high {
        return (-1.0, 1.0);
    }
    let size = low.abs().max(high.abs()).max(1e-6);
    let step = 10_f64.powf(size.log10().floor() - 2.0);
    // What is a hair beyond a round number is that number.
    let hair = 1e-6;
    let (low, high) = (
        (low / step + hair).floor() * step,
        (high / step - hair).ceil() * step,
    );
    let digits = |value: f64| format!("{value:.6e}").parse().unwrap_or(value);
    match low < high {
        true => (digits(low), digits(high)),
        false => (digits(low - step), digits(high + step)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_rounded_outwards_and_never_meet() {
        assert_eq!(rounded((-0.12345, 1.0)), (-0.13, 1.0));
        assert_eq!(
            rounded((-0.4000000000000001, 0.30000000000000004)),
            (-0.4, 0.3)
        );
        assert_eq!(rounded((0.5, 0.5)), (0.499, 0.501));
        assert_eq!(rounded((f64::INFINITY, f64::NEG_INFINITY)), (-1.0, 1.0));
        let (low, high) = rounded((1234.5, 9876.5));
        assert!(
            low <= 1234.5 && (9876.5..9900.0).contains(&high),
            "{low} {high}"
        );
    }
}
