//! `late_fusion export`: recordings in, a LeRobot dataset, a table of features or some pictures out.

use std::path::PathBuf;
use std::time::Duration;

use late_fusion::errors::ConfigErrors;
use late_fusion::train::{Cache, Format, Options, export};

/// Convert recordings to a LeRobot dataset, to features for training elsewhere, or to pictures as the encoders see them.
///
/// Pairs modalities and labels as `late_fusion train` does, and writes one frame per label. By default: a LeRobot dataset
/// v3.0 with pictures as lossless png inside its tables. Vectors become observation.state, cameras
/// observation.images.<modality>, the instruction the task, and labels the action.
///
/// With --features: features.parquet with every modality's feature from its frozen encoder and the label, and the policy.yaml
/// for which any framework on any machine can train the weights.safetensors.
///
/// With --pictures: some pictures of each camera as png, cropped and resized as for its encoder.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The training file: modalities, labels and episodes.
    #[arg(value_name = "TRAINING_FILE")]
    file: PathBuf,

    /// Recordings: MCAP files, rosbag2 folders, LeRobot datasets, or folders to search for them.
    #[arg(value_name = "BAG", required = true)]
    bags: Vec<PathBuf>,

    /// Output folder. It must not exist, and appears only when the export is complete.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    /// Write the features of the frozen encoders instead of a LeRobot dataset.
    #[arg(long)]
    features: bool,

    /// Write this many pictures of each camera, spread over the recordings, as its encoder sees them: to check
    /// encoder.input.region and fit, or to quantize an encoder (examples/quantize_encoder.py).
    #[arg(
        long,
        value_name = "COUNT",
        conflicts_with = "features",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pictures: Option<u32>,

    /// With --features: cache for the features of pictures and sentences, also used by later trainings
    /// [default: .cache/late_fusion/features beside --out].
    #[arg(long, value_name = "FOLDER", requires = "features")]
    cache: Option<PathBuf>,

    /// Path of libonnxruntime.so [default: the environment variable LATE_FUSION_ONNXRUNTIME, then the folder of this
    /// installation].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  late_fusion export my_robot/training.yaml last_week/ --out datasets/last_week
  late_fusion export my_robot/training.yaml last_week/ --out shown --pictures 200
  late_fusion export my_robot/training.yaml last_week/ --out features --features
  python3 examples/train_head.py features";

/// Exports, and says in a few lines what came of it.
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
        seed: None,
        force: false,
        checkpoint_every: Duration::ZERO,
    };
    let format = match (arguments.pictures, arguments.features) {
        (Some(count), _) => Format::Pictures(count as usize),
        (None, true) => Format::Features,
        (None, false) => Format::LeRobot,
    };
    let exported = export(&options, format)?;
    println!(
        "{}{} frames of {} episodes, {} Hz",
        arguments.pictures.map_or("", |_| "pictures from "),
        exported.frames,
        exported.episodes,
        exported.rate_hz
    );
    if exported.left_out > 0 {
        println!(
            "left out {} labels that lacked a modality or could not be read:",
            exported.left_out
        );
        for (modality, losses) in &exported.losses {
            println!("  {modality}: {losses}");
        }
    }
    for note in &exported.notes {
        eprintln!("WARNING: {note}");
    }
    println!("wrote {}", options.out.display());
    Ok(())
}
