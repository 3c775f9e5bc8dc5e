//! What is learned from: the features of every modality, and the samples that pair them with labels.

use std::io;
use std::ops::{Range, RangeInclusive};

use super::rows::{Row, Rows};
use super::since::Since;
use super::table::Table;

/// All samples. A feature that several samples share is kept once.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The features of each modality, in the policy's order.
    pub features: Vec<Rows>,
    /// The labels, one row per sample.
    pub labels: Table,
    /// For each modality, the row of its features that a sample uses.
    pub rows: Vec<Vec<u32>>,
    /// For each modality that is learned with a range of latencies, the rows around that one of what any of them would
    /// have a sample use, those of altered copies in between; empty for the others.
    pub spans: Vec<Vec<RangeInclusive<u32>>>,
    /// For each modality, whether and how it counts how far it has moved since the message of another one.
    pub since: Vec<Option<Since>>,
    /// For each modality, the message that a sample uses: its index within its topic in its recording, counted from 0.
    pub messages: Vec<Vec<u32>>,
    /// The episodes, in the order of the bags.
    pub episodes: Vec<Episode>,
}

/// The samples of one episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// Its samples.
    pub samples: Range<usize>,
    /// Where among them something else is meant from there on.
    pub changes: Vec<usize>,
    /// Episodes of one group are alike: here, they were given the same sentence.
    pub group: Vec<u32>,
    /// The recording that it is from, in the order of the bags.
    pub recording: usize,
}

impl Episode {
    /// Stretches of its samples in each of which one thing is meant.
    pub fn meanings(&self) -> impl Iterator<Item = Range<usize>> {
        let begins = std::iter::once(self.samples.start).chain(self.changes.iter().copied());
        let ends = self.changes.iter().copied().chain([self.samples.end]);
        begins.zip(ends).map(|(begin, end)| begin..end)
    }
}

impl Dataset {
    /// A dataset without samples, for the features of modalities and a label of this width.
    pub fn new(features: Vec<Rows>, actions: usize) -> Self {
        Self {
            rows: vec![Vec::new(); features.len()],
            spans: vec![Vec::new(); features.len()],
            since: vec![None; features.len()],
            messages: vec![Vec::new(); features.len()],
            features,
            labels: Table::new(actions),
            episodes: Vec::new(),
        }
    }

    /// The same samples with only some of the modalities.
    pub fn with_only(&self, modalities: &[usize]) -> Self {
        let since = |i: &usize| {
            let since = self.since[*i].clone()?;
            let modality = modalities.iter().position(|m| *m == since.modality)?;
            Some(Since { modality, ..since })
        };
        Self {
            since: modalities.iter().map(since).collect(),
            features: modalities
                .iter()
                .map(|i| self.features[*i].clone())
                .collect(),
            rows: modalities.iter().map(|i| self.rows[*i].clone()).collect(),
            spans: modalities.iter().map(|i| self.spans[*i].clone()).collect(),
            messages: (modalities.iter())
                .map(|i| self.messages[*i].clone())
                .collect(),
            labels: self.labels.clone(),
            episodes: self.episodes.clone(),
        }
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The samples of some episodes.
    pub fn samples_of(&self, episodes: &[usize]) -> Vec<u32> {
        episodes
            .iter()
            .flat_map(|e| self.episodes[*e].samples.clone())
            .map(|sample| sample as u32)
            .collect()
    }

    /// How many numbers a sample has of a modality.
    pub fn width(&self, modality: usize) -> usize {
        self.features[modality].width() * (1 + usize::from(self.since[modality].is_some()))
    }

    /// The features of one modality in some samples. Each is an error where its file cannot be read.
    pub fn features_of<'a>(
        &'a self,
        modality: usize,
        samples: &'a [u32],
    ) -> impl Iterator<Item = io::Result<Row<'a>>> {
        let each = samples.iter();
        each.map(move |sample| self.feature(modality, *sample as usize))
    }

    /// The feature of one modality in a sample.
    ///
    /// # Errors
    /// What the file system says, with the file.
    pub fn feature(&self, modality: usize, sample: usize) -> io::Result<Row<'_>> {
        let row_of = |modality: usize| self.rows[modality][sample] as usize;
        match &self.since[modality] {
            None => self.features[modality].row(row_of(modality)),
            Some(_) => {
                let mut values = vec![0.0; self.width(modality)];
                self.read(modality, row_of, &mut values)?;
                Ok(values.into())
            }
        }
    }

    /// Copies the feature of one modality to where as many numbers have room: that of the row which `row_of` says, moved
    /// since the row that it says of the other modality.
    ///
    /// # Errors
    /// What the file system says, with the file.
    pub fn read(
        &self,
        modality: usize,
        row_of: impl Fn(usize) -> usize,
        into: &mut [f32],
    ) -> io::Result<()> {
        let (features, row) = (&self.features[modality], row_of(modality));
        let (newest, moved) = into.split_at_mut(features.width());
        features.read(row, newest)?;
        if let Some(since) = &self.since[modality] {
            features.read(since.row(row, row_of(since.modality)), moved)?;
            for (moved, newest) in moved.iter_mut().zip(newest) {
                *moved = *newest - *moved;
            }
        }
        Ok(())
    }
}
