//! Markers, and the segments that follow them.

use super::damage::Damage;

/// Markers, the byte behind 0xff.
pub(super) const DEFINE_TABLES: u8 = 0xc4;
pub(super) const END: u8 = 0xd9;
pub(super) const START_OF_SCAN: u8 = 0xda;
pub(super) const RESTART: std::ops::RangeInclusive<u8> = 0xd0..=0xd7;

/// The next marker at or after a place, and the place behind it.
pub(super) fn next_marker(bytes: &[u8], mut at: usize) -> Result<(u8, usize), Damage> {
    loop {
        match bytes.get(at..) {
            Some([0xff, 0xff, ..]) => at += 1,
            Some([0xff, marker, ..]) if *marker != 0 => return Ok((*marker, at + 2)),
            Some([_, ..]) => at += 1,
            _ => return Err(Damage::NoEnd),
        }
    }
}

/// The content of a segment, whose length stands at a place.
pub(super) fn segment(bytes: &[u8], at: usize) -> Result<&[u8], Damage> {
    let length = bytes.get(at..at + 2).ok_or(Damage::NoEnd)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    let content = length
        .checked_sub(2)
        .ok_or(Damage::Header("a segment is shorter than its length"))?;
    bytes.get(at + 2..at + 2 + content).ok_or(Damage::NoEnd)
}
