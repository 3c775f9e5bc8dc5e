//! The pooling `grid`: means over the cells of a map.

use crate::map::MapShape;

/// Averages a map over `cells`×`cells` cells, which overlap where the map cannot be divided evenly, as adaptive average
/// pooling does: cell i of n positions goes from ⌊i·n/cells⌋ up to ⌈(i+1)·n/cells⌉.
pub fn pool(map: &[f32], shape: MapShape, cells: usize, vector: &mut [f32]) {
    let range = |i: usize, count: usize| i * count / cells..((i + 1) * count).div_ceil(cells);
    let planes = map.chunks_exact(shape.positions());
    for (plane, means) in planes.zip(vector.chunks_exact_mut(cells * cells)) {
        for (i, mean) in means.iter_mut().enumerate() {
            let columns = range(i % cells, shape.columns);
            let rows = range(i / cells, shape.rows);
            let count = rows.len() * columns.len();
            let row = |row: usize| &plane[row * shape.columns..][..shape.columns];
            let sum: f32 = rows
                .map(|r| row(r)[columns.clone()].iter().sum::<f32>())
                .sum();
            *mean = sum / count as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_means_and_share_what_cannot_be_divided() {
        let shape = MapShape {
            channels: 2,
            rows: 2,
            columns: 3,
        };
        let map = [
            0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 10.0, 10.0, 10.0, 10.0, 70.0,
        ];
        let mut vector = [0.0; 8];
        pool(&map, shape, 2, &mut vector);
        assert_eq!(vector, [0.5, 1.5, 3.5, 4.5, 10.0, 10.0, 10.0, 40.0]);
        let mut whole = [0.0; 2];
        pool(&map, shape, 1, &mut whole);
        assert_eq!(whole, [2.5, 20.0]);
    }
}
