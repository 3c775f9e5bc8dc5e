//! The training file: what to learn, from which topics, and how. Read once, checked as a whole.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_yaml::{Mapping, Value};

use super::augment::{Augment, refuse_random_shift};
use super::episodes::Episodes;
use super::labels::{LabelKeys, Labels};
use super::latency::Latency;
use super::source::Source;
use super::training::Training;
use crate::errors::ConfigErrors;
use crate::files;
use crate::spec::keys::{MODALITY_KEYS, explain, nearest};
use crate::spec::{
    ActionSpec, Activation, FORMAT, FusionSpec, HeadSpec, ModalitySpec, PolicySpec, RecordedSpec,
    SourceSpec,
};

/// A checked training file.
#[derive(Debug)]
pub struct TrainingFile {
    /// The policy that it describes. Widths and hashes of encoders are not known yet, and the encoders' paths
    /// start from [`TrainingFile::folder`].
    pub policy: PolicySpec,
    /// Where each modality comes from, in the policy's order.
    pub streams: Vec<Stream>,
    /// Where the labels come from.
    pub labels: Labels,
    /// Where episodes are marked, and which of them are used.
    pub episodes: Episodes,
    /// How it is learned.
    pub training: Training,
    /// The folder of the training file.
    pub folder: PathBuf,
}

/// The topic of one modality.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// Its topic in the bags.
    pub topic: String,
    /// The oldest message that still counts, in nanoseconds before the label.
    pub max_age_ns: Option<i64>,
    /// How much later than the recorder the node could use a message.
    pub latency: Latency,
    /// How much later than what it shows a message is stamped, in nanoseconds.
    pub stamp_delay_ns: i64,
}

impl TrainingFile {
    /// Reads and checks a training file.
    ///
    /// # Errors
    /// A file that cannot be read or is no YAML mapping, otherwise every problem of its content.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        let place = format!("training file {}", path.display());
        let text = files::read_text(path).map_err(|e| format!("{place}: {e}"))?;
        let keys: Mapping = serde_yaml::from_str(&text).map_err(|e| format!("{place}: {e}"))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::parse(keys, folder).map_err(|found| {
            let mut errors = ConfigErrors::new();
            errors.add_all(&place, found);
            errors
        })
    }

    fn parse(mut keys: Mapping, folder: PathBuf) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let found = &mut errors;
        let name: Option<String> = take(&mut keys, "name", found);
        let description = take_or_default(&mut keys, "description", found);
        let modalities = take(&mut keys, "modalities", found)
            .and_then(|list: Vec<Mapping>| all_modalities(list, found));
        let labels = take_labels(&mut keys, found);
        let actions: Option<Vec<ActionSpec>> = take(&mut keys, "actions", found);
        let episodes: Option<Episodes> = take(&mut keys, "episodes", found);
        let fusion: Option<FusionSpec> = take(&mut keys, "fusion", found);
        let head: Option<HeadSpec> = take(&mut keys, "head", found);
        let training = take_training(&mut keys, found);
        for key in keys.keys() {
            let key = serde_yaml::to_string(key).unwrap_or_default();
            let key = key.trim_end();
            let guess = nearest(key, KEYS.split(", "));
            let guess = guess.map_or(String::new(), |guess| format!("; did you mean `{guess}`?"));
            found.add(format!(
                "the key `{key}` is unknown; allowed are {KEYS}{guess}"
            ));
        }
        if let Some(training) = &training {
            training.check(found);
        }
        if let Some(episodes) = &episodes {
            episodes.check(found);
        }
        let labels = match (labels, &actions) {
            (Some(labels), Some(actions)) => Labels::check(labels, actions, found),
            _ => None,
        };
        let (streams, policy) = match (name, description, modalities, actions, fusion, head) {
            (
                Some(name),
                Some(description),
                Some(modalities),
                Some(actions),
                Some(fusion),
                Some(head),
            ) => {
                let (streams, modalities) = modalities.into_iter().unzip();
                let policy = PolicySpec {
                    format: FORMAT,
                    name,
                    description,
                    modalities,
                    fusion,
                    head,
                    actions,
                    recorded: RecordedSpec::default(),
                };
                policy.check(found);
                if let Some(training) = &training {
                    training.check_modalities(&policy.modalities, found);
                }
                (streams, policy)
            }
            _ => return Err(errors),
        };
        match (labels, episodes, training) {
            (Some(labels), Some(episodes), Some(training)) => errors.or(Self {
                policy,
                streams,
                labels,
                episodes,
                training,
                folder,
            }),
            _ => Err(errors),
        }
    }
}

/// The node allows no more.
const LONGEST_AGE_S: f64 = 3600.0;
const SHORTEST_AGE_S: f64 = 0.001;

const KEYS: &str =
    "name, description, modalities, action, actions, episodes, fusion, head, training";

/// What a modality has here beside the keys that it has in a policy.
const STREAM_KEYS: &[&str] = &["topic", "max_age_s", "latency_s", "stamp_delay_s"];

/// A stamp that is later than this is of something else.
const LONGEST_STAMP_DELAY_S: f64 = 1.0;

/// Takes one key out of a mapping. A key that is missing or cannot be read is a problem.
fn take<T: DeserializeOwned>(
    keys: &mut Mapping,
    key: &str,
    errors: &mut ConfigErrors,
) -> Option<T> {
    take_with(keys, key, &[], errors)
}

/// The same, where `also` are keys within it that were taken out of it before.
fn take_with<T: DeserializeOwned>(
    keys: &mut Mapping,
    key: &str,
    also: &[&str],
    errors: &mut ConfigErrors,
) -> Option<T> {
    let Some(value) = keys.remove(key) else {
        errors.add(format!("the key `{key}` is missing"));
        return None;
    };
    read(value)
        .map_err(|e| errors.add(format!("{key}: {}", explain(&e, also))))
        .ok()
}

/// As [`take`], for a key that may be missing.
fn take_or_default<T: DeserializeOwned + Default>(
    keys: &mut Mapping,
    key: &str,
    errors: &mut ConfigErrors,
) -> Option<T> {
    match keys.contains_key(key) {
        true => take(keys, key, errors),
        false => Some(T::default()),
    }
}

/// The labels of one topic, or of each in a list.
fn take_labels(keys: &mut Mapping, errors: &mut ConfigErrors) -> Option<Vec<LabelKeys>> {
    match keys.get("action") {
        Some(Value::Sequence(_)) => take(keys, "action", errors),
        _ => take(keys, "action", errors).map(|only| vec![only]),
    }
}

/// The training, whose `augment` is read on its own.
fn take_training(keys: &mut Mapping, errors: &mut ConfigErrors) -> Option<Training> {
    let mut augment = None;
    if let Some(Value::Mapping(training)) = keys.get_mut("training") {
        refuse_random_shift(training, errors);
        training.remove("random_shift");
        let given = training.remove("augment").map(Augment::read);
        augment = given.and_then(|read| read.map_err(|e| errors.extend(e)).ok());
    }
    let training: Option<Training> = take_with(keys, "training", &["augment"], errors);
    training.map(|training| Training {
        augment,
        ..training
    })
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, serde_yaml::Error> {
    serde_yaml::from_value(value)
}

/// All modalities, or none when one of them cannot be read.
fn all_modalities(
    list: Vec<Mapping>,
    errors: &mut ConfigErrors,
) -> Option<Vec<(Stream, ModalitySpec)>> {
    let mut found = ConfigErrors::new();
    let modalities: Vec<_> = list
        .into_iter()
        .enumerate()
        .filter_map(|(i, keys)| {
            let place = match keys.get("name").and_then(Value::as_str) {
                Some(name) => format!("modality {name}"),
                None => format!("modalities[{i}]"),
            };
            one_modality(keys)
                .map_err(|e| found.add_all(&place, e))
                .ok()
        })
        .collect();
    let readable = found.is_empty();
    errors.extend(found);
    readable.then_some(modalities)
}

/// What every kind of modality has is taken out first; what is left must be what its kind needs.
fn one_modality(mut keys: Mapping) -> Result<(Stream, ModalitySpec), ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let found = &mut errors;
    let name: Option<String> = take(&mut keys, "name", found);
    let topic: Option<String> = take(&mut keys, "topic", found);
    let projection: Option<Option<usize>> = take_or_default(&mut keys, "projection", found);
    let projection_hidden: Option<Vec<usize>> =
        take_or_default(&mut keys, "projection_hidden", found);
    let projection_activation: Option<Activation> =
        take_or_default(&mut keys, "projection_activation", found);
    let history: Option<Option<usize>> = take_or_default(&mut keys, "history", found);
    let moved_since: Option<Option<String>> = take_or_default(&mut keys, "moved_since", found);
    let max_age_s: Option<Option<f64>> = take_or_default(&mut keys, "max_age_s", found);
    if let Some(Some(age)) = max_age_s
        && !(SHORTEST_AGE_S..=LONGEST_AGE_S).contains(&age)
        && age != f64::INFINITY
    {
        found.add(format!(
            "max_age_s is {age}; allowed: {SHORTEST_AGE_S} to {LONGEST_AGE_S}, or .inf for any age"
        ));
    }
    let latency: Option<Latency> = take_or_default(&mut keys, "latency_s", found);
    let stamp_delay_s: Option<f64> = take_or_default(&mut keys, "stamp_delay_s", found);
    if let Some(delay) = stamp_delay_s
        && !(0.0..=LONGEST_STAMP_DELAY_S).contains(&delay)
    {
        found.add(format!(
            "stamp_delay_s is {delay}; allowed: 0 to {LONGEST_STAMP_DELAY_S}"
        ));
    }
    let holds = keys.get("kind").and_then(Value::as_str) == Some("text");
    if let Some(error) = latency.and_then(|latency| latency.error(holds)) {
        found.add(error);
    }
    let source: Option<Source> = read(Value::Mapping(keys))
        .map_err(|e| found.add(explain(&e, &[MODALITY_KEYS, STREAM_KEYS].concat())))
        .ok();
    match (name, topic, projection, history, max_age_s, source) {
        (
            Some(name),
            Some(topic),
            Some(projection),
            Some(history),
            Some(max_age_s),
            Some(source),
        ) => {
            let (source, width) = source.undetermined();
            // As in the node: a sentence holds until the next one, what streams does not.
            let max_age_s = max_age_s.unwrap_or(match source {
                SourceSpec::Text { .. } => f64::INFINITY,
                SourceSpec::Image { .. }
                | SourceSpec::Vector { .. }
                | SourceSpec::Feature { .. } => 0.5,
            });
            let stream = Stream {
                topic,
                max_age_ns: max_age_s.is_finite().then_some((max_age_s * 1e9) as i64),
                latency: latency.unwrap_or_default(),
                stamp_delay_ns: (stamp_delay_s.unwrap_or_default() * 1e9).round() as i64,
            };
            errors.or((
                stream,
                ModalitySpec {
                    name,
                    source,
                    width,
                    history: history.unwrap_or(1),
                    moved_since: moved_since.flatten(),
                    projection,
                    projection_hidden: projection_hidden.unwrap_or_default(),
                    projection_activation: projection_activation.unwrap_or_default(),
                },
            ))
        }
        _ => Err(errors),
    }
}

#[cfg(test)]
mod tests;
