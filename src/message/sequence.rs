//! Sequences inside a message: names, and numbers of either width and endianness.

use super::MessageError;
use super::cdr::Reader;

/// A checked sequence of strings.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    first: Reader<'a>,
    count: u32,
    field: &'static str,
}

impl<'a> Names<'a> {
    /// Reads and checks every string of the sequence.
    pub(super) fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, MessageError> {
        let count = reader.u32(field)?;
        let first = *reader;
        for _ in 0..count {
            reader.string(field)?;
        }
        Ok(Self {
            first,
            count,
            field,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The names, in the message's order.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        let (mut reader, field) = (self.first, self.field);
        (0..self.count).map_while(move |_| reader.string(field).ok())
    }

    /// Where `name` stands in the sequence.
    ///
    /// # Errors
    /// When it is not there; the error lists the names that are.
    pub fn position(&self, name: &str) -> Result<usize, MessageError> {
        self.iter().position(|n| n == name).ok_or_else(|| {
            // A robot may have a hundred joints; a log line shows the first few.
            const SHOWN: usize = 12;
            let mut names: Vec<&str> = self.iter().take(SHOWN).collect();
            if self.len() > SHOWN {
                names.push("…");
            }
            MessageError::invalid(
                self.field,
                format_args!("[{}]", names.join(", ")),
                format_args!("{name} must be among them"),
            )
        })
    }
}

/// A sequence of `f32` or `f64`, still in the message; equal to one of the same bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floats<'a> {
    bytes: &'a [u8],
    size: usize,
    big_endian: bool,
}

impl<'a> Floats<'a> {
    /// Reads a sequence of numbers of `size` bytes, 4 or 8.
    pub(super) fn read(
        reader: &mut Reader<'a>,
        field: &'static str,
        size: usize,
    ) -> Result<Self, MessageError> {
        let count = reader.u32(field)?;
        let bytes = reader.numbers(field, count, size)?;
        Ok(Self::of(bytes, size, reader.is_big_endian()))
    }

    /// The numbers of `size` bytes, 4 or 8, that some bytes of a message hold.
    pub(super) fn of(bytes: &'a [u8], size: usize, big_endian: bool) -> Self {
        Self {
            bytes,
            size,
            big_endian,
        }
    }

    /// The sequence without its first `count` numbers; empty where there are fewer.
    pub(super) fn skip(self, count: usize) -> Self {
        let at = count.saturating_mul(self.size);
        Self {
            bytes: self.bytes.get(at..).unwrap_or_default(),
            ..self
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.size
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The number at `index`, where there is one.
    pub fn get(&self, index: usize) -> Option<f64> {
        let at = index.checked_mul(self.size)?;
        let bytes = self.bytes.get(at..at.checked_add(self.size)?)?;
        Some(self.number(bytes))
    }

    /// The numbers, in the message's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = f64> {
        self.bytes
            .chunks_exact(self.size)
            .map(|bytes| self.number(bytes))
    }

    fn number(&self, bytes: &[u8]) -> f64 {
        let mut le = [0; 8];
        le[..self.size].copy_from_slice(bytes);
        if self.big_endian {
            le[..self.size].reverse();
        }
        match self.size {
            4 => f64::from(f32::from_le_bytes([le[0], le[1], le[2], le[3]])),
            _ => f64::from_le_bytes(le),
        }
    }
}
