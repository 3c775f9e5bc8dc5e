//! From episodes and features to samples: for every label, what the node would have seen at its time.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;

use super::cache::{Features, Outcome};
use super::dataset::{Dataset, Episode, Table};
use super::file::Stream;
use super::survey::{Demonstration, Label, Recording, Seen};
use super::training_input::TrainingInput;
use crate::modality::History;
use crate::spec::{HeadSpec, PolicySpec, SourceSpec};

/// Collects the samples of all bags.
pub struct Samples<'a> {
    policy: &'a PolicySpec,
    inputs: &'a [TrainingInput],
    streams: &'a [Stream],
    dataset: Dataset,
    /// For each text modality, the row of every sentence's feature.
    sentences: Vec<HashMap<Vec<u32>, u32>>,
    losses: Vec<Losses>,
}

/// What one modality cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    /// Labels before its first message.
    pub nothing_yet: usize,
    /// Labels while it had nothing to say, such as a blank instruction.
    pub absent: usize,
    /// Labels whose newest message was older than `max_age_s`.
    pub stale: usize,
    /// Messages that could not be read.
    pub unreadable: usize,
    /// What was wrong with the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_unreadable: Option<String>,
}

impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            nothing_yet,
            absent,
            stale,
            unreadable,
            first_unreadable,
        } = self;
        write!(
            f,
            "{nothing_yet} before its first message, {absent} while it was absent, {stale} with one too old; \
             {unreadable} messages unreadable"
        )?;
        match first_unreadable {
            Some(why) => write!(f, ", the first: {why}"),
            None => Ok(()),
        }
    }
}

/// A message that was read.
#[derive(Clone, Copy)]
struct Read {
    stamp_ns: Option<i64>,
    /// The row of its feature; none where it had nothing to say.
    row: Option<u32>,
}

impl<'a> Samples<'a> {
    /// No samples yet.
    pub fn new(policy: &'a PolicySpec, inputs: &'a [TrainingInput], streams: &'a [Stream]) -> Self {
        let widths = inputs.iter().map(TrainingInput::row_width);
        let actions = policy.actions.len() * policy.head.steps();
        Self {
            dataset: Dataset::new(widths, actions),
            inputs,
            sentences: vec![HashMap::new(); streams.len()],
            losses: vec![Losses::default(); streams.len()],
            policy,
            streams,
        }
    }

    /// Adds the episodes of one bag with the features of its modalities.
    pub fn add(&mut self, recording: &Recording, features: &[Features]) {
        let read: Vec<HashMap<u32, Read>> = features
            .iter()
            .enumerate()
            .map(|(i, features)| self.read(i, features))
            .collect();
        for episode in &recording.episodes {
            self.add_episode(episode, &read);
        }
    }

    /// The samples of all bags, and what each modality cost.
    pub fn finish(self) -> (Dataset, Vec<Losses>) {
        (self.dataset, self.losses)
    }

    /// Puts the features of one bag into the dataset; unreadable messages are left out, as the node leaves them out.
    fn read(&mut self, modality: usize, features: &Features) -> HashMap<u32, Read> {
        let training_input = &self.inputs[modality];
        let mut history = History::new(training_input.width, training_input.history);
        let mut seen = vec![0.0; training_input.row_width()];
        let is_text = matches!(
            self.policy.modalities[modality].source,
            SourceSpec::Text { .. }
        );
        let mut values = features
            .values
            .chunks_exact(training_input.width * (1 + training_input.copies));
        let mut read = HashMap::with_capacity(features.entries.len());
        for entry in &features.entries {
            let row = match &entry.outcome {
                Outcome::Present => values.next().map(|features| {
                    let (feature, copies) = features.split_at(training_input.width);
                    seen[..feature.len()].copy_from_slice(feature);
                    history.take(&mut seen);
                    let table = &mut self.dataset.features[modality];
                    match is_text {
                        true => once(&mut self.sentences[modality], table, &seen),
                        false => {
                            let row = table.push(&seen);
                            for copy in copies.chunks_exact(training_input.width) {
                                table.push(copy);
                            }
                            row
                        }
                    }
                }),
                Outcome::Absent => {
                    history.forget();
                    None
                }
                Outcome::Unreadable(why) => {
                    let losses = &mut self.losses[modality];
                    losses.unreadable += 1;
                    losses.first_unreadable.get_or_insert_with(|| why.clone());
                    continue;
                }
            };
            let stamp_ns = entry.stamp_ns;
            read.insert(entry.number, Read { stamp_ns, row });
        }
        read
    }

    /// The actions of all steps of a chunk that begins at the first of these labels. After the episode's end its last
    /// action goes on.
    fn chunk(&self, labels: &[Label]) -> Vec<f32> {
        let HeadSpec::Mlp { chunk, .. } = &self.policy.head;
        let Some(chunk) = chunk else {
            return labels[0].action.clone();
        };
        let passed_s = |label: &Label| match (label.stamp, labels[0].stamp) {
            (Some(now), Some(first)) => now.seconds_since(first),
            _ => label.logged.seconds_since(labels[0].logged),
        };
        let mut at = 0;
        let mut actions = Vec::with_capacity(chunk.steps * labels[0].action.len());
        for step in 0..chunk.steps {
            // The label nearest to the step's time; time only goes on.
            let due_s = step as f64 * chunk.step_s;
            let off = |at: usize| (passed_s(&labels[at]) - due_s).abs();
            while at + 1 < labels.len() && off(at + 1) <= off(at) {
                at += 1;
            }
            actions.extend_from_slice(&labels[at].action);
        }
        actions
    }

    fn add_episode(&mut self, episode: &Demonstration, read: &[HashMap<u32, Read>]) {
        let begin = self.dataset.len();
        let mut changes = Vec::with_capacity(episode.changes.len());
        let mut coming = episode.changes.iter().peekable();
        for (at, label) in episode.labels.iter().enumerate() {
            while coming.next_if(|change| **change <= at).is_some() {
                changes.push(self.dataset.len());
            }
            let mut rows = Vec::with_capacity(read.len());
            for (i, read) in read.iter().enumerate() {
                match newest(label, &episode.candidates[i], read, &self.streams[i]) {
                    Ok(row) => rows.push(row),
                    Err(reason) => reason.count(&mut self.losses[i]),
                }
            }
            if rows.len() == read.len() {
                let chunk = self.chunk(&episode.labels[at..]);
                self.dataset.labels.push(&chunk);
                for (column, row) in self.dataset.rows.iter_mut().zip(rows) {
                    column.push(row);
                }
            }
        }
        let samples = begin..self.dataset.len();
        if samples.is_empty() {
            return;
        }
        let group = self
            .policy
            .modalities
            .iter()
            .zip(&self.dataset.rows)
            .filter(|(m, _)| matches!(m.source, SourceSpec::Text { .. }))
            .map(|(_, rows)| rows[begin])
            .collect();
        self.dataset.episodes.push(Episode {
            samples,
            changes,
            group,
        });
    }
}

/// The row of a feature that is kept once.
fn once(rows: &mut HashMap<Vec<u32>, u32>, table: &mut Table, feature: &[f32]) -> u32 {
    let bits = feature.iter().map(|v| v.to_bits()).collect();
    *rows.entry(bits).or_insert_with(|| table.push(feature))
}

/// Why a label has no sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    NothingYet,
    Absent,
    Stale,
}

impl Loss {
    fn count(self, losses: &mut Losses) {
        match self {
            Self::NothingYet => losses.nothing_yet += 1,
            Self::Absent => losses.absent += 1,
            Self::Stale => losses.stale += 1,
        }
    }
}

/// The newest message at the time of a label. Stamps are compared with stamps where both have one, and times of
/// recording otherwise: in simulation the two clocks have nothing to do with each other.
fn newest(
    label: &Label,
    candidates: &[Seen],
    read: &HashMap<u32, Read>,
    stream: &Stream,
) -> Result<u32, Loss> {
    let age_ns = |seen: &Seen, read: &Read| match (label.stamp, read.stamp_ns) {
        (Some(label), Some(stamp_ns)) => label.nanos().saturating_sub(stamp_ns),
        _ => label.logged.nanos().saturating_sub(seen.logged.nanos()),
    };
    let (age_ns, row) = candidates
        .iter()
        .rev()
        .filter_map(|seen| {
            let read = read.get(&seen.number)?;
            Some((age_ns(seen, read), read.row))
        })
        .filter(|(age_ns, _)| *age_ns >= 0)
        .min_by_key(|(age_ns, _)| *age_ns)
        .ok_or(Loss::NothingYet)?;
    match (row, stream.max_age_ns) {
        (None, _) => Err(Loss::Absent),
        (Some(_), Some(allowed)) if age_ns > allowed => Err(Loss::Stale),
        (Some(row), _) => Ok(row),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Stamp;

    fn seen(number: u32, logged: i64) -> Seen {
        Seen {
            number,
            logged: Stamp::from_nanos(logged),
        }
    }

    fn label(stamp: Option<i64>, logged: i64) -> Label {
        Label {
            stamp: stamp.map(Stamp::from_nanos),
            logged: Stamp::from_nanos(logged),
            action: vec![],
        }
    }

    fn read(entries: &[(u32, Option<i64>, bool)]) -> HashMap<u32, Read> {
        let one = |(number, stamp_ns, present): &(u32, Option<i64>, bool)| {
            let row = present.then_some(*number);
            let stamp_ns = *stamp_ns;
            (*number, Read { stamp_ns, row })
        };
        entries.iter().map(one).collect()
    }

    fn stream(max_age_ns: Option<i64>) -> Stream {
        Stream {
            topic: "t".into(),
            max_age_ns,
        }
    }

    #[test]
    fn the_newest_message_not_after_the_label_is_used() {
        let candidates = [seen(0, 100), seen(1, 200), seen(2, 300)];
        let read = read(&[(0, None, true), (1, None, true), (2, None, true)]);
        let at = |time| newest(&label(None, time), &candidates, &read, &stream(None));
        assert_eq!(at(99), Err(Loss::NothingYet));
        assert_eq!(at(199), Ok(0));
        assert_eq!(at(200), Ok(1));
        assert_eq!(at(9999), Ok(2));
    }

    #[test]
    fn stamps_are_compared_with_stamps_and_records_with_records() {
        let candidates = [seen(0, 5_000_000), seen(1, 5_000_100)];
        let stamped = read(&[(0, Some(10), true), (1, Some(20), true)]);
        let of = |label: &Label, read| newest(label, &candidates, read, &stream(None));
        assert_eq!(of(&label(Some(10), 5_000_200), &stamped), Ok(0));
        assert_eq!(of(&label(None, 5_000_200), &stamped), Ok(1));
        let plain = read(&[(0, None, true), (1, None, true)]);
        assert_eq!(of(&label(Some(10), 5_000_050), &plain), Ok(0));
    }

    #[test]
    fn messages_that_were_dropped_are_passed_over_and_blank_ones_are_not() {
        let candidates = [seen(0, 100), seen(1, 200)];
        let dropped = read(&[(0, None, true)]);
        let blank = read(&[(0, None, true), (1, None, false)]);
        let of = |read| newest(&label(None, 250), &candidates, read, &stream(None));
        assert_eq!(of(&dropped), Ok(0));
        assert_eq!(of(&blank), Err(Loss::Absent));
    }

    #[test]
    fn of_two_messages_at_one_time_the_later_one_counts() {
        let candidates = [seen(0, 100), seen(1, 100)];
        let read = read(&[(0, None, true), (1, None, true)]);
        let used = newest(&label(None, 100), &candidates, &read, &stream(None));
        assert_eq!(used, Ok(1));
    }

    #[test]
    fn a_message_older_than_allowed_is_stale() {
        let read = read(&[(0, None, true)]);
        let at = |time| {
            newest(
                &label(None, time),
                &[seen(0, 100)],
                &read,
                &stream(Some(50)),
            )
        };
        assert_eq!(at(150), Ok(0));
        assert_eq!(at(151), Err(Loss::Stale));
    }
}
