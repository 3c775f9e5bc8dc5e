//! RVL, the other way in which distances are packed: runs of nothing, and differences between neighbours, in numbers of as
//! many digits as they need. Wilson 2017, "Fast lossless depth image compression".

/// Bytes before the digits: columns and rows.
const HEADER: usize = 8;

/// Columns and rows of a picture, where they are there.
pub(super) fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let &[a, b, c, d, e, f, g, h] = bytes.first_chunk::<HEADER>()?;
    let numbers = [[a, b, c, d], [e, f, g, h]].map(u32::from_le_bytes);
    Some((numbers[0], numbers[1]))
}

/// Unpacks so many samples, in the machine's own byte order. What follows the last one is not looked at.
///
/// # Errors
/// What is wrong with the data.
pub(super) fn decode(bytes: &[u8], count: usize, samples: &mut Vec<u8>) -> Result<(), String> {
    samples.resize(2 * count, 0);
    let mut digits = Digits {
        bytes: bytes.get(HEADER..).unwrap_or_default(),
        at: 0,
    };
    let (mut done, mut last) = (0, 0_i64);
    while done < count {
        let broken = || format!("it ends or is not a code after {done} of {count} pixels");
        let empty = digits.number().ok_or_else(broken)? as usize;
        let filled = digits.number().ok_or_else(broken)? as usize;
        if empty + filled > count - done || empty + filled == 0 {
            return Err(format!(
                "a run behind pixel {done} of {count} is of another length"
            ));
        }
        samples[2 * done..2 * (done + empty)].fill(0);
        done += empty;
        for _ in 0..filled {
            let broken = || format!("it ends or is not a code after {done} of {count} pixels");
            let difference = i64::from(digits.number().ok_or_else(broken)?);
            // Even numbers are differences upwards.
            last += (difference >> 1) ^ -(difference & 1);
            let sample = u16::try_from(last).map_err(|_| broken())?;
            samples[2 * done..2 * done + 2].copy_from_slice(&sample.to_ne_bytes());
            done += 1;
        }
    }
    Ok(())
}

/// Digits of three bits, each with a bit before it that says whether another one follows; eight in a word, from its top.
struct Digits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Digits<'_> {
    fn digit(&mut self) -> Option<u32> {
        let word = self.bytes.get(self.at / 8 * 4..)?.first_chunk()?;
        let digit = u32::from_le_bytes(*word) >> (28 - self.at % 8 * 4) & 15;
        self.at += 1;
        Some(digit)
    }

    /// The next number, of 30 bits at most.
    fn number(&mut self) -> Option<u32> {
        let mut number = 0;
        for place in (0..30).step_by(3) {
            let digit = self.digit()?;
            number |= (digit & 7) << place;
            if digit & 8 == 0 {
                return Some(number);
            }
        }
        None
    }
}
