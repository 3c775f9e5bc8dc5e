//! A stretch of a file that is read as a whole, and what may be wrong with it.

/// A chunk, or records that lie one after the other outside of chunks.
#[derive(Debug)]
pub(super) struct Block {
    pub file: u32,
    /// Where its content begins; in a database, the id of its first row; in a dataset, its first frame.
    pub offset: u64,
    /// How many bytes that is; of a database or a dataset, how many rows.
    pub length: u64,
    pub is_chunk: bool,
    /// Whether the file ends within.
    pub is_cut: bool,
    /// The first and the last time at which a message was recorded, where there are messages.
    pub times: Option<(u64, u64)>,
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug)]
pub(super) struct Damage {
    pub file: u32,
    pub offset: u64,
    pub what: String,
}

/// The most chunks that one recording may have. A week of them is a tenth of that.
pub(super) const MAX_BLOCKS: usize = 1 << 22;
