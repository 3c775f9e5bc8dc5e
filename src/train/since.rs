//! How far a modality's numbers have moved since the message of another one: in which rows to find both.

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

    /// The row from which it has moved to `row` since the message of the other one's row. It is never the newer of the two:
    /// the node does not have it before either.
    pub fn row(&self, row: usize, other: usize) -> usize {
        row.min(self.rows[other] as usize)
    }
}
