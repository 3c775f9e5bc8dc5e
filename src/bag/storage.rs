//! One file of a recording, open to be read: MCAP, a database of sqlite3, or the description of a LeRobot dataset.

use std::io::{self, Read};
use std::path::Path;

use super::block::Block;
use super::chunk::{Chunk, unpacked};
use super::file_name::LEROBOT;
use super::input::Input;
#[cfg(feature = "train")]
use super::lerobot::Dataset;
use super::sqlite::Database;
use crate::errors::ConfigErrors;

/// What a file is stored as, which is read from its content and not from its name; but a dataset is its folder.
#[derive(Debug)]
pub(super) enum Storage {
    Mcap(Input),
    Sqlite(Database),
    #[cfg(feature = "train")]
    LeRobot(Box<Dataset>),
}

const WANTED: &str =
    "an MCAP or sqlite3 file is needed, as `late_fusion record` or `ros2 bag record` writes it";

const SQLITE: &[u8] = b"SQLite format 3\0";

impl Storage {
    /// Opens a file and reads the mark with which it begins.
    ///
    /// # Errors
    /// A file that cannot be read, is empty or is something else.
    pub fn open(path: &Path) -> Result<Self, ConfigErrors> {
        let problem = |what: &dyn std::fmt::Display| {
            ConfigErrors::from(format!("bag {}: {what}", path.display()))
        };
        if path.ends_with(LEROBOT) {
            return open_dataset(path).map_err(|what| problem(&what));
        }
        let metadata = path.metadata().map_err(|e| problem(&e))?;
        if metadata.is_dir() {
            return Err(problem(&format_args!("it is a folder; {WANTED}")));
        }
        if metadata.len() == 0 {
            return Err(problem(&format_args!("the file is empty; {WANTED}")));
        }
        let mut input = Input::open(path).map_err(|e| problem(&e))?;
        let mut start = Vec::new();
        input
            .by_ref()
            .take(SQLITE.len() as u64)
            .read_to_end(&mut start)
            .map_err(|e| problem(&e))?;
        if start.starts_with(mcap::MAGIC) {
            input
                .seek(mcap::MAGIC.len() as u64)
                .map_err(|e| problem(&e))?;
            return Ok(Self::Mcap(input));
        }
        if start == SQLITE {
            return match input.length() {
                Some(_) => Database::open(path)
                    .map(Self::Sqlite)
                    .map_err(|what| problem(&what)),
                None => Err(problem(&format_args!(
                    "it is a sqlite3 file that was compressed as a whole, which cannot be read in pieces; unpack it \
                     first: `zstd -d {}`",
                    path.display()
                ))),
            };
        }
        if start.starts_with(b"#ROSBAG") {
            return Err(problem(&format_args!(
                "it is a bag of ROS 1; {WANTED} (`rosbags-convert --src {0} --dst {0}_mcap --dst-storage mcap` of the \
                 Python package rosbags converts it)",
                path.display()
            )));
        }
        start.truncate(mcap::MAGIC.len());
        Err(problem(&format_args!(
            "it starts with {start:02x?}, so it is neither MCAP nor sqlite3; {WANTED}"
        )))
    }

    /// Reads the records of a block, into a room that is empty.
    ///
    /// # Errors
    /// What the file system or the database says, and a file that ends before the block.
    pub fn load(&mut self, block: &Block, room: Vec<u8>) -> io::Result<Chunk> {
        match self {
            Self::Sqlite(database) => database.load(block, room),
            #[cfg(feature = "train")]
            Self::LeRobot(dataset) => dataset.load(block, room),
            Self::Mcap(input) => {
                input.seek(block.offset)?;
                match block.is_chunk {
                    true => Chunk::unpack(&mut input.take(block.length), room),
                    false => Chunk::plain(input, block.length, room),
                }
            }
        }
    }

    /// A message as it was sent.
    ///
    /// # Errors
    /// In words, what keeps it from being unpacked.
    pub fn unpack<'a>(
        &mut self,
        message: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], String> {
        match self {
            Self::Mcap(_) | Self::Sqlite(_) => unpacked(message, scratch),
            #[cfg(feature = "train")]
            Self::LeRobot(dataset) => dataset.unpack(message, scratch),
        }
    }
}

#[cfg(feature = "train")]
fn open_dataset(path: &Path) -> Result<Storage, String> {
    Dataset::open(path).map(|dataset| Storage::LeRobot(Box::new(dataset)))
}

#[cfg(not(feature = "train"))]
fn open_dataset(_: &Path) -> Result<Storage, String> {
    Err("it is a LeRobot dataset, which a late_fusion built without the feature `train` cannot read".to_owned())
}
