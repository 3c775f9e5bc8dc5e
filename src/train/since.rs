//! How far a modality's numbers have moved since the message of another one: in which rows to find both.

use super::pairing::Arrivals;

/// For a modality with `moved_since`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// The other modality.
    pub modality: usize,
    /// For each of its rows, the row that was newest by the stamp of its message.
    pub rows: Vec<u32>,
}

impl Since {
    /// Of a modality that moves on from the messages of this one.
    pub fn of(modality: usize) -> Self {
        Self {
            modality,
            rows: Vec::new(),
        }
    }

    /// Adds an episode: its own messages, and those of the other modality, whose features are each followed by so many of
    /// altered copies.
    pub fn add(&mut self, own: &Arrivals, others: &Arrivals, copies: usize) {
        for other in others.messages().iter().filter(|other| other.row.is_some()) {
            // Without any of its own there is no sample either.
            let row = own.as_of(other).unwrap_or_default();
            self.rows.extend(std::iter::repeat_n(row, 1 + copies));
        }
    }

    /// The row from which it has moved to `row` since the message of the other one's row. It is never the newer of the two:
    /// the node does not have it before either.
    pub fn row(&self, row: usize, other: usize) -> usize {
        row.min(self.rows[other] as usize)
    }
}
