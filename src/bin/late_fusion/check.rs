//! `late_fusion check`: what a node would run, or everything that keeps it from running; and what recordings are good for.

use std::path::{Path, PathBuf};

use late_fusion::config::{
    Checked, CommandConfig, ENCODER_NAME, EncoderConfig, Given, Loaded, LoadedEncoder, NODE_NAME,
    NodeConfig, Overrides, Wiring, robots,
};
use late_fusion::errors::ConfigErrors;
use late_fusion::safety::Stop;
use late_fusion::spec::{HeadSpec, PolicySpec};

use super::check_bag;
use super::parameters::parameters;

/// Check a parameter file with its policy and encoders, or recordings, without ROS running.
///
/// With --params-file: reports all errors together and exits with status 1, or prints a table of what the node would run.
///
/// With --bag: lists the topics of recordings and warns of anomalies. With a training file as well: also what a training
/// would find in them (episodes, labels, and the age of each modality at the labels); exits with status 1 if that training
/// would fail.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// With --bag: the training file to check the recordings against.
    #[arg(value_name = "TRAINING_FILE", allow_hyphen_values = true)]
    training: Option<String>,

    /// The node's parameter file. May be repeated; later files override earlier ones.
    #[arg(long, value_name = "FILE", required_unless_present = "bag")]
    params_file: Vec<PathBuf>,

    /// Recordings to check instead: MCAP files, rosbag2 folders, LeRobot datasets, or folders to search for them.
    #[arg(long, value_name = "BAG", num_args = 1.., conflicts_with_all = ["params_file", "policy", "encoder"])]
    bag: Vec<PathBuf>,

    /// With --bag: write the first decodable picture of each camera to this folder.
    #[arg(long, value_name = "FOLDER", requires = "bag")]
    pictures: Option<PathBuf>,

    /// With --bag and a training file: path of libonnxruntime.so [default: the environment variable
    /// LATE_FUSION_ONNXRUNTIME, then the folder of this installation].
    #[cfg(feature = "train")]
    #[arg(long, value_name = "FILE", requires = "bag")]
    onnxruntime: Option<PathBuf>,

    /// A policy folder to check instead of the one in the parameter file.
    #[arg(long, value_name = "FOLDER")]
    policy: Option<PathBuf>,

    /// Check the file as that of a late_fusion_encoder, which encodes one modality on another machine; give the node's name if
    /// it differs.
    #[arg(long, value_name = "NODE", num_args = 0..=1, default_missing_value = ENCODER_NAME)]
    encoder: Option<String>,

    /// ROS arguments after --ros-args: which robot is meant (-r __ns:=/left), other parameters (-p). Without them every
    /// robot named in the file is checked.
    #[arg(
        allow_hyphen_values = true,
        trailing_var_arg = true,
        value_name = "--ros-args"
    )]
    ros_arguments: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  late_fusion check --params-file config/late_fusion.param.yaml
  late_fusion check --encoder --params-file config/late_fusion_encoder.param.yaml
  late_fusion check --params-file robots.param.yaml --ros-args -r __ns:=/left
  late_fusion check --bag last_week/
  late_fusion check my_training.yaml --bag demonstrations --pictures seen";

/// Checks, and prints the table.
///
/// # Errors
/// Every problem of the parameter file, the policy and its encoders; or everything for which a training would fail.
pub fn run(arguments: Arguments) -> Result<(), ConfigErrors> {
    // What begins with a dash is the beginning of what is for ROS.
    let is_file = |word: &String| !arguments.bag.is_empty() && !word.starts_with('-');
    let training = arguments
        .training
        .clone()
        .filter(is_file)
        .map(PathBuf::from);
    let words = arguments.training.iter().filter(|word| !is_file(word));
    let ros_arguments: Vec<String> = words.chain(&arguments.ros_arguments).cloned().collect();
    if !arguments.bag.is_empty() {
        // Recordings have nothing for ROS to say.
        parameters(&[], &ros_arguments)?;
        return check_bag::run(&check_bag::Wanted {
            training,
            bags: arguments.bag,
            pictures: arguments.pictures,
            #[cfg(feature = "train")]
            onnxruntime: arguments.onnxruntime,
        });
    }
    let ros = parameters(&arguments.params_file, &ros_arguments)?;
    let overrides = Overrides::read(&ros)?;
    let name = arguments.encoder.as_deref().unwrap_or(NODE_NAME);
    let robots = robots(&ros, &overrides, name);
    let mut errors = ConfigErrors::new();
    for robot in &robots {
        if robots.len() > 1 {
            println!("{}{robot}:", if *robot == robots[0] { "" } else { "\n" });
        }
        let policy = arguments.policy.as_deref();
        let checked = overrides
            .of(robot)
            .and_then(|given| match arguments.encoder {
                Some(_) => check_encoder(given, policy),
                None => check_node(given, policy),
            });
        match checked {
            Ok(()) => {}
            Err(found) if robots.len() > 1 => errors.add_all(&robot.to_string(), found),
            Err(found) => errors.extend(found),
        }
    }
    errors.or(())
}

fn check_node(given: Given, policy: Option<&Path>) -> Result<(), ConfigErrors> {
    let Checked {
        mut config,
        warnings,
        ..
    } = NodeConfig::from_parameters(given)?;
    if let Some(policy) = policy {
        config.policy = policy.to_owned();
    }
    let mut loaded = Loaded::new(&config)?;
    loaded.warnings.splice(0..0, warnings);
    print_table(&config, &loaded);
    Ok(())
}

fn check_encoder(given: Given, policy: Option<&Path>) -> Result<(), ConfigErrors> {
    let Checked {
        mut config,
        warnings,
        ..
    } = EncoderConfig::from_parameters(given)?;
    if let Some(policy) = policy {
        config.policy = policy.to_owned();
    }
    let LoadedEncoder {
        modality,
        extractor,
        fingerprint,
    } = LoadedEncoder::new(&config)?;
    println!(
        "modality      {}, from {} ({})",
        modality.name,
        config.topic,
        config.message.ros_name()
    );
    println!("encoder       {}", extractor.describe());
    println!("features      on ~/feature, as {fingerprint}");
    for warning in warnings {
        println!("\nWARNING: {warning}");
    }
    Ok(())
}

fn print_table(config: &NodeConfig, loaded: &Loaded) {
    let Loaded {
        policy,
        wiring,
        extractors,
        warnings,
        ..
    } = loaded;
    let spec = policy.spec();
    println!(
        "policy {:?} at {} Hz, {} learned parameters{}",
        spec.name,
        config.control_rate_hz,
        policy.parameters(),
        if config.lockstep { ", in lockstep" } else { "" }
    );
    let HeadSpec::Mlp { chunk, .. } = &spec.head;
    if let Some(chunk) = chunk {
        println!(
            "chunks of {} steps, one every {} s, ensemble {}",
            chunk.steps, chunk.step_s, config.ensemble
        );
    }
    println!("\nmodality      topic                           fused  required  max_age_s  encoder");
    for ((wired, modality), extractor) in wiring
        .modalities
        .iter()
        .zip(&spec.modalities)
        .zip(extractors)
    {
        println!(
            "{:<13} {:<31} {:>5}  {:<8}  {:>9}  {}",
            modality.name,
            wired.topic,
            modality.fused_width(),
            if wired.required { "yes" } else { "no" },
            wired.max_age_s.map_or("any".into(), |s| format!("{s:.2}")),
            extractor
                .as_ref()
                .map_or("not enabled".to_owned(), |e| e.describe().to_string())
        );
    }
    for warning in warnings {
        println!("\nWARNING: {warning}");
    }
    for (number, command) in config.action.commands.iter().enumerate() {
        print_command(number, command, wiring, spec);
    }
}

fn print_command(number: usize, command: &CommandConfig, wiring: &Wiring, spec: &PolicySpec) {
    let rate = command
        .rate_hz
        .map_or(String::new(), |rate| format!(", {rate} Hz"));
    println!(
        "\naction        to {} ({}{rate})\n              field                       min      max  rate /s  acceleration /s2     stop",
        command.topic,
        command.message.ros_name()
    );
    let or_any = |limit: Option<f64>| limit.map_or("any".to_owned(), |limit| limit.to_string());
    let (fields, carriers) = (wiring.commands.field_paths(), wiring.commands.carriers());
    for (i, action) in spec.actions.iter().enumerate() {
        if carriers[i] != number {
            continue;
        }
        let limit = &wiring.limits[i];
        println!(
            "{:<13} {:<22} {:>8} {:>8} {:>8} {:>17} {:>8}",
            action.name,
            fields[i],
            limit.min,
            limit.max,
            or_any(limit.max_rate),
            or_any(limit.max_acceleration),
            match (limit.stop, wiring.measured[i]) {
                (Stop::At(stop), _) => stop.to_string(),
                (Stop::Hold, Some(_)) => "hold, measured".to_owned(),
                (Stop::Hold, None) => "hold".to_owned(),
            }
        );
    }
}
