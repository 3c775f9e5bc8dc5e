//! `late_fusion train`: from recorded demonstrations to a policy.
//!
//! Bags are surveyed for episodes and labels (`survey`), the messages that the labels need become features by the
//! very code that the node runs (`features`), both are paired as the node would have seen them (`samples`), and
//! alignment, fusion and head are learned by gradient descent (`learn`). The encoders are never touched.

mod bags;
mod cache;
mod dataset;
mod encoders;
mod features;
mod file;
mod intake;
mod learn;
mod measure;
mod model;
mod noise;
mod output;
mod page;
mod progress;
mod report;
mod samples;
mod schedule;
mod source;
mod split;
mod standard;
mod survey;

pub use dataset::{Dataset, Episode, Table};
pub use report::Report;

use std::path::{Path, PathBuf};
use std::time::Instant;

use self::cache::Cache;
use self::encoders::Extractors;
use self::features::{Encoding, work};
use self::file::{TrainingFile, Used};
use self::intake::Intake;
use self::learn::{Learned, learn};
use self::measure::{Measured, measure, warnings};
use self::output::{Output, relocate};
use self::progress::Progress;
use self::report::{ActionReport, LabelReport, Pictures, Seconds, SplitReport, peak_memory_mb};
use self::samples::{Losses, Samples};
use self::split::Split;
use self::survey::{Recording, survey};
use crate::encoder::Runtime;
use crate::policy::ModalitySpec;
use crate::problems::Problems;

/// What to train from and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// The training file.
    pub file: PathBuf,
    /// Bags, or folders of bags.
    pub bags: Vec<PathBuf>,
    /// The policy's folder.
    pub out: PathBuf,
    /// Where features are kept.
    pub cache: PathBuf,
    /// The ONNX Runtime library, where it is not to be looked for.
    pub onnxruntime: Option<PathBuf>,
    /// The seed to use instead of the training file's.
    pub seed: Option<u64>,
    /// Whether a policy in `out` may be replaced.
    pub force: bool,
}

/// Trains a policy and writes its folder.
///
/// # Errors
/// Every problem of the training file, the bags, the encoders and the output folder; a training that diverged.
pub fn train(options: &Options) -> Result<Report, Problems> {
    let begun = Instant::now();
    let mut job = Job::prepare(options)?;
    let recordings = job.survey()?;
    let survey_s = begun.elapsed().as_secs_f64();
    let demonstrations = job.demonstrations(&recordings)?;
    let features_s = begun.elapsed().as_secs_f64() - survey_s;
    let split = Split::new(
        &demonstrations.dataset.episodes,
        job.file.training.validation_fraction,
        job.file.training.seed,
    );
    let learned = job.learn(&demonstrations.dataset, &split)?;
    let measured = job.measure(&learned, &demonstrations.dataset, &split)?;
    let seconds = Seconds {
        survey: survey_s,
        features: features_s,
        training: begun.elapsed().as_secs_f64() - survey_s - features_s,
    };
    let report = job.report(
        &recordings,
        demonstrations,
        &split,
        &learned,
        measured,
        seconds,
    );
    for modality in &mut job.file.policy.modalities {
        relocate(&mut modality.source, &job.file.folder, job.output.folder())?;
    }
    job.output
        .write(&job.file.policy, &learned.weights, &report)?;
    Ok(report)
}

/// The samples of some bags, for a look at what training learns from.
///
/// # Errors
/// As for [`train`].
pub fn dataset(options: &Options) -> Result<Dataset, Problems> {
    let job = Job::prepare(options)?;
    let recordings = job.survey()?;
    Ok(job.demonstrations(&recordings)?.dataset)
}

/// What is known before any bag is read.
struct Job {
    file: TrainingFile,
    intakes: Vec<Intake>,
    bags: Vec<PathBuf>,
    output: Output,
    runtime: Option<Runtime>,
    cache: Cache,
}

struct Demonstrations {
    dataset: Dataset,
    losses: Vec<Losses>,
    pictures: Pictures,
}

impl Job {
    /// Everything that can be found wrong at once is.
    fn prepare(options: &Options) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let output = Output::claim(&options.out, options.force).map_err(|e| problems.extend(e));
        let bags = bags::find(&options.bags).map_err(|e| problems.extend(e));
        let file = TrainingFile::load(&options.file).map_err(|e| problems.extend(e));
        let completed = file.and_then(|mut file| {
            file.training.seed = options.seed.unwrap_or(file.training.seed);
            let modalities = &mut file.policy.modalities;
            let runtime = match encoders::need_runtime(modalities) {
                true => Some(
                    Runtime::load(options.onnxruntime.as_deref())
                        .map_err(|e| problems.extend(e))?,
                ),
                false => None,
            };
            let intakes = encoders::determine(modalities, &file.folder, runtime.as_ref())
                .map_err(|e| problems.extend(e))?;
            Ok((file, intakes, runtime))
        });
        match (output, bags, completed) {
            (Ok(output), Ok(bags), Ok((file, intakes, runtime))) => Ok(Self {
                file,
                intakes,
                bags,
                output,
                runtime,
                cache: Cache::new(options.cache.clone()),
            }),
            _ => Err(problems),
        }
    }

    fn survey(&self) -> Result<Vec<Recording>, Problems> {
        let progress = Progress::new("reading", self.bags.len() as u64);
        let mut problems = Problems::new();
        let mut recordings = Vec::with_capacity(self.bags.len());
        for path in &self.bags {
            match survey(path, &self.file) {
                Ok(recording) => recordings.push(recording),
                Err(found) => problems.extend(found),
            }
            progress.advance(1, || file_name(path));
        }
        progress.finish();
        for recording in &recordings {
            if let Some(why) = &recording.truncated {
                eprintln!("bag {}: {why}", recording.path.display());
            }
        }
        if problems.is_empty() && recordings.iter().all(|r| r.episodes.is_empty()) {
            problems.add(self.without_episodes(&recordings));
        }
        problems.or(recordings)
    }

    fn without_episodes(&self, recordings: &[Recording]) -> String {
        let sum = |count: fn(&Recording) -> usize| recordings.iter().map(count).sum::<usize>();
        format!(
            "there is no episode to learn from in {} bag(s): {} succeeded, {} failed, {} had no end. An episode is \
             marked on {} by `start` and then `success` or `failure`{}",
            recordings.len(),
            sum(|r| r.counts.succeeded),
            sum(|r| r.counts.failed),
            sum(|r| r.counts.unfinished),
            self.file.episodes.topic,
            match self.file.episodes.used {
                Used::Success =>
                    "; with `episodes.use: success` only those that succeeded are used",
                Used::All => "",
            }
        )
    }

    fn demonstrations(&self, recordings: &[Recording]) -> Result<Demonstrations, Problems> {
        let names = self.file.policy.modalities.iter().map(|m| &m.name);
        let modalities: Vec<ModalitySpec> = names
            .zip(&self.intakes)
            .map(|(name, intake)| intake.modality(name))
            .collect();
        let extractors = Extractors::load(&modalities, &self.file.folder, self.runtime.as_ref())?;
        let topics = self.file.streams.iter().map(|s| s.topic.as_str());
        let mut encoding = Encoding::new(&modalities, topics.collect(), extractors, &self.cache);
        let mut samples = Samples::new(&self.file.policy, &self.intakes, &self.file.streams);
        let total = recordings.iter().map(|r| work(r, modalities.len())).sum();
        let progress = Progress::new("features", total);
        for recording in recordings {
            samples.add(recording, &encoding.run(recording, &progress)?);
        }
        progress.finish();
        let pictures = Pictures {
            encoded: encoding.encoded,
            cached: encoding.cached,
        };
        let (dataset, losses) = samples.finish();
        if dataset.is_empty() {
            return Err(self.without_samples(recordings, &losses).into());
        }
        Ok(Demonstrations {
            dataset,
            losses,
            pictures,
        })
    }

    fn without_samples(&self, recordings: &[Recording], losses: &[Losses]) -> String {
        let labels = LabelReport::new(recordings, 0);
        let modalities = self.file.policy.modalities.iter().zip(losses);
        let reasons: Vec<String> = modalities
            .map(|(m, losses)| format!("{}: {losses}", m.name))
            .collect();
        format!(
            "none of the {} labels on {} has all modalities beside it ({}); {} labels could not be read{}",
            labels.found,
            self.file.labels.topic,
            reasons.join("; "),
            labels.unreadable,
            labels
                .first_unreadable
                .map_or(String::new(), |why| format!(", the first: {why}")),
        )
    }

    fn learn(&self, dataset: &Dataset, split: &Split) -> Result<Learned, Problems> {
        let training = &self.file.training;
        let progress = Progress::new("training", training.epochs as u64);
        let learned = learn(
            &self.file.policy,
            &self.intakes,
            training,
            dataset,
            split,
            |epoch| {
                progress.advance(1, || match epoch.validation_loss {
                    Some(loss) => format!("loss {:.4}, validation {loss:.4}", epoch.training_loss),
                    None => format!("loss {:.4}", epoch.training_loss),
                });
            },
        );
        progress.finish();
        learned
    }

    /// Measures on what was kept apart, or on what was learned from where nothing was.
    fn measure(
        &self,
        learned: &Learned,
        dataset: &Dataset,
        split: &Split,
    ) -> Result<Measured, Problems> {
        let episodes = match split.validation.is_empty() {
            true => &split.training,
            false => &split.validation,
        };
        measure(
            &self.file.policy,
            &self.intakes,
            &learned.weights,
            &learned.action,
            dataset,
            &dataset.samples_of(episodes),
        )
    }

    fn report(
        &self,
        recordings: &[Recording],
        demonstrations: Demonstrations,
        split: &Split,
        learned: &Learned,
        measured: Measured,
        seconds: Seconds,
    ) -> Report {
        let policy = &self.file.policy;
        let names = policy.modalities.iter().map(|m| m.name.clone());
        let actions = policy
            .actions
            .iter()
            .zip(measured.errors.iter().zip(&measured.errors_of_mean))
            .map(|(action, (error, of_mean))| ActionReport {
                name: action.name.clone(),
                unit: action.unit.clone(),
                rms_error: *error,
                rms_of_mean: *of_mean,
            });
        Report {
            policy: policy.name.clone(),
            late_fusion_version: env!("CARGO_PKG_VERSION"),
            training: self.file.training.clone(),
            bags: recordings.iter().map(Into::into).collect(),
            labels: LabelReport::new(recordings, demonstrations.dataset.len()),
            skipped: names.zip(demonstrations.losses).collect(),
            split: SplitReport::new(&demonstrations.dataset, split),
            pictures: demonstrations.pictures,
            parameters: learned.weights.parameters(),
            epochs: learned.epochs.clone(),
            actions: actions.collect(),
            warnings: warnings(policy, &measured, &demonstrations.dataset),
            loss: measured.loss,
            modalities: measured.modalities,
            seconds,
            peak_memory_mb: peak_memory_mb(),
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or(String::new(), |name| name.display().to_string())
}
