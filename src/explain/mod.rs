//! `late_fusion explain`: what moved the robot in a recording, as a picture and as numbers.
//!
//! A bag is looked through (`bag_index`), then the node's own control loop goes through it once more (`replay`): the messages
//! become features by the code of the node, their ages are judged by its controller, and of every sample in which it
//! would act the contributions are computed. What was found (`figures`) is drawn (`picture`). Encoders are taken to need no
//! time; on a robot a feature is seen as much later as its encoding takes.

mod bag_index;
mod figures;
mod options;
mod picture;
mod replay;
mod stream;

pub use figures::{ActionFigure, DecisionKind, Figures, Sample, StopCause, Vote, Weighing, Why};
pub use options::{MOST_MOMENTS, Options};

use std::fs;
use std::path::{Path, PathBuf};

use self::bag_index::index as index_bag;
use self::replay::{replay, samples_in};
use crate::bag::{self, Reader};
use crate::config::{Checked, Loaded, NODE_NAME, NodeConfig, Overrides, RosArguments, only_robot};
use crate::errors::ConfigErrors;

/// What was written.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The numbers.
    pub figures: Figures,
    /// The picture: SVG that needs nothing beside itself.
    pub picture: PathBuf,
    /// The numbers as JSON.
    pub numbers: PathBuf,
}

/// Explains a recording, and writes `explanation.svg` and `explanation.json`.
///
/// # Errors
/// Every problem of the parameters, the policy, its encoders and the bag; a folder that cannot be written to.
pub fn explain(options: &Options) -> Result<Explanation, ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let bags = bag::find(std::slice::from_ref(&options.bag)).map_err(|e| errors.extend(e));
    let loaded = parameters(&options.parameters)
        .and_then(|mut checked| {
            let config = &mut checked.config;
            config.policy = options.policy.clone().unwrap_or(config.policy.clone());
            Ok((Loaded::new(config)?, checked))
        })
        .map_err(|e| errors.extend(e));
    let (
        Ok(bags),
        Ok((
            loaded,
            Checked {
                config, warnings, ..
            },
        )),
    ) = (bags, loaded)
    else {
        return Err(errors);
    };
    let [bag] = &bags[..] else {
        let names: Vec<String> =
            (bags.iter().map(|bag| bag.path().display().to_string())).collect();
        return Err(format!(
            "--bag {} holds {} bags; name one of {}",
            options.bag.display(),
            names.len(),
            names.join(", ")
        )
        .into());
    };
    let spec = loaded.policy.spec().clone();
    let index = index_bag(bag, options, &config, &loaded.wiring.modalities, &spec)?;
    fs::create_dir_all(&options.out).map_err(|e| {
        let place = options.out.display();
        format!("--out {place}: the folder cannot be made: {e}")
    })?;
    let period_ns = 1e9 / config.control_rate_hz;
    let periods = samples_in(index.begin, index.end, period_ns as i64);
    let every = options.every.unwrap_or(periods.div_ceil(MOST_MOMENTS));
    let step_ns = (period_ns * every.max(1) as f64).round() as i64;
    let name = bag
        .path()
        .file_name()
        .unwrap_or_default()
        .display()
        .to_string();
    let mut figures = Figures::new(&spec, name, index.part.clone(), step_ns as f64 * 1e-9);
    figures.notes = warnings;
    figures.notes.extend(index.notes.iter().cloned());
    figures.notes.extend(loaded.warnings.iter().cloned());
    let replayed = replay(
        &mut Reader::with(index.layout.clone()),
        &index,
        loaded,
        step_ns,
        config.use_sim_time,
    )?;
    figures.notes.extend(replayed.notes);
    figures.take(replayed.samples);
    let explanation = Explanation {
        picture: options.out.join("explanation.svg"),
        numbers: options.out.join("explanation.json"),
        figures,
    };
    let figures = &explanation.figures;
    let json = serde_json::to_string_pretty(figures).map_err(|e| e.to_string())?;
    write(&explanation.numbers, &json)?;
    write(
        &explanation.picture,
        &picture::draw(figures, &replayed.frames),
    )?;
    Ok(explanation)
}

fn parameters(arguments: &RosArguments) -> Result<Checked<NodeConfig>, ConfigErrors> {
    let overrides = Overrides::read(arguments)?;
    let robot = only_robot(arguments, &overrides, NODE_NAME)?;
    NodeConfig::from_parameters(overrides.of(&robot)?)
}

fn write(path: &Path, text: &str) -> Result<(), ConfigErrors> {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()).into())
}
