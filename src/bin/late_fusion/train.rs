//! `late_fusion train`: recorded demonstrations in, a policy out.

use std::path::PathBuf;
use std::time::Duration;

use late_fusion::errors::ConfigErrors;
use late_fusion::train::{Cache, CompareOptions, Options, Report, compare, train};

/// Train a policy from recorded demonstrations.
///
/// Reads bags in which a demonstrator's actions and the modalities were recorded, encodes the modalities as the node
/// will, and learns alignment, fusion and head. Writes a folder with policy.yaml and weights.safetensors, which the
/// node loads, and report.html and report.json, which say how it went. The same bags, file and seed give the same
/// policy.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  late_fusion train config/train/tabletop.yaml recordings/ --out models/policies/mine\n  \
    late_fusion train my_robot/training.yaml ~/.cache/huggingface/lerobot/me/pick --out my_robot/policy"
)]
pub struct Arguments {
    /// The training file: modalities, labels, model and the numbers of gradient descent.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Recordings: MCAP files, folders of rosbag2, LeRobot datasets, or folders that are searched for them. Files that a
    /// recorder split are read as one recording.
    #[arg(value_name = "BAG", required = true)]
    bags: Vec<PathBuf>,

    /// The policy's folder. It appears when everything is done, and not before.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    /// Where the features of pictures and sentences are kept, so that the next training need not compute them again
    /// [default: .cache/late_fusion/features beside --out].
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,

    /// At most how often gradient descent is written down, beside --out: after an interruption the same command goes on from
    /// there, to the same policy.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = seconds)]
    checkpoint_every_s: f64,

    /// Path of libonnxruntime.so [default: the environment variable LATE_FUSION_ONNXRUNTIME, then beside this
    /// installation].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,

    /// Decides initial weights, split and order [default: the training file's].
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Replace the policy that is in --out.
    #[arg(long)]
    force: bool,

    /// Train every fusion method, and policies that lack one modality each, and compare them: --out gets a folder with a
    /// policy for each, comparison.html and comparison.json.
    #[arg(long)]
    compare: bool,

    /// With --compare: how many seeds each is trained with.
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100), requires = "compare")]
    seeds: u64,

    /// With --compare: which rows, separated by commas [default: all].
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        requires = "compare"
    )]
    methods: Vec<String>,

    /// With --compare: the width that modalities are projected to where a method needs one for all and the training file
    /// has none.
    #[arg(long, value_name = "WIDTH", default_value_t = 64, value_parser = clap::value_parser!(u64).range(2..=65536), requires = "compare")]
    projection: u64,
}

/// Trains, and says in a few lines how it went.
///
/// # Errors
/// Every problem that keeps it from working.
pub fn run(arguments: Arguments) -> Result<(), ConfigErrors> {
    let cache = arguments.cache;
    let options = Options {
        cache: cache.unwrap_or_else(|| Cache::beside(&arguments.out)),
        file: arguments.file,
        bags: arguments.bags,
        out: arguments.out,
        onnxruntime: arguments.onnxruntime,
        seed: arguments.seed,
        force: arguments.force,
        checkpoint_every: Duration::from_secs_f64(arguments.checkpoint_every_s),
    };
    if arguments.compare {
        let comparison = compare(&CompareOptions {
            train: options.clone(),
            seeds: arguments.seeds,
            methods: arguments.methods,
            projection: arguments.projection as usize,
        })?;
        print!("{}", comparison.table());
        println!(
            "of each modality: how many times as large the loss is with another's features, and its share in the action"
        );
        println!("wrote {}", options.out.join("comparison.html").display());
        return Ok(());
    }
    let report = train(&options)?;
    print_summary(&report);
    println!("wrote {}", options.out.display());
    Ok(())
}

/// Seconds that can be waited.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    match (0.0..=86_400.0).contains(&seconds) {
        true => Ok(seconds),
        false => Err("0 to 86400 are allowed".to_owned()),
    }
}

fn print_summary(report: &Report) {
    let sides = [
        ("learned from", &report.split.training),
        ("measured on", &report.split.validation),
    ];
    for (what, side) in sides {
        println!(
            "{what} {} samples of {} episodes",
            side.samples, side.episodes
        );
    }
    let skipped = report.labels.found - report.labels.samples;
    if skipped > 0 {
        println!("left out {skipped} labels that had not every modality beside them:");
        for (modality, losses) in &report.skipped {
            println!("  {modality}: {losses}");
        }
    }
    if let Some(why) = &report.labels.first_unreadable {
        println!(
            "left out {} labels that could not be read, the first: {why}",
            report.labels.unreadable
        );
    }
    for action in &report.actions {
        println!(
            "{}: error {:.4} {} (always the mean: {:.4})",
            action.name, action.rms_error, action.unit, action.rms_of_mean
        );
    }
    println!(
        "loss {:.4} (1 is what always saying the mean gives); of each modality, how many times as large with another's",
        report.loss
    );
    println!("features, and its share in the action:");
    for worth in &report.modalities {
        let sensitivity = worth
            .sensitivity
            .map_or("never changes".to_owned(), |times| {
                format!("{times:.2} times")
            });
        println!(
            "  {}: {sensitivity}, {:.0} %",
            worth.name,
            100.0 * worth.share
        );
    }
    for warning in &report.warnings {
        eprintln!("WARNING: {warning}");
    }
    let seconds = report.seconds;
    println!(
        "{:.1} s reading, {:.1} s features ({} pictures encoded, {} from the cache), {:.1} s training",
        seconds.survey,
        seconds.features,
        report.pictures.encoded,
        report.pictures.cached,
        seconds.training
    );
    if let Some(peak) = report.peak_memory_mb {
        println!("{peak} MB of memory at most");
    }
}
