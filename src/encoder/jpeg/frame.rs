//! The picture that a jpeg's header describes, as blocks of 8 × 8 pixels.

use super::damage::Damage;

/// A picture of components.
pub(super) struct Frame {
    pub is_progressive: bool,
    pub components: Vec<Component>,
    /// How many groups of blocks of all components there are in a row and in a column.
    pub across: usize,
    pub down: usize,
}

/// One component of a picture: brightness, or a colour.
pub(super) struct Component {
    pub id: u8,
    /// How many of its blocks are in a group, in a row and in a column.
    pub horizontal: usize,
    pub vertical: usize,
    /// Blocks in a row and in a column that show anything; a group at the edge may have more.
    pub across: usize,
    pub down: usize,
    /// Blocks in a row with all groups whole.
    pub stride: usize,
    /// For each block the coefficients that are not 0, one bit each; only where scans refine them.
    pub nonzero: Vec<u64>,
    /// For each coefficient how many of its lowest bits were not sent yet.
    pub missing_bits: [u8; 64],
}

/// Nothing of a coefficient was sent.
const UNSENT: u8 = u8::MAX;

impl Frame {
    /// Reads the segment of a frame, which must be of this size: memory is taken for it.
    pub fn parse(
        segment: &[u8],
        is_progressive: bool,
        width: usize,
        height: usize,
    ) -> Result<Self, Damage> {
        let &[_, h1, h0, w1, w0, count, ref rest @ ..] = segment else {
            return Err(Damage::Header("the frame is incomplete"));
        };
        let size = [[w1, w0], [h1, h0]].map(|number| usize::from(u16::from_be_bytes(number)));
        if size != [width, height] {
            return Err(Damage::Header("there are frames of two sizes"));
        }
        if rest.len() != 3 * usize::from(count) || !(1..=4).contains(&count) {
            return Err(Damage::Header("the frame has another number of components"));
        }
        let each = rest.chunks_exact(3);
        let factors = each.map(|c| (c[0], usize::from(c[1] >> 4), usize::from(c[1] & 15)));
        let (mut most_h, mut most_v) = (1, 1);
        for (_, h, v) in factors.clone() {
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) {
                return Err(Damage::Header("a sampling factor is not 1 to 4"));
            }
            (most_h, most_v) = (most_h.max(h), most_v.max(v));
        }
        let (across, down) = (width.div_ceil(8 * most_h), height.div_ceil(8 * most_v));
        let component = |(id, horizontal, vertical)| {
            let stride = across * horizontal;
            let blocks = stride * down * vertical;
            Component {
                id,
                horizontal,
                vertical,
                across: (width * horizontal).div_ceil(8 * most_h),
                down: (height * vertical).div_ceil(8 * most_v),
                stride,
                nonzero: vec![0; if is_progressive { blocks } else { 0 }],
                missing_bits: [UNSENT; 64],
            }
        };
        Ok(Self {
            is_progressive,
            components: factors.map(component).collect(),
            across,
            down,
        })
    }

    /// Whether every coefficient of every component was sent to its last bit.
    pub fn is_complete(&self) -> Result<(), Damage> {
        let unsent = |c: &Component| c.missing_bits.iter().any(|&bits| bits != 0);
        match self.components.iter().position(unsent) {
            None => Ok(()),
            Some(i) => Err(Damage::Unsent { component: i + 1 }),
        }
    }
}
