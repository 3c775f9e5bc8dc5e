//! What a training run was made of and how it went: `report.json`, and the figures behind `report.html`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::contact_sheet::Row;
use super::dataset::Dataset;
use super::epoch::Epoch;
use super::losses::Losses;
use super::measure::Worth;
use super::split::Split;
use super::survey::Recording;
use super::training::Training;

/// Everything worth knowing about a training run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The policy's name.
    pub policy: String,
    /// The release that trained it.
    pub late_fusion_version: &'static str,
    /// The numbers of gradient descent, the seed among them.
    pub training: Training,
    /// The bags, in the order in which they were read.
    pub bags: Vec<BagReport>,
    /// What became of the labels.
    pub labels: LabelReport,
    /// For each modality, why labels have no sample.
    pub skipped: BTreeMap<String, Losses>,
    /// What was learned from, and what was measured on.
    pub split: SplitReport,
    /// How many pictures were encoded in this run, and how many an earlier one had kept.
    pub pictures: Pictures,
    /// How many numbers the policy has.
    pub parameters: usize,
    /// How the loss went.
    pub epochs: Vec<Epoch>,
    /// How far the policy's action is from the label, per action.
    pub actions: Vec<ActionReport>,
    /// Mean squared difference between action and label, both standardized, over the samples measured on.
    pub loss: f64,
    /// What each modality is worth to the policy, over the same samples.
    pub modalities: Vec<Worth>,
    /// What the user should know before the policy drives a robot.
    pub warnings: Vec<String>,
    /// How long it took.
    pub seconds: Seconds,
    /// What altered copies look like, for the page alone.
    #[serde(skip)]
    pub contact_sheet: Vec<Row>,
    /// The most memory that was in use, in megabytes, where the system tells.
    pub peak_memory_mb: Option<u64>,
}

/// One bag.
#[derive(Clone, Debug, Serialize)]
pub struct BagReport {
    /// The file, as it was named.
    pub path: String,
    /// Episodes that ended in `success`.
    pub succeeded: usize,
    /// Episodes that ended in `failure`.
    pub failed: usize,
    /// Episodes without an end.
    pub unfinished: usize,
    /// Episodes that were used.
    pub used: usize,
    /// What is missing at its end, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<String>,
}

/// What became of the labels.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LabelReport {
    /// Labels in the episodes that were used.
    pub found: usize,
    /// Those that became samples.
    pub samples: usize,
    /// Messages that could not be read.
    pub unreadable: usize,
    /// What was wrong with the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_unreadable: Option<String>,
    /// Numbers outside their action's limits, brought to them.
    pub limited: usize,
    /// Which was the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_limited: Option<String>,
}

/// Two sides of the episodes.
#[derive(Clone, Debug, Serialize)]
pub struct SplitReport {
    /// Learned from.
    pub training: Side,
    /// Measured on.
    pub validation: Side,
}

/// One side.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// Its episodes.
    pub episodes: usize,
    /// Their samples.
    pub samples: usize,
}

/// Where features of pictures came from.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Pictures {
    /// Encoded now.
    pub encoded: u64,
    /// Kept from an earlier run.
    pub cached: u64,
}

/// One number of the action.
#[derive(Clone, Debug, Serialize)]
pub struct ActionReport {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Root mean square difference to the labels measured on, in that unit.
    pub rms_error: f64,
    /// The standard deviation of the labels: the error of a policy that always says their mean.
    pub rms_of_mean: f64,
}

/// How long the phases took.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Seconds {
    /// Reading episodes and labels.
    pub survey: f64,
    /// Loading encoders and computing features.
    pub features: f64,
    /// Gradient descent.
    pub training: f64,
}

impl From<&Recording> for BagReport {
    fn from(recording: &Recording) -> Self {
        Self {
            path: recording.path.display().to_string(),
            succeeded: recording.counts.succeeded,
            failed: recording.counts.failed,
            unfinished: recording.counts.unfinished,
            used: recording.episodes.len(),
            truncated: recording.truncated.clone(),
        }
    }
}

impl LabelReport {
    /// Over all bags.
    pub fn new(recordings: &[Recording], samples: usize) -> Self {
        let mut report = Self {
            samples,
            ..Self::default()
        };
        for recording in recordings {
            let labels = recording
                .episodes
                .iter()
                .map(|episode| episode.labels.len());
            report.found += labels.sum::<usize>();
            report.unreadable += recording.counts.bad_labels;
            report.limited += recording.counts.limited;
            let first = &mut report.first_unreadable;
            *first = first.take().or(recording.counts.first_bad_label.clone());
            let first = &mut report.first_limited;
            *first = first.take().or(recording.counts.first_limited.clone());
        }
        report
    }
}

impl SplitReport {
    /// Of a split of this dataset.
    pub fn new(dataset: &Dataset, split: &Split) -> Self {
        let side = |episodes: &[usize]| Side {
            episodes: episodes.len(),
            samples: dataset.samples_of(episodes).len(),
        };
        Self {
            training: side(&split.training),
            validation: side(&split.validation),
        }
    }
}

/// The most memory that this process had in use so far, as Linux tells it.
pub fn peak_memory_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024)
}
