//! What recordings would be for a training, without encoding a picture or learning anything: `late_fusion check --bag`.

use super::Options;
use super::job::Job;
use super::losses::Losses;
use super::report::LabelReport;
use super::samples::median;
use super::survey::{Counts, Demonstration, Recording};
use crate::errors::ConfigErrors;

/// What a training would find.
#[derive(Debug)]
pub struct Examination {
    /// Episodes that ended in `success`.
    pub succeeded: usize,
    /// Episodes that ended in `failure`.
    pub failed: usize,
    /// Episodes without an end.
    pub unfinished: usize,
    /// Of those that are used, from the first label to the last.
    pub lengths: Lengths,
    /// What becomes of the labels.
    pub labels: LabelReport,
    /// Labels per second; none where there are too few.
    pub label_rate_hz: Option<f64>,
    /// What is beside the labels, in the policy's order.
    pub modalities: Vec<Ages>,
    /// What would hurt the training.
    pub warnings: Vec<String>,
}

/// How long episodes are, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lengths {
    /// How many there are.
    pub episodes: usize,
    /// The shortest.
    pub shortest_s: f64,
    /// The one in the middle.
    pub median_s: f64,
    /// The longest.
    pub longest_s: f64,
}

/// The messages of one modality beside the labels.
#[derive(Clone, Debug)]
pub struct Ages {
    /// The modality.
    pub name: String,
    /// Its topic.
    pub topic: String,
    /// The largest age that is allowed, in seconds; none for any.
    pub max_age_s: Option<f64>,
    /// How old messages were at the first label that each is used for, by the median, in seconds; none where any age is
    /// allowed.
    pub median_s: Option<f64>,
    /// The age of the oldest that is used, in seconds.
    pub oldest_s: f64,
    /// Why labels have none.
    pub losses: Losses,
}

/// Fewer episodes leave too little to learn from and to measure on.
const FEW_EPISODES: usize = 10;

/// Looks at recordings as a training of `options` would.
///
/// # Errors
/// Everything for which the training would fail, but for pictures that cannot be decoded.
pub fn examine(options: &Options) -> Result<Examination, ConfigErrors> {
    let mut job = Job::prepare(options)?;
    job.assume_pictures();
    let recordings = job.survey()?;
    let demonstrations = job.demonstrations(&recordings)?;
    let policy = &job.file.policy;
    let labels = LabelReport::new(&recordings, demonstrations.dataset.len());
    let modalities: Vec<Ages> = policy
        .modalities
        .iter()
        .zip(&job.file.streams)
        .zip(demonstrations.losses.iter().zip(&demonstrations.oldest_s))
        .map(|((modality, stream), (losses, oldest_s))| Ages {
            name: modality.name.clone(),
            topic: stream.topic.clone(),
            max_age_s: stream.max_age_ns.map(|ns| ns as f64 * 1e-9),
            median_s: (policy.recorded.observation_age_s)
                .get(&modality.name)
                .copied(),
            oldest_s: *oldest_s,
            losses: losses.clone(),
        })
        .collect();
    let sum = |count: fn(&Counts) -> usize| recordings.iter().map(|r| count(&r.counts)).sum();
    let mut examination = Examination {
        succeeded: sum(|c| c.succeeded),
        failed: sum(|c| c.failed),
        unfinished: sum(|c| c.unfinished),
        lengths: Lengths::of(&recordings),
        label_rate_hz: policy.recorded.label_rate_hz,
        labels,
        modalities,
        warnings: Vec::new(),
    };
    examination.warnings = examination.warn();
    (examination.warnings).extend(demonstrations.late_observations(policy));
    Ok(examination)
}

impl Lengths {
    fn of(recordings: &[Recording]) -> Self {
        let episodes = recordings.iter().flat_map(|r| &r.episodes);
        let mut lengths_ns: Vec<i64> = episodes.map(length_ns).collect();
        lengths_ns.sort_unstable();
        let seconds = |ns: Option<i64>| ns.unwrap_or_default() as f64 * 1e-9;
        Self {
            episodes: lengths_ns.len(),
            shortest_s: seconds(lengths_ns.first().copied()),
            longest_s: seconds(lengths_ns.last().copied()),
            median_s: seconds(median(lengths_ns)),
        }
    }
}

fn length_ns(episode: &Demonstration) -> i64 {
    let first = episode.labels.first();
    let last = episode.labels.last();
    first.zip(last).map_or(0, |(first, last)| {
        last.logged.nanos().saturating_sub(first.logged.nanos())
    })
}

impl Examination {
    fn warn(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.lengths.episodes < FEW_EPISODES {
            warnings.push(format!(
                "{} episode(s) are few for training and validation",
                self.lengths.episodes
            ));
        }
        if self.unfinished > 0 {
            warnings.push(format!(
                "{} episodes have no end and are not used",
                self.unfinished
            ));
        }
        let LabelReport {
            found,
            samples,
            unreadable,
            first_unreadable,
            limited,
            first_limited,
        } = &self.labels;
        if let Some(first) = first_limited {
            warnings.push(format!(
                "{limited} label values lie outside the limits and are clamped, the first: {first}"
            ));
        }
        if let Some(why) = first_unreadable {
            warnings.push(format!(
                "{unreadable} labels are left out because they cannot be used, the first: {why}"
            ));
        }
        if samples < found {
            let without = found - samples;
            warnings.push(format!(
                "{without} of {found} labels are left out because a modality has no message for them"
            ));
        }
        for ages in &self.modalities {
            let Ages { name, losses, .. } = ages;
            if let Some(why) = &losses.first_unreadable {
                warnings.push(format!(
                    "modality {name}: {} messages cannot be used, the first: {why}",
                    losses.unreadable
                ));
            }
        }
        warnings
    }
}
