//! Where what lies in the debug image.

use embedded_graphics::prelude::*;
use embedded_graphics::primitives::Rectangle;

/// Columns of the picture.
pub const WIDTH: usize = 640;

/// Rows of the picture.
pub const HEIGHT: usize = 480;

/// Between neighbours, and to the edge, in pixels.
pub(super) const GAP: u32 = 8;

/// What the node does, and why.
pub(super) const HEADER: u32 = 42;

/// The instruction.
pub(super) const INSTRUCTION: u32 = 26;

/// Node, policy and rate.
pub(super) const FOOTER: u32 = 18;

/// The heading of a table.
pub(super) const HEADING: u32 = 16;

/// The least height of a row of a table, at which its letters can still be read, and the largest.
const ROW: (u32, u32) = (12, 20);

/// The rows that a table has room for.
pub(super) const MOST_ROWS: usize = 16;

/// The parts of the picture below the header and the instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The pictures of the cameras.
    pub pictures: Rectangle,
    /// The tables.
    pub tables: Rectangle,
    /// The height of a row in them.
    pub row: u32,
}

impl Layout {
    /// With tables of so many rows: the more there are, the less is left for the pictures.
    pub fn new(rows: usize) -> Self {
        let rows = rows.clamp(1, MOST_ROWS) as u32;
        let row = (200 / rows).clamp(ROW.0, ROW.1);
        let height = HEADING + rows * row;
        let (top, bottom) = (HEADER + INSTRUCTION, HEIGHT as u32 - FOOTER);
        let tables_at = bottom - height;
        Self {
            pictures: area(GAP, top, WIDTH as u32 - 2 * GAP, tables_at - GAP / 2 - top),
            tables: area(GAP, tables_at, WIDTH as u32 - 2 * GAP, height),
            row,
        }
    }
}

/// Equal cells side by side, in as many rows as make pictures of the usual shape the largest.
pub(super) fn cells(count: usize, whole: Rectangle) -> Vec<Rectangle> {
    let Size { width, height } = whole.size;
    let cell = |columns: u32| {
        let rows = (count as u32).div_ceil(columns);
        let share = |length: u32, parts: u32| length.saturating_sub((parts - 1) * GAP) / parts;
        Size::new(share(width, columns), share(height, rows))
    };
    let picture = |columns: &u32| {
        let Size { width, height } = cell(*columns);
        (3 * width).min(4 * height)
    };
    let Some(columns) = (1..=count as u32).rev().max_by_key(picture) else {
        return Vec::new();
    };
    let size = cell(columns);
    let place = |i: u32| {
        let (row, column) = (i / columns, i % columns);
        let step = Size::new(column * (size.width + GAP), row * (size.height + GAP));
        Rectangle::new(whole.top_left + step, size)
    };
    (0..count as u32).map(place).collect()
}

/// A rectangle by its corner and its size.
pub(super) fn area(left: u32, top: u32, width: u32, height: u32) -> Rectangle {
    Rectangle::new(
        Point::new(left as i32, top as i32),
        Size::new(width, height),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overlaps_and_everything_is_inside_however_much_there_is() {
        for rows in 0..40 {
            let Layout {
                pictures, tables, ..
            } = Layout::new(rows);
            assert!(pictures.size.height >= 150, "{rows}: {pictures:?}");
            assert!(pictures.intersection(&tables).is_zero_sized());
            for count in 0..20 {
                let cells = cells(count, pictures);
                assert_eq!(cells.len(), count);
                for (i, cell) in cells.iter().enumerate() {
                    assert_eq!(cell.intersection(&pictures), *cell);
                    let others = &cells[i + 1..];
                    assert!(others.iter().all(|o| o.intersection(cell).is_zero_sized()));
                }
            }
        }
    }

    #[test]
    fn two_cameras_are_side_by_side_and_four_too_where_that_makes_them_larger() {
        let pictures = Layout::new(3).pictures;
        let [left, right] = cells(2, pictures)[..] else {
            panic!("two cells")
        };
        assert_eq!(left.top_left.y, right.top_left.y);
        let wide = area(0, 0, 600, 100);
        assert!(cells(4, wide).iter().all(|cell| cell.top_left.y == 0));
        let square = area(0, 0, 400, 300);
        assert_eq!(cells(4, square)[3].top_left, Point::new(204, 154));
    }
}
