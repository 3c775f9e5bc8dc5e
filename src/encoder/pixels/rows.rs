//! Rows of a picture to rows of another.

use crate::message::ImageView;

/// Makes `TO` bytes of every `FROM` bytes of a picture's rows.
pub(super) fn convert_rows<const FROM: usize, const TO: usize>(
    view: &ImageView<'_>,
    pixels: &mut [u8],
    make: impl Fn([u8; FROM]) -> [u8; TO],
) {
    let length = pixels.len() / view.height;
    for (row, made) in view.rows().zip(pixels.chunks_exact_mut(length)) {
        let (row, made) = (row.as_chunks().0, made.as_chunks_mut().0);
        for (from, to) in row.iter().zip(made) {
            *to = make(*from);
        }
    }
}
