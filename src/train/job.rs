//! A training, step by step: the training file, the bags, the features, the samples.

use std::path::Path;

use super::augment::Augmentation;
use super::cache::Cache;
use super::checkpoint::Checkpoint;
use super::dataset::Dataset;
use super::encoders::{self, Extractors};
use super::features::{Encoding, work};
use super::file::TrainingFile;
use super::learn::{Learned, learn, steps};
use super::losses::Losses;
use super::measure::{Measured, warnings};
use super::options::Options;
use super::provenance::settle;
use super::rate::{label_rate_hz, too_fine};
use super::report::{
    ActionReport, LabelReport, Pictures, Report, Seconds, SplitReport, peak_memory_mb,
};
use super::samples::{Collected, Samples};
use super::split::Split;
use super::survey::{Recording, survey};
use super::training_input::TrainingInput;
use crate::bag::{self, Bag};
use crate::encoder::Runtime;
use crate::errors::ConfigErrors;
use crate::progress::Progress;
use crate::spec::RecordedSpec;
use crate::spec::{ModalitySpec, PolicySpec, SourceSpec};

/// What is known before any bag is read.
pub(super) struct Job {
    /// The training file.
    pub file: TrainingFile,
    /// What is kept of each modality's messages.
    pub inputs: Vec<TrainingInput>,
    bags: Vec<Bag>,
    runtime: Option<Runtime>,
    cache: Cache,
    assumes_pictures: bool,
}

/// What is learned from.
pub(super) struct Demonstrations {
    /// The samples.
    pub dataset: Dataset,
    /// For each modality, why labels have no sample.
    pub losses: Vec<Losses>,
    /// For each modality, the age of the oldest message that a sample uses, in seconds.
    pub oldest_s: Vec<f64>,
    pictures: Pictures,
}

impl Job {
    /// Everything that can be found wrong at once is.
    ///
    /// # Errors
    /// Every problem of the training file, the bags and the encoders.
    pub fn prepare(options: &Options) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let bags = bag::find(&options.bags).map_err(|e| errors.extend(e));
        let file = TrainingFile::load(&options.file).map_err(|e| errors.extend(e));
        let completed = file.and_then(|mut file| {
            file.training.seed = options.seed.unwrap_or(file.training.seed);
            let modalities = &mut file.policy.modalities;
            let runtime = match encoders::need_runtime(modalities) {
                true => Some(
                    Runtime::load(options.onnxruntime.as_deref()).map_err(|e| errors.extend(e))?,
                ),
                false => None,
            };
            let mut inputs = encoders::determine(modalities, &file.folder, runtime.as_ref())
                .map_err(|e| errors.extend(e))?;
            for (modality, training_input) in modalities.iter().zip(&mut inputs) {
                training_input.copies = file.training.copies(&modality.name, &modality.source);
            }
            Ok((file, inputs, runtime))
        });
        match (bags, completed) {
            (Ok(bags), Ok((file, inputs, runtime))) => Ok(Self {
                file,
                inputs,
                bags,
                runtime,
                cache: Cache::new(options.cache.clone()),
                assumes_pictures: false,
            }),
            _ => Err(errors),
        }
    }

    /// From here on pictures are looked at and not encoded: everything is as in a training but their features.
    pub fn assume_pictures(&mut self) {
        self.assumes_pictures = true;
        self.without_copies();
        for input in &mut self.inputs {
            if matches!(input.source, SourceSpec::Image { .. }) {
                (input.width, input.map) = (1, None);
            }
        }
    }

    /// From here on pictures and sentences have no copies, whatever the training file says.
    pub fn without_copies(&mut self) {
        self.file.training.augment = None;
        self.file.training.typos = 0;
        for input in &mut self.inputs {
            input.copies = 0;
        }
    }

    /// The first look at the bags. What made the features in them is known to the job afterwards.
    ///
    /// # Errors
    /// Every bag that cannot be read, bags without anything to learn from, and features of several encoders.
    pub fn survey(&mut self) -> Result<Vec<Recording>, ConfigErrors> {
        let progress = Progress::new("reading", self.bags.len() as u64);
        let mut errors = ConfigErrors::new();
        let mut recordings = Vec::with_capacity(self.bags.len());
        for bag in &self.bags {
            match survey(bag, &self.file) {
                Ok(recording) => recordings.push(recording),
                Err(found) => errors.extend(found),
            }
            progress.advance(1, || file_name(bag.path()));
        }
        progress.finish();
        for note in self.bags.iter().flat_map(Bag::notes) {
            eprintln!("{note}");
        }
        for recording in &recordings {
            if let Some(why) = &recording.truncated {
                eprintln!("WARNING: {why}");
            }
            if let Some(odd) = &recording.counts.first_odd_marker {
                eprintln!(
                    "WARNING: bag {}: {} episode markers are odd, the first: {odd}",
                    recording.path.display(),
                    recording.counts.odd_markers
                );
            }
        }
        if errors.is_empty() && recordings.iter().all(|r| r.episodes.is_empty()) {
            errors.add(self.without_episodes(&recordings));
        }
        if errors.is_empty() {
            settle(
                &mut self.file.policy.modalities,
                &mut self.inputs,
                &recordings,
            )?;
        }
        errors.or(recordings)
    }

    fn without_episodes(&self, recordings: &[Recording]) -> String {
        let sum = |count: fn(&Recording) -> usize| recordings.iter().map(count).sum::<usize>();
        format!(
            "there is no episode to learn from in {} bag(s): {} succeeded, {} failed, {} had no end. {}",
            recordings.len(),
            sum(|r| r.counts.succeeded),
            sum(|r| r.counts.failed),
            sum(|r| r.counts.unfinished),
            self.file.episodes.in_words()
        )
    }

    /// The second look at the bags: features and samples. The policy knows afterwards how it was recorded.
    ///
    /// # Errors
    /// A bag that cannot be read, and bags without a single sample.
    pub fn demonstrations(
        &mut self,
        recordings: &[Recording],
    ) -> Result<Demonstrations, ConfigErrors> {
        let names = self.file.policy.modalities.iter().map(|m| &m.name);
        let modalities: Vec<ModalitySpec> = names
            .zip(&self.inputs)
            .map(|(name, training_input)| training_input.modality(name))
            .collect();
        let load = match self.assumes_pictures {
            true => Extractors::without_pictures,
            false => Extractors::load,
        };
        let extractors = load(&modalities, &self.file.folder, self.runtime.as_ref())?;
        let topics = self.file.streams.iter().map(|s| s.topic.as_str());
        let augmentations: Vec<Option<Augmentation>> = modalities
            .iter()
            .map(|m| self.file.training.augmentation(&m.name, &m.source))
            .collect();
        let typos = modalities
            .iter()
            .map(|m| self.file.training.typos(&m.source));
        let mut encoding = Encoding::new(
            &modalities,
            topics.collect(),
            extractors,
            &self.cache,
            &augmentations,
            typos.collect(),
        );
        if self.assumes_pictures {
            encoding = encoding.assuming_pictures();
        }
        if !self.assumes_pictures {
            self.cache.sweep();
        }
        let (policy, streams) = (&self.file.policy, &self.file.streams);
        let mut samples = Samples::new(policy, &self.inputs, streams, |i| encoding.keeps(i));
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
        let Collected {
            dataset,
            losses,
            ages_s,
            oldest_s,
        } = samples.finish();
        if dataset.is_empty() {
            return Err(self.without_samples(recordings, &losses).into());
        }
        let names = self.file.policy.modalities.iter().map(|m| m.name.clone());
        let ages_s = names.zip(ages_s);
        self.file.policy.recorded = RecordedSpec {
            label_rate_hz: label_rate_hz(
                recordings.iter().flat_map(|recording| &recording.episodes),
            ),
            observation_age_s: ages_s.filter_map(|(name, s)| Some((name, s?))).collect(),
        };
        Ok(Demonstrations {
            dataset,
            losses,
            oldest_s,
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
            "none of the {} labels on {} has a message of every modality ({}); {} labels could not be read{}",
            labels.found,
            self.file.labels.topic(),
            reasons.join("; "),
            labels.unreadable,
            labels
                .first_unreadable
                .map_or(String::new(), |why| format!(", the first: {why}")),
        )
    }

    /// Learns the file's own policy, or goes on with it.
    ///
    /// # Errors
    /// A training that diverged.
    pub fn learn(
        &self,
        dataset: &Dataset,
        split: &Split,
        checkpoint: &mut Checkpoint,
    ) -> Result<Learned, ConfigErrors> {
        let training = &self.file.training;
        let samples = dataset.samples_of(&split.training).len();
        let progress = Progress::new("training", steps(training, samples) as u64);
        let learned = learn(
            &self.file.policy,
            &self.inputs,
            training,
            dataset,
            split,
            Some(checkpoint),
            Some(&progress),
        );
        progress.finish();
        learned
    }

    /// Which episodes are learned from.
    pub fn split(&self, dataset: &Dataset) -> Split {
        let training = &self.file.training;
        Split::new(
            &dataset.episodes,
            training.validation_fraction,
            training.seed,
        )
    }

    /// The samples to measure on: the validation split, or the training samples without one.
    pub fn measured_on(&self, dataset: &Dataset, split: &Split) -> Vec<u32> {
        dataset.samples_of(match split.validation.is_empty() {
            true => &split.training,
            false => &split.validation,
        })
    }

    /// Everything worth knowing about the training of `policy`.
    #[expect(clippy::too_many_arguments, reason = "a report is about everything")]
    pub fn report(
        &self,
        policy: &PolicySpec,
        recordings: &[Recording],
        demonstrations: &Demonstrations,
        split: &Split,
        learned: &Learned,
        measured: Measured,
        seconds: Seconds,
    ) -> Report {
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
            skipped: names.zip(demonstrations.losses.iter().cloned()).collect(),
            split: SplitReport::new(&demonstrations.dataset, split),
            pictures: demonstrations.pictures,
            parameters: learned.weights.parameters(),
            epochs: learned.epochs.clone(),
            actions: actions.collect(),
            warnings: warnings(policy, &measured, &demonstrations.dataset)
                .into_iter()
                .chain(too_fine(policy))
                .chain(demonstrations.late_observations(policy))
                .collect(),
            loss: measured.loss,
            modalities: measured.modalities,
            seconds,
            contact_sheet: Vec::new(),
            peak_memory_mb: peak_memory_mb(),
        }
    }
}

impl Demonstrations {
    /// Says which labels answer observations that were recorded only after them.
    pub fn late_observations(&self, policy: &PolicySpec) -> Option<String> {
        let modalities = policy.modalities.iter().zip(&self.losses);
        let late: Vec<String> = modalities
            .filter(|(_, losses)| losses.late > 0)
            .map(|(modality, losses)| format!("{}: {}", modality.name, losses.late))
            .collect();
        (!late.is_empty()).then(|| {
            format!(
                "labels that carry the stamp of a message which was recorded only after them are learned with an older \
                 one ({} of {} samples)",
                late.join(", "),
                self.dataset.len()
            )
        })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or(String::new(), |name| name.display().to_string())
}
