//! Maps: features that still know where things are, such as the inner outputs of vision encoders.

use nalgebra::DMatrix;

use crate::number::Number;

/// The shape of a map `[1, channels, rows, columns]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapShape {
    /// Features of every position.
    pub channels: usize,
    /// Positions from top to bottom.
    pub rows: usize,
    /// Positions from left to right.
    pub columns: usize,
}

impl MapShape {
    /// The map that an output of this shape is; `None` for an output of another kind.
    pub fn of(dims: &[usize]) -> Option<Self> {
        match *dims {
            [1, channels, rows, columns] => Some(Self {
                channels,
                rows,
                columns,
            }),
            _ => None,
        }
    }

    /// The map of `cells` rows and columns that a vector of `width` numbers is, channel by channel.
    pub fn square(width: usize, cells: usize) -> Self {
        Self {
            channels: width / (cells * cells),
            rows: cells,
            columns: cells,
        }
    }

    /// How many positions there are.
    pub fn positions(&self) -> usize {
        self.rows * self.columns
    }

    /// x and y of every position, row after row, from −1 (left, top) to 1 (right, bottom); 0 where there is but one.
    pub fn places(&self) -> impl Iterator<Item = [f32; 2]> {
        let Self { rows, columns, .. } = *self;
        let place = |i: usize, count: usize| match count {
            1 => 0.0,
            _ => 2.0 * i as f32 / (count - 1) as f32 - 1.0,
        };
        (0..rows).flat_map(move |row| {
            (0..columns).map(move |column| [place(column, columns), place(row, rows)])
        })
    }
}

/// Turns `logits` over the positions, one column per keypoint, into weights by a softmax, and writes the expected
/// coordinates under each of them to `expected`, every x, then every y; NaN where a logit is not finite. `places` has a
/// row x, y per position.
///
/// Finn et al. 2016, "Deep spatial autoencoders for visuomotor learning".
pub fn spatial_soft_argmax<T: Number>(
    logits: &mut DMatrix<T>,
    places: &DMatrix<T>,
    expected: &mut [T],
) {
    let keypoints = logits.ncols();
    for (i, mut weights) in logits.column_iter_mut().enumerate() {
        let largest = weights.max();
        weights.apply(|logit| {
            *logit = (*logit - largest).exp() + logit.zero_if_finite();
        });
        let sum = weights.sum();
        for axis in 0..2 {
            expected[axis * keypoints + i] = weights.dot(&places.column(axis)) / sum;
        }
    }
}
