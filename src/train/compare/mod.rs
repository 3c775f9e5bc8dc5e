//! `late_fusion train --compare`: every method and every ablation on the same features, with equal budget.

mod candidate;
mod comparison;
mod page;

pub use comparison::{Comparison, Row, Run};

use std::path::Path;
use std::time::Instant;

use self::candidate::{Candidate, candidates, common_width};
use super::Options;
use super::job::{Demonstrations, Job};
use super::learn::learn;
use super::measure::{measure, warnings};
use super::output::{Output, relocate};
use super::report::Seconds;
use super::split::Split;
use super::survey::Recording;
use crate::errors::ConfigErrors;
use crate::progress::Progress;

/// What to compare.
#[derive(Clone, Debug)]
pub struct CompareOptions {
    /// As for [`super::train`]; `out` is the folder of all policies, and the seed that of the first run.
    pub train: Options,
    /// How many seeds each row is trained with.
    pub seeds: u64,
    /// The rows, by name; all of them where there are none.
    pub methods: Vec<String>,
    /// The common width of methods that need one, where the training file does not have the same for all.
    pub projection: usize,
}

/// Trains all rows and writes their policies to `<out>/<row>/seed<n>`, with `comparison.json` and `comparison.html`.
///
/// # Errors
/// As for [`super::train`], and a row that is not known.
pub fn compare(options: &CompareOptions) -> Result<Comparison, ConfigErrors> {
    let mut job = Job::prepare(&options.train)?;
    let projection = common_width(&job.file.policy).unwrap_or(options.projection);
    let rows = chosen(candidates(&job.file.policy, projection), &options.methods)?;
    let mut places = Vec::with_capacity(rows.len());
    let first_seed = job.file.training.seed;
    for row in &rows {
        let folder = options.train.out.join(&row.name);
        let seeds = first_seed..first_seed + options.seeds;
        let each = seeds.map(|seed| {
            Output::claim(&folder.join(format!("seed{seed}")), options.train.force)
                .map(|output| (seed, output))
        });
        places.push(each.collect::<Result<Vec<_>, _>>()?);
    }
    let recordings = job.survey()?;
    let demonstrations = job.demonstrations(&recordings)?;
    // Anew: what made the features in the bags, and how they were recorded, is known only now.
    let rows = chosen(candidates(&job.file.policy, projection), &options.methods)?;
    // One split for all: what is measured on is the same for every row and seed.
    let split = job.split(&demonstrations.dataset);
    let progress = Progress::new("comparing", rows.len() as u64 * options.seeds);
    let mut comparison = Comparison {
        task: job.file.policy.name.clone(),
        late_fusion_version: env!("CARGO_PKG_VERSION"),
        training_samples: demonstrations.dataset.samples_of(&split.training).len(),
        validation_samples: demonstrations.dataset.samples_of(&split.validation).len(),
        epochs: job.file.training.epochs,
        rows: Vec::new(),
    };
    for (candidate, places) in rows.iter().zip(&places) {
        let mut row = Row {
            name: candidate.name.clone(),
            what: candidate.what.clone(),
            parameters: 0,
            runs: Vec::new(),
        };
        for (seed, output) in places {
            job.file.training.seed = *seed;
            let run = Trial {
                job: &job,
                recordings: &recordings,
                demonstrations: &demonstrations,
                split: &split,
            }
            .run(candidate, output, &mut row.parameters)?;
            progress.advance(1, || format!("{} {seed}: loss {:.4}", row.name, run.loss));
            row.runs.push(run);
        }
        comparison.rows.push(row);
        // After every row, so that what is there is there when somebody has waited long enough.
        write(&options.train.out, &comparison)?;
    }
    progress.finish();
    Ok(comparison)
}

fn chosen(all: Vec<Candidate>, names: &[String]) -> Result<Vec<Candidate>, ConfigErrors> {
    let mut errors = ConfigErrors::new();
    for name in names {
        if !all.iter().any(|candidate| candidate.name == *name) {
            let known: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
            errors.add(format!(
                "--methods has {name:?}; there are {}",
                known.join(", ")
            ));
        }
    }
    let is_chosen = |c: &Candidate| names.is_empty() || names.contains(&c.name);
    errors.or(all.into_iter().filter(is_chosen).collect())
}

/// One training of one row.
struct Trial<'a> {
    job: &'a Job,
    recordings: &'a [Recording],
    demonstrations: &'a Demonstrations,
    split: &'a Split,
}

impl Trial<'_> {
    fn run(
        &self,
        candidate: &Candidate,
        output: &Output,
        parameters: &mut usize,
    ) -> Result<Run, ConfigErrors> {
        let training = &self.job.file.training;
        let dataset = self.demonstrations.dataset.with_only(&candidate.modalities);
        let inputs: Vec<_> = candidate
            .modalities
            .iter()
            .map(|i| self.job.inputs[*i].clone())
            .collect();
        let begun = Instant::now();
        let learned = learn(
            &candidate.spec,
            &inputs,
            training,
            &dataset,
            self.split,
            None,
            None,
        )?;
        let seconds = begun.elapsed().as_secs_f64();
        let samples = self.job.measured_on(&dataset, self.split);
        let measured = measure(
            &candidate.spec,
            &inputs,
            &learned.weights,
            &learned.action,
            &dataset,
            &samples,
        )?;
        *parameters = learned.weights.parameters();
        let mut spec = candidate.spec.clone();
        spec.name = format!("{}_{}", spec.name, candidate.name);
        let took = Seconds {
            training: seconds,
            ..Seconds::default()
        };
        let report = self.job.report(
            &spec,
            self.recordings,
            self.demonstrations,
            self.split,
            &learned,
            measured.clone(),
            took,
        );
        for modality in &mut spec.modalities {
            relocate(&mut modality.source, &self.job.file.folder, output.folder())?;
        }
        output.write(&spec, &learned.weights, &report)?;
        Ok(Run {
            seed: training.seed,
            loss: measured.loss,
            seconds,
            warnings: warnings(&candidate.spec, &measured, &dataset),
            modalities: measured.modalities,
        })
    }
}

fn write(folder: &Path, comparison: &Comparison) -> Result<(), ConfigErrors> {
    let json = serde_json::to_string_pretty(comparison).map_err(|e| e.to_string())?;
    for (name, text) in [
        ("comparison.json", json + "\n"),
        ("comparison.html", page::page(comparison)),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}
