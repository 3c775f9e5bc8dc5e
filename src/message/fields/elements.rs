//! The numbers of one field.

use super::layout::Number;

/// The numbers of a field, still in the message.
pub(super) struct Elements<'a> {
    pub bytes: &'a [u8],
    pub number: Number,
    pub is_big_endian: bool,
}

impl Elements<'_> {
    /// The number at an index, where there is one.
    pub fn at(&self, index: usize) -> Option<f64> {
        let size = self.number.size();
        let bytes = self.bytes.get(index.checked_mul(size)?..)?.get(..size)?;
        // As little-endian as everything that follows.
        let mut number = [0; 8];
        for (i, byte) in bytes.iter().enumerate() {
            let place = if self.is_big_endian { size - 1 - i } else { i };
            number[place] = *byte;
        }
        let bits = u64::from_le_bytes(number);
        Some(match self.number {
            Number::Bool => f64::from(u8::from(bits != 0)),
            Number::U8 | Number::U16 | Number::U32 | Number::U64 => bits as f64,
            Number::I8 => f64::from(bits as i8),
            Number::I16 => f64::from(bits as i16),
            Number::I32 => f64::from(bits as i32),
            Number::I64 => bits as i64 as f64,
            Number::F32 => f64::from(f32::from_bits(bits as u32)),
            Number::F64 => f64::from_bits(bits),
        })
    }
}
