//! Where the messages of a recording are: its files, and the chunks in them with the times that they span.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use mcap::records::op;
use sha2::{Digest, Sha256};

use super::block::{Block, Damage, MAX_BLOCKS};
use super::chunk::{FRAME, MESSAGE_HEADER, u64_at};
use super::file_name::LEROBOT;
use super::files::Bag;
use super::input::Input;
use super::storage::Storage;
use crate::errors::ConfigErrors;

/// The files of a recording and what lies where in them, found without unpacking a chunk.
#[derive(Debug)]
pub struct Layout {
    /// The recording, as the user named it.
    pub(super) path: PathBuf,
    pub(super) files: Vec<SourceFile>,
    /// In the order of the files.
    pub(super) blocks: Vec<Block>,
    /// The blocks with messages, by the time at which they begin.
    pub(super) by_time: Vec<u32>,
    /// Where the recording was cut off, if it was.
    pub(super) cut: Option<Damage>,
}

/// One file.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub path: PathBuf,
    /// What an offset in it counts: bytes, the rows of a database, or the frames of a dataset.
    pub unit: &'static str,
    /// Its bytes, where they are what an offset counts.
    pub length: Option<u64>,
    /// Whether it is a dataset, in which messages may be places of what is decoded when it is asked for.
    pub is_dataset: bool,
}

/// Records outside of chunks are read together up to so many bytes.
const RUN_BYTES: u64 = 1 << 20;

impl Layout {
    /// Looks through the files of a recording.
    ///
    /// # Errors
    /// Every file that cannot be read, is empty or is something else.
    pub fn of(bag: &Bag) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let mut layout = Self {
            path: bag.path().to_owned(),
            files: Vec::new(),
            blocks: Vec::new(),
            by_time: Vec::new(),
            cut: None,
        };
        for path in bag.files() {
            match Storage::open(path) {
                Ok(storage) => layout.scan(path, storage),
                Err(problem) => errors.extend(problem),
            }
        }
        let times = |block: &Block| block.times;
        let mut by_time: Vec<u32> = (0..layout.blocks.len() as u32)
            .filter(|i| times(&layout.blocks[*i as usize]).is_some())
            .collect();
        by_time.sort_by_key(|i| (times(&layout.blocks[*i as usize]).map(|t| t.0), *i));
        layout.by_time = by_time;
        errors.or(layout)
    }

    /// The first and the last time at which a message was recorded, as the chunks say.
    pub fn times(&self) -> Option<(u64, u64)> {
        // Writers say 0 to 0 of a chunk that only names topics.
        let times = self.blocks.iter().filter_map(|block| block.times);
        let times = times.filter(|times| *times != (0, 0));
        times.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// A word that is another one wherever the messages are others, from the sizes and checksums of all blocks.
    pub(super) fn digest(&self, contents: &[(u64, u32)]) -> String {
        let mut hash = Sha256::new();
        for (block, (size, crc)) in self.blocks.iter().zip(contents) {
            let (first, last) = block.times.unwrap_or_default();
            for number in [first, last, *size, u64::from(*crc)] {
                hash.update(number.to_le_bytes());
            }
        }
        let digest = hash.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The damage as the user is to be told.
    pub(super) fn told(&self, damage: &Damage, read: u64) -> String {
        let file = &self.files[damage.file as usize];
        let length = file
            .length
            .map_or("its content".to_owned(), |length| length.to_string());
        let lost = self.files.len() - damage.file as usize - 1;
        let others = match lost {
            0 => String::new(),
            1 => ", the file after it with it".to_owned(),
            _ => format!(", the {lost} files after it among them"),
        };
        format!(
            "bag {}: {} ({} {} of {length}); the {read} messages before that are used, whatever came after is \
             lost{others}",
            file.path.display(),
            damage.what,
            file.unit,
            damage.offset,
        )
    }

    /// Adds one file. After one that was cut off nothing is added: what it lost lies between, and what comes after a
    /// hole may belong to another episode.
    fn scan(&mut self, path: &Path, storage: Storage) {
        let file = self.files.len() as u32;
        let (unit, length) = match &storage {
            Storage::Mcap(input) => ("byte", input.length()),
            Storage::Sqlite(_) => ("row", None),
            #[cfg(feature = "train")]
            Storage::LeRobot(_) => ("frame", None),
        };
        self.files.push(SourceFile {
            path: path.to_owned(),
            unit,
            length,
            is_dataset: path.ends_with(LEROBOT),
        });
        if self.cut.is_some() {
            return;
        }
        let ended = match storage {
            Storage::Mcap(mut input) => self.walk(file, &mut input),
            Storage::Sqlite(database) => database.list(file, &mut self.blocks),
            #[cfg(feature = "train")]
            Storage::LeRobot(dataset) => dataset.list(file, &mut self.blocks),
        };
        self.cut = ended
            .err()
            .map(|(offset, what)| Damage { file, offset, what });
    }

    /// Lists the blocks of an MCAP file.
    fn walk(&mut self, file: u32, input: &mut Input) -> Result<(), (u64, String)> {
        let mut scan = Scan {
            layout: self,
            file,
            run: None,
        };
        let ended = scan.walk(input);
        scan.close_run();
        let Err(e) = ended else {
            return Ok(());
        };
        let last = self.blocks.last().filter(|block| block.file == file);
        let cut_chunk = last.filter(|block| block.is_cut).map(|block| block.offset);
        let what = match (e.kind(), cut_chunk) {
            (io::ErrorKind::UnexpectedEof, Some(_)) => "the last chunk is cut off".to_owned(),
            (io::ErrorKind::UnexpectedEof, None) => "it is cut off".to_owned(),
            _ => e.to_string(),
        };
        Err((cut_chunk.unwrap_or(input.position()), what))
    }
}

/// One file on its way into the layout.
struct Scan<'a> {
    layout: &'a mut Layout,
    file: u32,
    /// Records outside of chunks that are still added to.
    run: Option<Block>,
}

impl Scan<'_> {
    fn walk(&mut self, input: &mut Input) -> io::Result<()> {
        loop {
            let begin = input.position();
            let mut frame = [0; FRAME];
            input.read_exact(&mut frame)?;
            let (opcode, length) = (frame[0], u64_at(&frame, 1));
            match opcode {
                op::DATA_END => return Ok(()),
                op::CHUNK => self.chunk(input, length)?,
                op::SCHEMA | op::CHANNEL | op::MESSAGE => {
                    self.single(input, begin, opcode, length)?;
                }
                _ => {
                    self.close_run();
                    skip(input, length)?;
                }
            }
            if self.layout.blocks.len() >= MAX_BLOCKS {
                return Err(io::Error::other(format!(
                    "it has more than {MAX_BLOCKS} chunks"
                )));
            }
        }
    }

    fn chunk(&mut self, input: &mut Input, length: u64) -> io::Result<()> {
        self.close_run();
        let offset = input.position();
        let mut times = [0; 16];
        input.read_exact(&mut times)?;
        let is_whole = length >= 16 && input.skip(length - 16)?;
        self.layout.blocks.push(Block {
            file: self.file,
            offset,
            length,
            is_chunk: true,
            is_cut: !is_whole,
            times: Some((u64_at(&times, 0), u64_at(&times, 8))),
        });
        match is_whole {
            true => Ok(()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// A record outside of chunks, which begins at `begin`.
    fn single(&mut self, input: &mut Input, begin: u64, opcode: u8, length: u64) -> io::Result<()> {
        let mut time = None;
        let mut rest = length;
        if opcode == op::MESSAGE && length >= MESSAGE_HEADER as u64 {
            let mut header = [0; MESSAGE_HEADER];
            input.read_exact(&mut header)?;
            rest -= MESSAGE_HEADER as u64;
            time = Some(u64_at(&header, 6));
        }
        skip(input, rest)?;
        let bytes = FRAME as u64 + length;
        if (self.run.as_ref()).is_some_and(|run| run.length + bytes > RUN_BYTES) {
            self.close_run();
        }
        let run = self.run.get_or_insert(Block {
            file: self.file,
            offset: begin,
            length: 0,
            is_chunk: false,
            is_cut: false,
            times: None,
        });
        run.length += bytes;
        if let Some(time) = time {
            let (first, last) = run.times.unwrap_or((time, time));
            run.times = Some((first.min(time), last.max(time)));
        }
        Ok(())
    }

    fn close_run(&mut self) {
        self.layout.blocks.extend(self.run.take());
    }
}

fn skip(input: &mut Input, bytes: u64) -> io::Result<()> {
    match input.skip(bytes)? {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
