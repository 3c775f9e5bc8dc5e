//! One scan of a jpeg: its blocks, code by code.

use super::bits::{Bits, Stop};
use super::damage::Damage;
use super::frame::{Component, Frame};
use super::huffman::{Codes, Tables};
use super::marker::{RESTART, next_marker};

/// A scan names tables that were not defined.
pub(super) const NO_TABLE: Damage = Damage::Header("a table of codes is missing");

/// What a scan holds.
pub(super) struct Scan<'a> {
    parts: Vec<Part<'a>>,
    coding: Coding,
    /// The first and the last coefficient of a block that it holds.
    first: usize,
    last: usize,
    /// How many of their lowest bits it leaves to later scans.
    missing_bits: u8,
}

/// One component of a scan, with its tables.
struct Part<'a> {
    component: usize,
    dc: Option<&'a Codes>,
    ac: Option<&'a Codes>,
}

/// How blocks are written.
#[derive(Clone, Copy)]
enum Coding {
    /// All coefficients.
    Baseline,
    /// The first coefficient.
    DcFirst,
    /// One more bit of the first coefficient.
    DcRefine,
    /// Some of the others.
    AcFirst,
    /// One more bit of some of the others.
    AcRefine,
}

impl<'a> Scan<'a> {
    /// Reads the header of a scan, whose components are the frame's.
    pub fn parse(segment: &[u8], frame: &Frame, tables: &'a Tables) -> Result<Self, Damage> {
        const BROKEN: Damage = Damage::Header("a scan's header is incomplete");
        let (&count, rest) = segment.split_first().ok_or(BROKEN)?;
        let (listed, rest) = rest
            .split_at_checked(2 * usize::from(count))
            .ok_or(BROKEN)?;
        let &[first, last, bits] = rest else {
            return Err(BROKEN);
        };
        let mut parts: Vec<Part<'a>> = Vec::with_capacity(count.into());
        for pair in listed.chunks_exact(2) {
            let component = frame.components.iter().position(|c| c.id == pair[0]);
            let component =
                component.ok_or(Damage::Header("a scan is of a component that there is not"))?;
            let table =
                |tables: &'a [Option<Codes>; 4], i: u8| tables.get(usize::from(i))?.as_ref();
            if parts.iter().any(|part| part.component == component) {
                return Err(Damage::Header("a scan has a component twice"));
            }
            parts.push(Part {
                component,
                dc: table(&tables.dc, pair[1] >> 4),
                ac: table(&tables.ac, pair[1] & 15),
            });
        }
        let (first, last) = (usize::from(first), usize::from(last));
        let (sent, missing_bits) = (bits >> 4, bits & 15);
        let (coding, first, last, missing_bits) = match (frame.is_progressive, first, sent) {
            // Here these numbers say nothing, and not all encoders write what the standard wants.
            (false, ..) => (Coding::Baseline, 0, 63, 0),
            (true, 0, 0) => (Coding::DcFirst, 0, 0, missing_bits),
            (true, 0, _) => (Coding::DcRefine, 0, 0, missing_bits),
            (true, _, 0) => (Coding::AcFirst, first, last, missing_bits),
            (true, ..) => (Coding::AcRefine, first, last, missing_bits),
        };
        let is_single = parts.len() == 1;
        if parts.is_empty() || first > last || last > 63 || (first > 0 && !is_single) {
            return Err(Damage::Header("a scan's coefficients are not 0 to 63"));
        }
        for part in &parts {
            let needs_dc = matches!(coding, Coding::Baseline | Coding::DcFirst);
            let needs_ac = matches!(coding, Coding::Baseline) || first > 0;
            if (needs_dc && part.dc.is_none()) || (needs_ac && part.ac.is_none()) {
                return Err(NO_TABLE);
            }
        }
        Ok(Self {
            parts,
            coding,
            first,
            last,
            missing_bits,
        })
    }

    /// Goes through its blocks, and returns the place of the marker behind them. `interval` is how many groups of
    /// blocks are between two restart markers, 0 where there are none; `number` is the scan's, from 1.
    pub fn walk(
        &self,
        frame: &mut Frame,
        interval: usize,
        number: usize,
        mut bits: Bits<'_>,
    ) -> Result<usize, Damage> {
        // A scan of one component has its blocks in their own order; others have groups of all components' blocks.
        let (across, down) = match self.parts.as_slice() {
            [part] => {
                let component = &frame.components[part.component];
                (component.across, component.down)
            }
            _ => (frame.across, frame.down),
        };
        let all = across * down;
        let mut run = 0;
        for found in 0..all {
            if interval > 0 && found > 0 && found % interval == 0 {
                let marker = ((found / interval - 1) % 8) as u8;
                restart(&mut bits, marker, number, found, all)?;
                run = 0;
            }
            self.group(frame, (found % across, found / across), &mut run, &mut bits)
                .map_err(|stop| match stop {
                    Stop::Ended => Damage::Short {
                        scan: number,
                        found,
                        all,
                    },
                    Stop::Invalid => Damage::Code {
                        scan: number,
                        found: found + 1,
                        all,
                    },
                })?;
        }
        for part in &self.parts {
            let sent = &mut frame.components[part.component].missing_bits;
            sent[self.first..=self.last].fill(self.missing_bits);
        }
        match bits.up_to_marker() {
            (0, at) => Ok(at),
            (bytes, _) => Err(Damage::Long {
                scan: number,
                bytes,
                found: all,
                all,
            }),
        }
    }

    fn group(
        &self,
        frame: &mut Frame,
        (x, y): (usize, usize),
        run: &mut u32,
        bits: &mut Bits<'_>,
    ) -> Result<(), Stop> {
        let is_single = self.parts.len() == 1;
        for part in &self.parts {
            let component = &mut frame.components[part.component];
            if is_single {
                self.block(part, component, x + y * component.stride, run, bits)?;
                continue;
            }
            for v in 0..component.vertical {
                for h in 0..component.horizontal {
                    let (x, y) = (x * component.horizontal + h, y * component.vertical + v);
                    self.block(part, component, x + y * component.stride, run, bits)?;
                }
            }
        }
        Ok(())
    }

    fn block(
        &self,
        part: &Part<'_>,
        component: &mut Component,
        at: usize,
        run: &mut u32,
        bits: &mut Bits<'_>,
    ) -> Result<(), Stop> {
        let nonzero = component.nonzero.get_mut(at);
        match (self.coding, part.dc, part.ac, nonzero) {
            (Coding::Baseline, Some(dc), Some(ac), _) => {
                first_coefficient(dc, bits)?;
                let (mut nonzero, mut run) = (0, 0);
                other_coefficients(ac, 1..=63, &mut nonzero, &mut run, bits)?;
                match run {
                    0 => Ok(()),
                    // Only progressive pictures end several blocks at once.
                    _ => Err(Stop::Invalid),
                }
            }
            (Coding::DcFirst, Some(dc), ..) => first_coefficient(dc, bits),
            (Coding::DcRefine, ..) => bits.skip(1),
            (Coding::AcFirst, _, Some(ac), Some(nonzero)) => {
                other_coefficients(ac, self.first..=self.last, nonzero, run, bits)
            }
            (Coding::AcRefine, _, Some(ac), Some(nonzero)) => {
                refined_coefficients(ac, self.first..=self.last, nonzero, run, bits)
            }
            // The tables that a coding needs were looked for with the header.
            _ => Err(Stop::Invalid),
        }
    }
}

/// Goes on behind the restart marker of this number, which must come next.
fn restart(
    bits: &mut Bits<'_>,
    marker: u8,
    scan: usize,
    found: usize,
    all: usize,
) -> Result<(), Damage> {
    match bits.up_to_marker() {
        (0, at) => match next_marker(bits.bytes(), at)? {
            (found, behind) if found == RESTART.start() + marker => {
                bits.go_on(behind);
                Ok(())
            }
            _ => Err(Damage::Restart {
                scan,
                marker,
                found,
                all,
            }),
        },
        (bytes, _) => Err(Damage::Long {
            scan,
            bytes,
            found,
            all,
        }),
    }
}

/// The first coefficient of a block, as the difference to the block before.
fn first_coefficient(dc: &Codes, bits: &mut Bits<'_>) -> Result<(), Stop> {
    match dc.read(bits)? {
        length @ 0..=15 => bits.skip(length.into()),
        _ => Err(Stop::Invalid),
    }
}

/// Coefficients that come for the first time: each with the zeros before it, up to the end of the block. `run` is how
/// many blocks to come end before they begin.
#[inline]
fn other_coefficients(
    ac: &Codes,
    range: std::ops::RangeInclusive<usize>,
    nonzero: &mut u64,
    run: &mut u32,
    bits: &mut Bits<'_>,
) -> Result<(), Stop> {
    if *run > 0 {
        *run -= 1;
        return Ok(());
    }
    let (mut at, last) = range.into_inner();
    while at <= last {
        let symbol = ac.read(bits)?;
        let (zeros, length) = (symbol >> 4, symbol & 15);
        match (zeros, length) {
            (15, 0) => at += 16,
            (exponent, 0) => {
                *run = (1 << exponent) - 1 + bits.take(exponent.into())?;
                return Ok(());
            }
            _ => {
                at += usize::from(zeros);
                if at > last {
                    return Err(Stop::Invalid);
                }
                bits.skip(length.into())?;
                *nonzero |= 1 << at;
                at += 1;
            }
        }
    }
    Ok(())
}

/// One more bit of each coefficient that is not 0, and those of which this bit is the first that is not.
fn refined_coefficients(
    ac: &Codes,
    range: std::ops::RangeInclusive<usize>,
    nonzero: &mut u64,
    run: &mut u32,
    bits: &mut Bits<'_>,
) -> Result<(), Stop> {
    let (mut at, last) = range.into_inner();
    if *run == 0 {
        while at <= last {
            let symbol = ac.read(bits)?;
            let (mut zeros, length) = (symbol >> 4, symbol & 15);
            match (zeros, length) {
                (15, 0) => {}
                (exponent, 0) => {
                    *run = (1 << exponent) + bits.take(exponent.into())?;
                    break;
                }
                // Its sign.
                (_, 1) => bits.skip(1)?,
                _ => return Err(Stop::Invalid),
            }
            while at <= last {
                if *nonzero >> at & 1 == 1 {
                    bits.skip(1)?;
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                at += 1;
            }
            if length == 1 {
                if at > last {
                    return Err(Stop::Invalid);
                }
                *nonzero |= 1 << at;
            }
            at += 1;
        }
    }
    if *run > 0 {
        for at in at..=last {
            if *nonzero >> at & 1 == 1 {
                bits.skip(1)?;
            }
        }
        *run -= 1;
    }
    Ok(())
}
