//! Inputs made of blocks: of one moment's features all subsets are asked for, and most of their products are the same.

use nalgebra::{DMatrix, DVector, DVectorView};

use crate::number::Number;

/// Numbers that lie side by side in an input. While the features stay the same, they change only with the presence of
/// some modalities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// How many numbers.
    pub width: usize,
    /// The indices of those modalities in the policy.
    pub modalities: Vec<usize>,
}

/// Which features an input was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Bit i is set where the policy's i-th modality is present.
    pub bits: usize,
    /// Whether features and ages are those of the call before, whichever of them were present there: what was computed
    /// of them still holds.
    pub same_features: bool,
}

/// Of blocks that depend on more modalities than this, nothing is kept: hardly any two subsets have the same.
const MOST_KEPT: usize = 2;

/// What the first layer makes of a block, kept for every state of the modalities that the block depends on.
pub(super) struct Product<T: Number> {
    block: Block,
    /// Where the block begins in the input.
    start: usize,
    /// One column per state.
    columns: DMatrix<T>,
    known: Vec<bool>,
}

impl<T: Number> Product<T> {
    pub fn new(block: &Block, start: usize, rows: usize) -> Self {
        let states = match block.modalities.len() {
            kept @ 0..=MOST_KEPT => 1 << kept,
            _ => 1,
        };
        Self {
            block: block.clone(),
            start,
            columns: DMatrix::zeros(rows, states),
            known: vec![false; states],
        }
    }

    /// Takes what is kept for outdated.
    pub fn forget(&mut self) {
        self.known.fill(false);
    }

    /// The columns of `weight` that belong to the block times its numbers in `input`, where bit i of `present` tells of
    /// the policy's i-th modality.
    pub fn of(
        &mut self,
        weight: &DMatrix<T>,
        input: &DVector<T>,
        present: usize,
    ) -> DVectorView<'_, T> {
        let keeps = self.block.modalities.len() <= MOST_KEPT;
        let state = match keeps {
            true => self.state(present),
            false => 0,
        };
        if !self.known[state] {
            let (start, width) = (self.start, self.block.width);
            self.columns.column_mut(state).gemv(
                T::one(),
                &weight.columns(start, width),
                &input.rows(start, width),
                T::zero(),
            );
            self.known[state] = keeps;
        }
        self.columns.column(state)
    }

    fn state(&self, present: usize) -> usize {
        let modalities = self.block.modalities.iter().enumerate();
        modalities.fold(0, |state, (bit, modality)| {
            state | (present >> modality & 1) << bit
        })
    }
}
