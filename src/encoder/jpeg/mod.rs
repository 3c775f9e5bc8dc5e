//! Whether a jpeg is whole: that its compressed data is as long as its header says.
//!
//! Decoders invent what is missing: a scan that breaks off before an end marker is filled up with zeros, which makes a
//! plausible picture of a frame that lost its middle. So the codes are walked through once before the picture is
//! decoded, baseline and progressive, without making pixels of them: every scan must hold exactly the blocks of its
//! header, restart markers must come in their order, and every coefficient must have been sent in full.
//!
//! What cannot be known: jpeg has no checksum. Bits that were changed, and a few bytes that were lost where the codes behind
//! the gap, which soon are in step again, make up as many blocks as are missing, leave a whole file with a wrong picture.
//! What follows the end marker is not looked at.

mod bits;
mod damage;
mod frame;
mod huffman;
mod marker;
mod scan;

use bits::Bits;
use frame::Frame;
use huffman::Tables;
use marker::{DEFINE_TABLES, END, START_OF_SCAN, next_marker, segment};
use scan::{NO_TABLE, Scan};

pub(super) use damage::Damage;

/// What a whole jpeg needs before it can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// The tables of the standard, which it leaves out.
    StandardTables,
}

/// Checks a jpeg of so many pixels in a row and in a column, from its first byte to its end marker.
pub(super) fn check(bytes: &[u8], width: usize, height: usize) -> Result<Needs, Damage> {
    let mut needed = Needs::Nothing;
    let mut tables = Tables::default();
    let mut frame: Option<Frame> = None;
    let mut interval = 0;
    let mut scans = 0;
    let mut at = 2;
    loop {
        let (marker, behind) = next_marker(bytes, at)?;
        at = behind;
        match marker {
            END => {
                return match &frame {
                    Some(frame) => frame.is_complete().map(|()| needed),
                    None => Err(Damage::Header("there is no frame")),
                };
            }
            // Some encoders end a scan with a restart that restarts nothing.
            0xd0..=0xd7 if bytes.get(at) != Some(&0xff) => {
                return Err(Damage::Beyond { scan: scans });
            }
            0x01 | 0xd0..=0xd8 => continue,
            _ => {}
        }
        let segment = segment(bytes, at)?;
        at += 2 + segment.len();
        match marker {
            DEFINE_TABLES => tables.define(segment)?,
            0xc0..=0xc2 => {
                let found = Frame::parse(segment, marker == 0xc2, width, height)?;
                if frame.replace(found).is_some() {
                    return Err(Damage::Header("there are two frames"));
                }
            }
            // Lossless, hierarchical or arithmetic: the decoder refuses it.
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return Ok(needed),
            0xdd => match segment {
                [high, low] => interval = usize::from(u16::from_be_bytes([*high, *low])),
                _ => return Err(Damage::Header("the restart interval has another length")),
            },
            START_OF_SCAN => {
                let Some(frame) = &mut frame else {
                    return Err(Damage::Header("a scan comes before the frame"));
                };
                scans += 1;
                // Frames of motion-JPEG leave out the tables that all of them have.
                let lacks_tables =
                    Scan::parse(segment, frame, &tables).is_err_and(|damage| damage == NO_TABLE);
                if lacks_tables && !frame.is_progressive {
                    tables.fill_in_standard();
                    needed = Needs::StandardTables;
                }
                let scan = Scan::parse(segment, frame, &tables)?;
                at = scan.walk(frame, interval, scans, Bits::new(bytes, at))?;
            }
            _ => {}
        }
    }
}

/// Copies a jpeg, with the tables of the standard before its own.
pub(super) fn add_standard_tables(bytes: &[u8], file: &mut Vec<u8>) {
    let (start, rest) = bytes.split_at(bytes.len().min(2));
    let length = (2 + huffman::STANDARD.len()) as u16;
    file.clear();
    file.extend_from_slice(start);
    file.extend_from_slice(&[0xff, DEFINE_TABLES]);
    file.extend_from_slice(&length.to_be_bytes());
    file.extend_from_slice(huffman::STANDARD);
    file.extend_from_slice(rest);
}
