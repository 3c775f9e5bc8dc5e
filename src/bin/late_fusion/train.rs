//! `late_fusion train`: recorded demonstrations in, a policy out.

use std::path::PathBuf;
use std::time::Duration;

use late_fusion::errors::ConfigErrors;
use late_fusion::train::{Cache, CompareOptions, Options, Report, compare, train};

/// Train a policy from recorded demonstrations.
///
/// Reads recordings of the modalities and the expert's actions, encodes the modalities as the node does, and trains
/// projections, fusion and head. Writes a folder with policy.yaml and weights.safetensors, which the node loads, and
/// report.html and report.json with the training results. The same recordings, training file and seed give the same policy.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  late_fusion train config/train/tabletop.yaml recordings/ --out models/policies/mine\n  \
    late_fusion train my_robot/training.yaml ~/.cache/huggingface/lerobot/me/pick --out my_robot/policy"
)]
pub struct Arguments {
    /// The training file: modalities, labels, model and hyperparameters.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Recordings: MCAP files, rosbag2 folders, LeRobot datasets, or folders to search for them. The files of a split
    /// recording are read as one.
    #[arg(value_name = "BAG", required = true)]
    bags: Vec<PathBuf>,

    /// Policy folder to write. It appears only when the training is complete.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    /// Cache for the features of pictures and sentences, so that the next training need not compute them again
    /// [default: .cache/late_fusion/features beside --out].
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,

    /// Minimum time between checkpoints, which are kept next to --out. After an interruption the same command resumes from
    /// the last one and produces the same policy.
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = seconds)]
    checkpoint_every_s: f64,

    /// Path of libonnxruntime.so [default: the environment variable LATE_FUSION_ONNXRUNTIME, then the folder of this
    /// installation].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,

    /// Random seed for initial weights, validation split and sample order [default: the training file's].
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Overwrite the policy in --out.
    #[arg(long)]
    force: bool,

    /// Train and compare every fusion method and single-modality ablations: --out gets a policy folder for each, plus
    /// comparison.html and comparison.json.
    #[arg(long)]
    compare: bool,

    /// With --compare: number of seeds per method.
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100), requires = "compare")]
    seeds: u64,

    /// With --compare: rows to train, separated by commas [default: all].
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        requires = "compare"
    )]
    methods: Vec<String>,

    /// With --compare: projection width for methods that need a common one, if the training file gives none.
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
            "per modality: factor by which the loss grows with features of another sample, and share of the action"
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
    let seconds: f64 = text.parse().map_err(|_| "it is not a number".to_owned())?;
    match (0.0..=86_400.0).contains(&seconds) {
        true => Ok(seconds),
        false => Err("0 to 86400 are allowed".to_owned()),
    }
}

fn print_summary(report: &Report) {
    let sides = [
        ("training set", &report.split.training),
        ("validation split", &report.split.validation),
    ];
    for (what, side) in sides {
        println!(
            "{what} {} samples of {} episodes",
            side.samples, side.episodes
        );
    }
    let skipped = report.labels.found - report.labels.samples;
    if skipped > 0 {
        println!("left out {skipped} labels that lacked a modality:");
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
            "{}: error {:.4} {} (always predicting the mean: {:.4})",
            action.name, action.rms_error, action.unit, action.rms_of_mean
        );
    }
    println!(
        "loss {:.4} (1 is what always predicting the mean gives); per modality, the factor by which it grows with features of",
        report.loss
    );
    println!("another sample, and the share of the action:");
    for worth in &report.modalities {
        let sensitivity = worth
            .sensitivity
            .map_or("constant".to_owned(), |times| format!("{times:.2} times"));
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
