//! Maps: features that still know where things are, such as the inner outputs of vision encoders.

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
