//! `late_fusion explain`: what moved the robot in a recording.

use std::path::PathBuf;

use late_fusion::errors::ConfigErrors;
use late_fusion::explain::{DecisionKind, Explanation, Options, explain};

use super::parameters::parameters;

/// Show what moved the robot in a recording: a picture over time.
///
/// Lets the node's own control loop go through a bag once more. The picture shows what the cameras saw, what was said,
/// what each modality contributed to each number of the action (exact Shapley values), the weights or votes of the fusion
/// where its method has them, and the actions: this policy's, and the recorded ones beside it. What was absent or too old,
/// by max_age_s of the parameter file, leaves a gap, and where the node would have stopped, the picture says why. Encoders
/// are taken to need no time.
///
/// Writes explanation.svg, which any browser opens, and explanation.json with the same numbers.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  late_fusion explain --bag demonstrations/monday --policy models/policies/tabletop\n  \
    late_fusion explain --bag demonstrations/monday --params-file my.param.yaml --episode 3 --from 1.5 --to 4 --out third"
)]
pub struct Arguments {
    /// The recording: an MCAP file, a folder of rosbag2, a LeRobot dataset, or a folder that holds one recording.
    #[arg(long, value_name = "BAG")]
    bag: PathBuf,

    /// The policy's folder, instead of the one in the parameter file.
    #[arg(long, value_name = "FOLDER")]
    policy: Option<PathBuf>,

    /// The node's parameter file: topics, ages, limits and the control rate. Of several the later one wins.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "config/late_fusion.param.yaml"
    )]
    params_file: Vec<PathBuf>,

    /// Where the picture and the numbers go.
    #[arg(long, value_name = "FOLDER", default_value = "explanation")]
    out: PathBuf,

    /// Which episode, counted from 1 [default: the first, or the whole recording where none is marked].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    episode: Option<u32>,

    /// The first second to show, from the beginning of the episode or recording.
    #[arg(long, value_name = "SECONDS")]
    from: Option<f64>,

    /// The last second to show.
    #[arg(long, value_name = "SECONDS")]
    to: Option<f64>,

    /// Explain only every how-manieth command [default: as many commands as fit the picture].
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    every: Option<u32>,

    /// What follows --ros-args is for ROS: which robot is meant (-r __ns:=/left), other parameters (-p).
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
    println!("share of each modality in what was contributed:");
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
