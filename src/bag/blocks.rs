//! The blocks of a recording, read from its files when they are needed.

use std::io;
use std::sync::Arc;

use super::chunk::{Chunk, unpacked};
use super::layout::Layout;
use super::storage::Storage;

/// The blocks of a recording.
#[derive(Debug)]
pub(super) struct Blocks {
    pub layout: Arc<Layout>,
    /// The file that was read last.
    storage: Option<(u32, Storage)>,
    /// Room for the next chunk.
    spare: Vec<u8>,
}

/// Room larger than this is not kept for the next chunk.
const SPARE_BYTES: usize = 16 << 20;

impl Blocks {
    /// Of a recording that was looked through before.
    pub fn of(layout: Arc<Layout>) -> Self {
        Self {
            layout,
            storage: None,
            spare: Vec::new(),
        }
    }

    /// A file, opened unless it was read last.
    fn storage(&mut self, file: u32) -> io::Result<&mut Storage> {
        if self.storage.as_ref().is_none_or(|(last, _)| *last != file) {
            let path = &self.layout.files[file as usize].path;
            let opened = Storage::open(path).map_err(|e| io::Error::other(e.to_string()))?;
            self.storage = Some((file, opened));
        }
        let storage = self.storage.as_mut().map(|(_, storage)| storage);
        storage.ok_or(io::ErrorKind::NotFound.into())
    }

    /// A message of a file as it was sent.
    pub fn unpack<'a>(
        &mut self,
        file: u32,
        message: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], String> {
        match self.layout.files[file as usize].is_dataset {
            // Where files take turns, none is opened anew for what needs no file.
            false => unpacked(message, scratch),
            true => {
                let storage = self.storage(file).map_err(|e| e.to_string())?;
                storage.unpack(message, scratch)
            }
        }
    }

    /// The records of a block.
    pub fn load(&mut self, block: u32) -> io::Result<Chunk> {
        let layout = self.layout.clone();
        let block = &layout.blocks[block as usize];
        let room = std::mem::take(&mut self.spare);
        let read = self.storage(block.file)?.load(block, room);
        let mut chunk = match read {
            // Cut off before its first record.
            Err(e) if block.is_cut && e.kind() == io::ErrorKind::UnexpectedEof => {
                Chunk::within(Vec::new())
            }
            read => read?,
        };
        match (block.is_cut, &chunk.damage) {
            // What is before the cut is there; the layout says what is missing.
            (true, _) => chunk.damage = None,
            (false, Some(_)) => chunk.records.clear(),
            (false, None) => {}
        }
        Ok(chunk)
    }

    /// Takes the room of a chunk that is not needed any more.
    pub fn give_back(&mut self, mut records: Vec<u8>) {
        if records.capacity() <= SPARE_BYTES {
            records.clear();
            self.spare = records;
        }
    }
}
