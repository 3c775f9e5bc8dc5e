//! `late_fusion explain`: what moved the robot in a recording.

use std::path::PathBuf;

use late_fusion::errors::ConfigErrors;
use late_fusion::explain::{DecisionKind, Explanation, Options, explain};

use super::parameters::parameters;

/// Show what moved the robot in a recording, as a plot over time.
///
/// Replays a bag through the node's own control loop. The plot shows the camera pictures, the instructions, the
/// contribution of each modality to each action dimension (exact Shapley values), the fusion's weights or votes if its method
/// has them, and the actions of this policy next to the recorded ones. A modality that was missing or older than max_age_s of
/// the parameter file leaves a gap; where the node would have stopped, the plot gives the reason. Encoding is assumed to take
/// no time.
///
/// Writes explanation.svg, which any browser opens, and explanation.json with the same values.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  late_fusion explain --bag demonstrations/monday --policy models/policies/tabletop\n  \
    late_fusion explain --bag demonstrations/monday --params-file my.param.yaml --episode 3 --from 1.5 --to 4 --out third"
)]
pub struct Arguments {
    /// The recording: an MCAP file, a rosbag2 folder, a LeRobot dataset, or a folder that contains one recording.
    #[arg(long, value_name = "BAG")]
    bag: PathBuf,

    /// Policy folder to use instead of the one in the parameter file.
    #[arg(long, value_name = "FOLDER")]
    policy: Option<PathBuf>,

    /// The node's parameter file: topics, ages, limits and the control rate. May be repeated; later files override earlier ones.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "config/late_fusion.param.yaml"
    )]
    params_file: Vec<PathBuf>,

    /// Output folder.
    #[arg(long, value_name = "FOLDER", default_value = "explanation")]
    out: PathBuf,

    /// Episode to explain, counted from 1 [default: the first, or the whole recording if none is marked].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    episode: Option<u32>,

    /// Start, in seconds from the beginning of the episode or recording.
    #[arg(long, value_name = "SECONDS")]
    from: Option<f64>,

    /// End, in seconds from the beginning of the episode or recording.
    #[arg(long, value_name = "SECONDS")]
    to: Option<f64>,

    /// Explain only every n-th command [default: as many commands as fit the plot].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    every: Option<u32>,

    /// ROS arguments after --ros-args: which robot is meant (-r __ns:=/left), other parameters (-p).
    #[arg(
        allow_hyphen_values = true,
        trailing_var_arg = true,
        value_name = "--ros-args"
    )]
    ros_arguments: Vec<String>,
}

/// Explains, and says in a few lines what was found.
///
/// # Errors
/// Every problem that keeps it from working.
pub fn run(arguments: Arguments) -> Result<(), ConfigErrors> {
    let mut errors = ConfigErrors::new();
    for (name, value) in [("--from", arguments.from), ("--to", arguments.to)] {
        if let Some(value) = value.filter(|seconds| !(seconds.is_finite() && *seconds >= 0.0)) {
            errors.add(format!("{name} is {value}; it must be 0 or more seconds"));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let explanation = explain(&Options {
        parameters: parameters(&arguments.params_file, &arguments.ros_arguments)?,
        policy: arguments.policy,
        bag: arguments.bag,
        out: arguments.out,
        episode: arguments.episode.map(|number| number as usize),
        from_s: arguments.from,
        to_s: arguments.to,
        every: arguments.every.map(|number| number as usize),
    })?;
    print_summary(&explanation);
    Ok(())
}

fn print_summary(explanation: &Explanation) {
    let figures = &explanation.figures;
    let acted = figures
        .samples
        .iter()
        .filter(|m| m.decision == DecisionKind::Act);
    println!(
        "{}: {} samples, of which the node would have acted in {}",
        figures.part,
        figures.samples.len(),
        acted.count()
    );
    println!("share of each modality in the contributions:");
    for (name, shares) in figures.modalities.iter().zip(&figures.shares) {
        let of_each: Vec<String> = figures
            .actions
            .iter()
            .zip(shares)
            .map(|(action, share)| format!("{} {:.0} %", action.name, 100.0 * share))
            .collect();
        println!("  {name}: {}", of_each.join(", "));
    }
    for note in &figures.notes {
        eprintln!("WARNING: {note}");
    }
    println!(
        "wrote {} and {}",
        explanation.picture.display(),
        explanation.numbers.display()
    );
}
