//! From episodes and features to samples: for every label, what the node would have seen at its time.

use std::collections::HashMap;

use super::dataset::{Dataset, Episode};
use super::features::Features;
use super::file::Stream;
use super::losses::Losses;
use super::pairing::{Arrival, Arrivals, LabelTime, Paired};
use super::piece::{Entry, Outcome};
use super::rows::{KeptRows, Rows};
use super::since::Since;
use super::survey::{Demonstration, Label, Recording};
use super::table::Table;
use super::training_input::TrainingInput;
use crate::modality::{Feature, History, Validity};
use crate::spec::{HeadSpec, PolicySpec};
use crate::time::{Clocks, Stamp};

/// Collects the samples of all bags.
pub struct Samples<'a> {
    policy: &'a PolicySpec,
    inputs: &'a [TrainingInput],
    streams: &'a [Stream],
    dataset: Dataset,
    /// For each text modality, the row of every sentence's feature.
    sentences: Vec<HashMap<Vec<u32>, u32>>,
    /// How many recordings there were.
    recordings: usize,
    losses: Vec<Losses>,
    /// For each modality, how old each of its messages was at the first sample that it is in.
    first_ages_ns: Vec<Vec<i64>>,
    /// For each modality, how old the oldest message is that a sample uses.
    oldest_ns: Vec<i64>,
}

/// What all bags came to.
pub struct Collected {
    /// The samples.
    pub dataset: Dataset,
    /// For each modality, what it cost.
    pub losses: Vec<Losses>,
    /// For each modality, the median of how many seconds old its messages were at the first sample that each is in; none
    /// where any age is allowed.
    pub ages_s: Vec<Option<f64>>,
    /// For each modality, the age of the oldest message that a sample uses, in seconds.
    pub oldest_s: Vec<f64>,
}

/// What became of a message: its stamp, and its feature, unless it had nothing to say.
struct Read<'a> {
    stamp: Option<Stamp>,
    /// How much older the oldest number of its feature is.
    behind_ns: i64,
    feature: Option<Found<'a>>,
}

/// A feature.
#[derive(Clone, Copy)]
enum Found<'a> {
    /// Its numbers, and those of its copies.
    Values(&'a [f32]),
    /// Its number among those that are kept; those of its copies follow.
    Kept(u32),
}

impl<'a> Samples<'a> {
    /// No samples yet. `keeps` says of which modalities the features are kept.
    pub fn new(
        policy: &'a PolicySpec,
        inputs: &'a [TrainingInput],
        streams: &'a [Stream],
        keeps: impl Fn(usize) -> bool,
    ) -> Self {
        let features = inputs.iter().enumerate().map(|(i, input)| match keeps(i) {
            true => Rows::Kept(KeptRows::new(input.width, input.history)),
            false => Rows::Memory(Table::new(input.row_width())),
        });
        let actions = policy.actions.len() * policy.head.steps();
        let mut dataset = Dataset::new(features.collect(), actions);
        let since = |modality| policy.moved_since(modality).map(Since::of);
        dataset.since = policy.modalities.iter().map(since).collect();
        Self {
            dataset,
            inputs,
            sentences: vec![HashMap::new(); streams.len()],
            recordings: 0,
            losses: vec![Losses::default(); streams.len()],
            first_ages_ns: vec![Vec::new(); streams.len()],
            oldest_ns: vec![0; streams.len()],
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
        let mut clocks = Clocks::default();
        for (i, read) in read.iter().enumerate() {
            let episodes = recording.episodes.iter();
            for seen in episodes.flat_map(|episode| &episode.candidates[i]) {
                clocks.compare(read.get(&seen.number).and_then(|r| r.stamp), seen.logged);
            }
        }
        for episode in &recording.episodes {
            self.add_episode(episode, &read, clocks.differ());
        }
        self.recordings += 1;
    }

    /// What all bags came to.
    pub fn finish(self) -> Collected {
        let ages = self.first_ages_ns.into_iter().zip(self.streams);
        Collected {
            dataset: self.dataset,
            losses: self.losses,
            ages_s: ages
                .map(|(ages_ns, stream)| stream.max_age_ns.and(median(ages_ns)))
                .map(|age_ns| age_ns.map(|ns| ns as f64 / 1e9))
                .collect(),
            oldest_s: (self.oldest_ns.iter())
                .map(|age_ns| *age_ns as f64 / 1e9)
                .collect(),
        }
    }

    /// The features of one modality in one bag by the numbers of their messages.
    fn read<'f>(&mut self, modality: usize, features: &'f Features) -> HashMap<u32, Read<'f>> {
        let mut read = HashMap::new();
        match (features, &mut self.dataset.features[modality]) {
            (Features::Memory { entries, values }, _) => {
                let TrainingInput { width, copies, .. } = self.inputs[modality];
                let values = values.chunks_exact(width * (1 + copies));
                self.read_entries(modality, entries, values.map(Found::Values), &mut read);
            }
            (Features::Kept(pieces), Rows::Kept(rows)) => {
                let begins: Vec<u32> = pieces.iter().map(|p| rows.add(p.clone())).collect();
                for (piece, begin) in pieces.iter().zip(begins) {
                    let numbers = (begin..).step_by(piece.shape.features).map(Found::Kept);
                    self.read_entries(modality, &piece.entries, numbers, &mut read);
                }
            }
            (Features::Kept(_), Rows::Memory(_)) => {
                debug_assert!(false, "a modality's rows are where its features are");
            }
        }
        read
    }

    /// Unreadable messages are left out, or end what was before them, as in the node.
    fn read_entries<'f>(
        &mut self,
        modality: usize,
        entries: &[Entry],
        mut found: impl Iterator<Item = Found<'f>>,
        read: &mut HashMap<u32, Read<'f>>,
    ) {
        let source = &self.policy.modalities[modality].source;
        let max_age_s = self.streams[modality].max_age_ns.map(|ns| ns as f64 * 1e-9);
        let validity = Validity::of(source, max_age_s);
        for entry in entries {
            let feature = match &entry.outcome {
                Outcome::Present => found.next(),
                Outcome::Absent => None,
                Outcome::Unreadable(why) => {
                    let losses = &mut self.losses[modality];
                    losses.unreadable += 1;
                    losses.first_unreadable.get_or_insert_with(|| why.clone());
                    if validity == Validity::WhileFresh {
                        continue;
                    }
                    None
                }
            };
            let read_now = Read {
                stamp: entry.stamp_ns.map(Stamp::from_nanos),
                behind_ns: entry.behind_ns,
                feature,
            };
            read.insert(entry.number, read_now);
        }
    }

    /// Puts the features that an episode might use into the dataset, in the order of their arrival. A history begins anew
    /// at `start`, and where the node's does: after an absence, and when stamps go back. What must be fresh does not come
    /// from another episode, however soon that was over; what holds until the next message, such as a sentence, does.
    fn arrivals(
        &mut self,
        modality: usize,
        episode: &Demonstration,
        read: &HashMap<u32, Read>,
    ) -> Arrivals {
        let training_input = &self.inputs[modality];
        let (width, stream) = (training_input.width, &self.streams[modality]);
        let is_text = self.policy.modalities[modality].source.is_text();
        let mut candidates = episode.candidates[modality].clone();
        candidates.sort_by_key(|seen| seen.logged);
        if stream.max_age_ns.is_some() {
            candidates.retain(|seen| seen.logged > episode.another_ended);
        }
        let rows = &mut self.dataset.features[modality];
        // What is kept is not looked at here: in place of a feature its place among those of the episode goes through the
        // history, whose differences of such small whole numbers are exact.
        let width = match rows {
            Rows::Memory(_) => width,
            Rows::Kept(_) => 1,
        };
        let mut places: Vec<u32> = Vec::new();
        let mut history = History::new(width, training_input.history);
        let mut feature = Feature::absent(history.input_width());
        let mut has_started = false;
        let mut messages = Vec::with_capacity(candidates.len());
        for seen in candidates {
            let Some(read) = read.get(&seen.number) else {
                continue;
            };
            let Read {
                stamp, behind_ns, ..
            } = read;
            if !has_started && seen.logged > episode.started {
                history.forget();
                has_started = true;
            }
            let mut copies: &[f32] = &[];
            match read.feature {
                Some(Found::Values(values)) => {
                    let (own, behind) = values.split_at(width);
                    feature.values[..width].copy_from_slice(own);
                    copies = behind;
                }
                Some(Found::Kept(number)) => {
                    feature.values[0] = places.len() as f32;
                    places.push(number);
                }
                None => {}
            }
            let is_present = read.feature.is_some();
            history.complete(stamp.unwrap_or(seen.logged), is_present, &mut feature);
            let row = is_present.then(|| match rows {
                Rows::Memory(table) if is_text => {
                    let sentences = &mut self.sentences[modality];
                    once(sentences, table, &feature.values, copies)
                }
                Rows::Memory(table) => table.push(&feature.values),
                Rows::Kept(rows) => {
                    let newest = feature.values[0];
                    let older = feature.values[1..].iter().map(|back| newest + back);
                    let each = std::iter::once(newest).chain(older);
                    let row = rows.push(each.map(|place| places[place as usize]));
                    let number = places[newest as usize];
                    for copy in 1..=training_input.copies as u32 {
                        rows.push(std::iter::once(number + copy));
                    }
                    row
                }
            });
            messages.push(Arrival {
                number: seen.number,
                logged: seen.logged,
                stamp: *stamp,
                behind_ns: behind_ns.saturating_add(stream.stamp_delay_ns),
                row,
            });
        }
        Arrivals::new(messages, stream.latency, stream.max_age_ns)
    }

    /// The actions of all steps of a chunk that begins at the first of these labels, which all mean the same. After the
    /// last of them its action goes on.
    fn chunk(&self, labels: &[Label]) -> Vec<f32> {
        let HeadSpec::Mlp { chunk, .. } = &self.policy.head;
        let Some(chunk) = chunk else {
            return labels[0].action.clone();
        };
        let mut at = 0;
        let mut actions = Vec::with_capacity(chunk.steps * labels[0].action.len());
        for step in 0..chunk.steps {
            // The label nearest to the step's time; time only goes on.
            let due_s = step as f64 * chunk.step_s;
            let off = |at: usize| (labels[at].seconds_since(&labels[0]) - due_s).abs();
            while at + 1 < labels.len() && off(at + 1) <= off(at) {
                at += 1;
            }
            actions.extend_from_slice(&labels[at].action);
        }
        actions
    }

    fn add_episode(
        &mut self,
        episode: &Demonstration,
        read: &[HashMap<u32, Read>],
        clocks_differ: bool,
    ) {
        let arrivals: Vec<Arrivals> = read
            .iter()
            .enumerate()
            .map(|(i, read)| self.arrivals(i, episode, read))
            .collect();
        for (own, since) in arrivals.iter().zip(&mut self.dataset.since) {
            if let Some(since) = since {
                let copies = self.inputs[since.modality].copies;
                since.add(own, &arrivals[since.modality], copies);
            }
        }
        let begin = self.dataset.len();
        let mut changes = Vec::with_capacity(episode.changes.len());
        let mut coming = episode.changes.iter().peekable();
        let mut before = vec![None; arrivals.len()];
        for (at, label) in episode.labels.iter().enumerate() {
            while coming.next_if(|change| **change <= at).is_some() {
                changes.push(self.dataset.len());
            }
            let moment = LabelTime::of(label, &arrivals, clocks_differ);
            let mut paired: Vec<Paired> = Vec::with_capacity(arrivals.len());
            for (arrivals, losses) in arrivals.iter().zip(&mut self.losses) {
                losses.late += usize::from(arrivals.came_too_late_for(label));
                match arrivals.at(&moment) {
                    Ok(found) => paired.push(found),
                    Err(reason) => losses.count(reason),
                }
            }
            if paired.len() < arrivals.len() {
                continue;
            }
            let end = coming.peek().map_or(episode.labels.len(), |next| **next);
            let chunk = self.chunk(&episode.labels[at..end]);
            self.dataset.labels.push(&chunk);
            for (
                i,
                Paired {
                    message,
                    row,
                    span,
                    age_ns,
                },
            ) in paired.into_iter().enumerate()
            {
                self.dataset.rows[i].push(row);
                self.dataset.messages[i].push(message);
                if self.streams[i].latency.is_range() {
                    self.dataset.spans[i].push(span);
                }
                self.oldest_ns[i] = self.oldest_ns[i].max(age_ns);
                if before[i].replace(message) != Some(message) {
                    self.first_ages_ns[i].push(age_ns);
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
            .filter(|(m, _)| m.source.is_text())
            .map(|(_, rows)| rows[begin])
            .collect();
        self.dataset.episodes.push(Episode {
            samples,
            changes,
            group,
            recording: self.recordings,
        });
    }
}

/// The row of a feature that is kept once, followed by those of its copies.
fn once(
    rows: &mut HashMap<Vec<u32>, u32>,
    table: &mut Table,
    feature: &[f32],
    copies: &[f32],
) -> u32 {
    let bits = feature.iter().map(|v| v.to_bits()).collect();
    *rows.entry(bits).or_insert_with(|| {
        let row = table.push(feature);
        for copy in copies.chunks_exact(feature.len()) {
            table.push(copy);
        }
        row
    })
}

/// The one in the middle, if there is any.
pub(super) fn median<T: Copy + Ord>(mut values: Vec<T>) -> Option<T> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}
