//! What a training is: all that decides about the weights that come out of it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cache::in_hex;
use super::dataset::Dataset;
use super::rows::{KeptRows, Rows};
use super::table::Table;
use super::training::Training;
use crate::spec::PolicySpec;

/// Two trainings with the same one give the same weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The release.
    release: String,
    /// A digest of the policy and the numbers of gradient descent.
    training: String,
    /// A digest of what is learned from.
    data: String,
}

impl Identity {
    /// Of a training.
    pub fn of(policy: &PolicySpec, training: &Training, dataset: &Dataset) -> Self {
        let mut file = Sha256::new();
        for text in [
            serde_json::to_string(policy).unwrap_or_default(),
            serde_json::to_string(training).unwrap_or_default(),
        ] {
            file.update((text.len() as u64).to_le_bytes());
            file.update(text);
        }
        Self {
            release: env!("CARGO_PKG_VERSION").to_owned(),
            training: in_hex(&file.finalize()),
            data: in_hex(&digest(dataset)),
        }
    }

    /// What of it is another in `found`; nothing where they are the same.
    pub fn differs(&self, found: &Self) -> Option<&'static str> {
        if found.release != self.release {
            Some("it is of another release")
        } else if found.training != self.training {
            Some("it is of another training file or seed")
        } else if found.data != self.data {
            Some("it is of other recordings")
        } else {
            None
        }
    }
}

fn digest(dataset: &Dataset) -> Vec<u8> {
    let mut hash = Sha256::new();
    let Dataset {
        features,
        labels,
        rows,
        spans,
        since,
        messages: _,
        episodes,
    } = dataset;
    for rows in features {
        match rows {
            Rows::Memory(table) => add_table(&mut hash, table),
            Rows::Kept(kept) => add_kept(&mut hash, kept),
        }
    }
    add_table(&mut hash, labels);
    for rows in rows {
        add_all(&mut hash, rows.iter().copied());
    }
    for spans in spans {
        let ends = spans.iter().flat_map(|span| [*span.start(), *span.end()]);
        add_all(&mut hash, ends);
    }
    for since in since.iter().flatten() {
        let rows = since.rows.iter().copied();
        add_all(
            &mut hash,
            std::iter::once(since.modality as u32).chain(rows),
        );
    }
    for episode in episodes {
        let places = [episode.samples.start, episode.samples.end];
        let places = places.iter().chain(&episode.changes);
        add_all(&mut hash, places.map(|place| *place as u32));
        add_all(&mut hash, episode.group.iter().copied());
    }
    hash.finalize().to_vec()
}

fn add_table(hash: &mut Sha256, table: &Table) {
    let bits = table.values().iter().map(|value| value.to_bits());
    add_all(hash, std::iter::once(table.width() as u32).chain(bits));
}

fn add_kept(hash: &mut Sha256, kept: &KeptRows) {
    let pieces = kept.pieces().iter().map(|piece| piece.checksum());
    add_all(hash, pieces);
    add_all(hash, kept.numbers().iter().copied());
}

/// Numbers, with how many they are, so that no two lists become one.
fn add_all(hash: &mut Sha256, numbers: impl Iterator<Item = u32>) {
    let bytes: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}
