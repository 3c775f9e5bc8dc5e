//! What a training of many pictures costs beside their encoder: time and memory of reading recordings, keeping features
//! and learning from them. The recordings hold features that are made up, each as large as a camera's.
//!
//! ```text
//! cargo bench --no-default-features --features train --bench training -- 100000 20480 /somewhere/large [PROGRAM]
//! ```
//!
//! are pictures, numbers in the feature of each, and a folder for the recordings (4 bytes a number) and what is kept of them
//! (2 bytes). PROGRAM is another `late_fusion` to measure; recordings that are there already are used again.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use late_fusion::bag::Writer;
use late_fusion::message::{ActionMapping, FeatureTemplate, MessageType, PointTimes, encode_text};
use late_fusion::time::Stamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const EPISODES_PER_BAG: usize = 5;

const LABELS_PER_EPISODE: usize = 200;

const PERIOD_NS: i64 = 50_000_000;

/// What decides about the label, and shows in the feature.
const LATENT: usize = 8;

const EPOCHS: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    let (Some(pictures), Some(width), Some(folder)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        println!("training: skipped; it needs PICTURES WIDTH FOLDER [PROGRAM]");
        return Ok(());
    };
    let (pictures, width): (usize, usize) = (pictures.parse()?, width.parse()?);
    let folder = PathBuf::from(folder);
    let program = arguments
        .next()
        .unwrap_or_else(|| env!("CARGO_BIN_EXE_late_fusion").to_owned());
    let recordings = folder.join(format!("recordings_{pictures}_{width}"));
    if !recordings.is_dir() {
        let begun = Instant::now();
        record(&recordings, pictures, width)?;
        println!("recorded in {:.0} s", begun.elapsed().as_secs_f64());
    }
    let file = folder.join("training.yaml");
    std::fs::write(&file, training_file(width))?;
    // Twice: features are made, and taken from where they are kept.
    for run in ["first", "second"] {
        let out = folder.join("policy");
        let done = Command::new(&program)
            .args(["train", "--force", "--out"])
            .arg(&out)
            .args(["--cache".as_ref(), folder.join("kept").as_os_str()])
            .arg(&file)
            .arg(&recordings)
            .status()?;
        if !done.success() {
            return Err(format!("{program} train: {done}").into());
        }
        let report = std::fs::read_to_string(out.join("report.json"))?;
        let report: serde_json::Value = serde_json::from_str(&report)?;
        println!(
            "{run}: {pictures} features of {width} numbers, {EPOCHS} epochs: {} seconds, {} MB, loss {}",
            report["seconds"], report["peak_memory_mb"], report["loss"]
        );
    }
    Ok(())
}

fn training_file(width: usize) -> String {
    format!(
        "
name: size
modalities:
  - {{name: scene, topic: scene, kind: feature, width: {width}, projection: 64}}
action:
  topic: expert_action
  message: trajectory_msgs/msg/JointTrajectory
  fields: {{vx: velocities.x, vy: velocities.y}}
actions:
  - {{name: vx, unit: m/s, min: -1, max: 1}}
  - {{name: vy, unit: m/s, min: -1, max: 1}}
episodes: {{topic: episode}}
fusion: {{method: concat}}
head: {{kind: mlp, hidden: [512, 512, 512]}}
training: {{epochs: {EPOCHS}, batch_size: 256, learning_rate: 0.0005, weight_decay: 0.0001, input_noise: 0.1, \
         validation_fraction: 0.1, seed: 1}}
"
    )
}

/// Writes recordings in which every label has a picture's feature beside it.
fn record(folder: &Path, pictures: usize, width: usize) -> Result<(), Box<dyn Error>> {
    let temporary = folder.with_extension("tmp");
    std::fs::create_dir_all(&temporary)?;
    let random = &mut StdRng::seed_from_u64(1);
    let (mean, loading) = (numbers(random, width), numbers(random, width));
    let noise = numbers(random, 2 * width);
    let episodes = pictures.div_ceil(LABELS_PER_EPISODE);
    for (bag, from) in (0..episodes).step_by(EPISODES_PER_BAG).enumerate() {
        let mut writer = Writer::create(&temporary.join(format!("{bag:04}.mcap")))?;
        let mut topic = |name: &str, message: MessageType| {
            writer.add_topic(name, message.ros_name(), message.definition())
        };
        let scene = topic("/scene", MessageType::PointCloud2)?;
        let label = topic("/expert_action", MessageType::JointTrajectory)?;
        let marker = topic("/episode", MessageType::String)?;
        let fields = [("vx", "velocities.x"), ("vy", "velocities.y")];
        let fields = fields.map(|(action, field)| (action.to_owned(), field.to_owned()));
        let message = MessageType::JointTrajectory;
        let mapping = ActionMapping::new("action", message, &["vx", "vy"], &fields.into())?;
        let mut command = mapping.template("", PointTimes::one(0.05));
        let mut feature = FeatureTemplate::new("made up");
        let mut now = 1_000_000_000;
        for _ in from..episodes.min(from + EPISODES_PER_BAG) {
            writer.write(marker, Stamp::from_nanos(now), &encode_text("start"))?;
            for _ in 0..LABELS_PER_EPISODE {
                now += PERIOD_NS;
                let latent = numbers(random, LATENT);
                let shift = random.random_range(0..width);
                let values: Vec<f32> = (0..width)
                    .map(|i| mean[i] + loading[i] * latent[i % LATENT] + 0.3 * noise[i + shift])
                    .collect();
                let stamp = Stamp::from_nanos(now);
                writer.write(scene, stamp, feature.encode(stamp, "camera", &values))?;
                let action = [latent[0] * latent[1], latent[2].abs() - 0.5].map(f64::from);
                let later = Stamp::from_nanos(now + 1_000_000);
                writer.write(label, later, command.encode(stamp, &action))?;
            }
            now += PERIOD_NS;
            writer.write(marker, Stamp::from_nanos(now), &encode_text("success"))?;
        }
        writer.finish()?;
    }
    std::fs::rename(temporary, folder)?;
    Ok(())
}

fn numbers(random: &mut StdRng, count: usize) -> Vec<f32> {
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}
