//! The bits of a scan, up to the next marker.

/// Why no code could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The data ends before it.
    Ended,
    /// The bits are no code.
    Invalid,
}

/// Reads bits, highest first; a 0xff in the data has a 0 behind it.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the highest; zeros behind them.
    window: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// Beginning at a place in a file.
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            window: 0,
            count: 0,
        }
    }

    /// Takes in whole bytes while there is room, up to a marker.
    fn refill(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..) {
                Some([0xff, 0, ..]) => {
                    self.at += 1;
                    0xff
                }
                Some([byte, ..]) if *byte != 0xff => *byte,
                _ => return,
            };
            self.at += 1;
            self.window |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next 16 bits; zeros where there are no more.
    #[inline]
    pub fn peek(&mut self) -> u16 {
        if self.count < 16 {
            self.refill();
        }
        (self.window >> 48) as u16
    }

    /// How many bits are there to be read, as far as that is known: at least 16, or all there are.
    pub fn known(&self) -> u32 {
        self.count
    }

    /// Leaves out up to 16 bits.
    #[inline]
    pub fn skip(&mut self, count: u32) -> Result<(), Stop> {
        if self.count < count {
            self.refill();
            if self.count < count {
                return Err(Stop::Ended);
            }
        }
        self.window <<= count;
        self.count -= count;
        Ok(())
    }

    /// Reads up to 15 bits as a number.
    pub fn take(&mut self, count: u32) -> Result<u32, Stop> {
        let next = u32::from(self.peek());
        self.skip(count)?;
        Ok(next >> (16 - count))
    }

    /// Goes on to the next marker: how many bytes were passed over that are no padding, and where the marker is.
    pub fn up_to_marker(&mut self) -> (usize, usize) {
        let mut passed = 0;
        // What is left of the last byte is padding, and so are bytes of zeros or ones.
        let _ = self.skip(self.count % 8);
        loop {
            self.refill();
            if self.count == 0 {
                return (passed, self.at);
            }
            passed += usize::from(!matches!(self.window >> 56, 0 | 0xff));
            let _ = self.skip(8);
        }
    }

    /// Goes on behind a marker.
    pub fn go_on(&mut self, at: usize) {
        *self = Self::new(self.bytes, at);
    }

    /// The file.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}
