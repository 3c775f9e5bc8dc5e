//! The features of one modality as rows: in memory where they are small, and where they were kept otherwise.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use super::piece::{Piece, Shape};
use super::table::Table;

/// The features of one modality, row after row.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Numbers that are small, such as those of joints and sentences.
    Memory(Table),
    /// Features that are kept in files and read when they are asked for.
    Kept(KeptRows),
}

/// Rows of what is kept. Each is a feature, or a history of them.
#[derive(Clone, Debug)]
pub struct KeptRows {
    /// Width of one feature.
    width: usize,
    /// How many features a row has.
    history: usize,
    pieces: Vec<Arc<Piece>>,
    /// The number of the first feature of each piece.
    begins: Vec<u32>,
    /// How many features all pieces have.
    features: u32,
    /// For each row the numbers of its features, newest first.
    rows: Vec<u32>,
}

/// A row of features.
pub type Row<'a> = Cow<'a, [f32]>;

impl Rows {
    /// How many numbers a row has.
    pub fn width(&self) -> usize {
        match self {
            Self::Memory(table) => table.width(),
            Self::Kept(kept) => kept.width * kept.history,
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Memory(table) => table.len(),
            Self::Kept(kept) => kept.rows.len() / kept.history,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One row.
    ///
    /// # Errors
    /// What the file system says, with the file.
    pub fn row(&self, row: usize) -> io::Result<Row<'_>> {
        match self {
            Self::Memory(table) => Ok(Cow::Borrowed(table.row(row))),
            Self::Kept(kept) => {
                let mut values = vec![0.0; self.width()];
                kept.read(row, &mut values)?;
                Ok(Cow::Owned(values))
            }
        }
    }

    /// Copies a row to where as many numbers have room.
    ///
    /// # Errors
    /// What the file system says, with the file.
    pub fn read(&self, row: usize, into: &mut [f32]) -> io::Result<()> {
        match self {
            Self::Memory(table) => into.copy_from_slice(table.row(row)),
            Self::Kept(kept) => kept.read(row, into)?,
        }
        Ok(())
    }
}

impl PartialEq for Rows {
    /// Whether the numbers are the same, wherever they are.
    fn eq(&self, other: &Self) -> bool {
        let same = |row| matches!((self.row(row), other.row(row)), (Ok(a), Ok(b)) if a == b);
        self.width() == other.width() && self.len() == other.len() && (0..self.len()).all(same)
    }
}

impl KeptRows {
    /// No rows yet, for features of this width of which the `history` newest are seen at once.
    pub fn new(width: usize, history: usize) -> Self {
        Self {
            width,
            history,
            pieces: Vec::new(),
            begins: Vec::new(),
            features: 0,
            rows: Vec::new(),
        }
    }

    /// Adds the features of a piece, and gives the number of the first.
    pub fn add(&mut self, piece: Arc<Piece>) -> u32 {
        let Shape { width, .. } = piece.shape;
        debug_assert_eq!(width, self.width);
        let begin = self.features;
        self.features += piece.features() as u32;
        self.begins.push(begin);
        self.pieces.push(piece);
        begin
    }

    /// Adds a row of these features, newest first, and gives its number.
    pub fn push(&mut self, features: impl Iterator<Item = u32>) -> u32 {
        self.rows.extend(features);
        debug_assert_eq!(self.rows.len() % self.history, 0);
        (self.rows.len() / self.history - 1) as u32
    }

    /// The pieces, in the order in which they were added.
    pub fn pieces(&self) -> &[Arc<Piece>] {
        &self.pieces
    }

    /// The numbers of all rows' features.
    pub fn numbers(&self) -> &[u32] {
        &self.rows
    }

    fn read(&self, row: usize, into: &mut [f32]) -> io::Result<()> {
        let features = &self.rows[row * self.history..][..self.history];
        let (newest, older) = into.split_at_mut(self.width);
        self.feature(features[0], newest)?;
        // As `modality::History` gives them.
        for (feature, older) in features[1..].iter().zip(older.chunks_exact_mut(self.width)) {
            self.feature(*feature, older)?;
            for (older, newest) in older.iter_mut().zip(&*newest) {
                *older -= newest;
            }
        }
        Ok(())
    }

    fn feature(&self, number: u32, into: &mut [f32]) -> io::Result<()> {
        // Of the pieces that begin there, all but the last are empty.
        let piece = self.begins.partition_point(|begin| *begin <= number) - 1;
        self.pieces[piece].read((number - self.begins[piece]) as usize, into)
    }
}

/// What `of` makes of rows that all could be read.
///
/// # Errors
/// That of the first one that could not.
pub fn of_all<'a, T>(
    rows: impl Iterator<Item = io::Result<Row<'a>>>,
    of: impl FnOnce(&mut dyn Iterator<Item = Row<'a>>) -> T,
) -> io::Result<T> {
    let mut failed = None;
    let mut rows = rows.map_while(|row| row.map_err(|e| failed = Some(e)).ok());
    let made = of(&mut rows);
    failed.map_or(Ok(made), Err)
}

#[cfg(test)]
mod tests {
    use super::super::piece::{Entry, Outcome};
    use super::*;
    use crate::modality::{Feature, History};
    use crate::time::Stamp;

    fn piece(from: u32, count: u32) -> Arc<Piece> {
        let entry = |number| Entry {
            number,
            stamp_ns: None,
            behind_ns: 0,
            outcome: Outcome::Present,
        };
        let values = (from..from + count).flat_map(|i| [i as f32, -0.1 * i as f32]);
        let values: Vec<f32> = values.collect();
        let shape = Shape {
            width: 2,
            features: 1,
        };
        Arc::new(Piece::new((0..count).map(entry).collect(), &values, shape))
    }

    #[test]
    fn features_of_several_pieces_are_found() {
        let mut kept = KeptRows::new(2, 1);
        for (from, count) in [(0, 3), (3, 0), (3, 2)] {
            assert_eq!(kept.add(piece(from, count)), from);
        }
        for feature in [4, 0, 3, 2] {
            kept.push([feature].into_iter());
        }
        let rows = Rows::Kept(kept);
        assert_eq!((rows.len(), rows.width()), (4, 2));
        let first: Vec<f32> = (0..4).map(|row| rows.row(row).unwrap()[0]).collect();
        assert_eq!(first, [4.0, 0.0, 3.0, 2.0]);
        let mut table = Table::new(2);
        for row in 0..4 {
            table.push(&rows.row(row).unwrap());
        }
        let table = Rows::Memory(table);
        assert_eq!(rows, table);
        assert_eq!(
            of_all((0..4).map(|row| rows.row(row)), |all| all.count()).unwrap(),
            4
        );
    }

    #[test]
    fn a_history_is_as_the_node_has_it() {
        let mut kept = KeptRows::new(2, 3);
        kept.add(piece(0, 5));
        let mut history = History::new(2, 3);
        for (row, features) in [[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 2, 1]]
            .iter()
            .enumerate()
        {
            kept.push(features.iter().copied());
            let mut seen = Feature::absent(6);
            kept.feature(features[0], &mut seen.values[..2]).unwrap();
            history.complete(Stamp::from_nanos(row as i64), true, &mut seen);
            let mut read = [0.0; 6];
            kept.read(row, &mut read).unwrap();
            assert_eq!(read.as_slice(), seen.values, "row {row}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_is_an_error() {
        let rows = [Ok(Cow::Owned(vec![1.0])), Err(io::Error::other("gone"))];
        let error = of_all(rows.into_iter(), |rows| rows.count()).unwrap_err();
        assert_eq!(error.to_string(), "gone");
    }
}
