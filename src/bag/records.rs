//! The messages of a recording in the order of their times, with a bounded part of it in memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use mcap::records::op;

use super::block::Damage;
use super::blocks::Blocks;
use super::channels::{Channels, channel_of, is_picture};
use super::chunk::{Chunk, MESSAGE_HEADER, record_at, u64_at};
use super::outcome::Outcome;
use super::record::{Place, Record, RecordView};
use crate::time::Stamp;

/// So many bytes of unpacked chunks are kept while their messages are not all due yet, beside the chunk in use. Where
/// more chunks than that overlap in time, those whose turn comes last are let go and unpacked again.
const KEPT_BYTES: usize = 256 << 20;

/// The messages of a recording, from its start.
pub struct Records<'a> {
    blocks: &'a mut Blocks,
    outcome: &'a mut Outcome,
    /// The schemas and channels of each file.
    known: Vec<Channels>,
    /// For each block, whether its schemas and channels are among the known.
    learned: Vec<bool>,
    /// For each block the size and checksum of its content, once it was read.
    contents: Vec<(u64, u32)>,
    /// How many of the blocks by time have begun.
    begun: usize,
    /// The next message of each block that has begun and is not spent.
    heads: BinaryHeap<Reverse<Head>>,
    open: BTreeMap<u32, Open>,
    kept: usize,
    keeps: usize,
    /// The block whose last message was given.
    spent: Option<u32>,
    newest: u64,
    read: u64,
    done: bool,
    scratch: Vec<u8>,
    pictures: bool,
}

/// By time, and among messages of one time by where they stand in the files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    time: u64,
    block: u32,
    offset: u32,
}

/// A block that has begun.
struct Open {
    /// How many of its messages were given.
    given: usize,
    /// Its content, unless that was let go.
    loaded: Option<Loaded>,
    damage: Option<String>,
}

struct Loaded {
    records: Vec<u8>,
    /// The times and places of its CDR messages, in the order of their times.
    messages: Vec<(u64, u32)>,
}

impl Loaded {
    fn bytes(&self) -> usize {
        self.records.capacity() + self.messages.capacity() * size_of::<(u64, u32)>()
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let view = self.next_view()?;
        Some(Record {
            topic: view.topic.clone(),
            message_type: view.message_type.clone(),
            log_time: view.log_time,
            bytes: view.bytes.to_vec(),
        })
    }
}

impl<'a> Records<'a> {
    pub(super) fn new(blocks: &'a mut Blocks, outcome: &'a mut Outcome) -> Self {
        *outcome = Outcome::default();
        let layout = &blocks.layout;
        Self {
            known: layout.files.iter().map(|_| Channels::default()).collect(),
            learned: vec![false; layout.blocks.len()],
            contents: vec![(0, 0); layout.blocks.len()],
            begun: 0,
            heads: BinaryHeap::new(),
            open: BTreeMap::new(),
            kept: 0,
            keeps: KEPT_BYTES,
            spent: None,
            newest: 0,
            read: 0,
            done: false,
            scratch: Vec::new(),
            pictures: true,
            blocks,
            outcome,
        }
    }

    /// Leaves pictures as they are in the recording, where each was compressed by itself: for a look at all else.
    pub fn without_pictures(mut self) -> Self {
        self.pictures = false;
        self
    }

    /// The next message where it lies; none at the end.
    pub fn next_view(&mut self) -> Option<RecordView<'_>> {
        let head = match self.next_head() {
            Ok(head) => head?,
            Err(damage) => {
                self.end(Some(damage));
                return None;
            }
        };
        let file = self.blocks.layout.blocks[head.block as usize].file;
        let known = &self.known[file as usize];
        let records = &self.open.get(&head.block)?.loaded.as_ref()?.records;
        let (_, content, _) = record_at(records, head.offset as usize)?;
        let (header, bytes) = content.split_at_checked(MESSAGE_HEADER)?;
        let channel = known.get(channel_of(header))?;
        let is_left = !self.pictures && is_picture(&channel.message_type);
        let bytes = match is_left {
            true => bytes,
            false => match self.blocks.unpack(file, bytes, &mut self.scratch) {
                Ok(bytes) => bytes,
                Err(what) => {
                    let offset = self.blocks.layout.blocks[head.block as usize].offset;
                    let what = format!("topic {}: {what}", channel.topic);
                    let damage = Damage { file, offset, what };
                    self.done = true;
                    self.outcome.truncated = Some(self.blocks.layout.told(&damage, self.read));
                    self.outcome.digest = Some(self.blocks.layout.digest(&self.contents));
                    return None;
                }
            },
        };
        self.read += 1;
        Some(RecordView {
            topic: &channel.topic,
            message_type: &channel.message_type,
            definition: &channel.definition,
            log_time: Stamp::from_nanos(i64::try_from(head.time).unwrap_or(i64::MAX)),
            bytes,
            place: Place {
                block: head.block,
                offset: head.offset,
            },
        })
    }

    /// Takes the next message off the heads, with its block in memory.
    fn next_head(&mut self) -> Result<Option<Head>, Damage> {
        if self.done {
            return Ok(None);
        }
        if let Some(block) = self.spent.take()
            && let Some(open) = self.open.remove(&block)
        {
            if let Some(loaded) = open.loaded {
                self.kept -= loaded.bytes();
                self.blocks.give_back(loaded.records);
            }
            if let Some(what) = open.damage {
                return Err(self.damage(block, what));
            }
        }
        loop {
            let layout = &self.blocks.layout;
            let coming = layout.by_time.get(self.begun).copied();
            let begins = coming.and_then(|block| layout.blocks[block as usize].times);
            let due = self.heads.peek().map(|Reverse(head)| head.time);
            match (coming, begins) {
                (Some(block), Some((begin, _))) if due.is_none_or(|due| begin <= due) => {
                    self.begun += 1;
                    self.begin(block)?;
                }
                _ => break,
            }
        }
        let Some(Reverse(head)) = self.heads.pop() else {
            self.end(None);
            return Ok(None);
        };
        if self
            .open
            .get(&head.block)
            .is_some_and(|open| open.loaded.is_none())
        {
            let loaded = self.load(head.block)?.0;
            self.kept += loaded.bytes();
            if let Some(open) = self.open.get_mut(&head.block) {
                open.loaded = Some(loaded);
            }
            self.let_go(head.block);
        }
        if let Some(open) = self.open.get_mut(&head.block) {
            open.given += 1;
            match open
                .loaded
                .as_ref()
                .and_then(|l| l.messages.get(open.given))
            {
                Some((time, offset)) => self.heads.push(Reverse(Head {
                    time: *time,
                    offset: *offset,
                    ..head
                })),
                None => self.spent = Some(head.block),
            }
        }
        self.newest = head.time;
        Ok(Some(head))
    }

    /// Brings in a block whose time has come.
    fn begin(&mut self, block: u32) -> Result<(), Damage> {
        let (loaded, damage) = self.load(block)?;
        let Some((time, offset)) = loaded.messages.first().copied() else {
            return damage.map_or(Ok(()), |what| Err(self.damage(block, what)));
        };
        if time < self.newest {
            let what = "a chunk holds messages from before the time at which it says it begins";
            return Err(self.damage(block, what.to_owned()));
        }
        self.heads.push(Reverse(Head {
            time,
            block,
            offset,
        }));
        self.kept += loaded.bytes();
        let open = Open {
            given: 0,
            loaded: Some(loaded),
            damage,
        };
        self.open.insert(block, open);
        self.let_go(block);
        Ok(())
    }

    /// Lets go of content until no more is kept than allowed, that which is needed last first.
    fn let_go(&mut self, used: u32) {
        while self.kept > self.keeps {
            let due = |open: &Open| {
                let loaded = open.loaded.as_ref()?;
                loaded.messages.get(open.given).map(|(time, _)| *time)
            };
            let others = self.open.iter_mut().filter(|(block, _)| **block != used);
            let last = others
                .filter(|(_, open)| open.loaded.is_some())
                .max_by_key(|(_, open)| due(open));
            let Some(loaded) = last.and_then(|(_, open)| open.loaded.take()) else {
                return;
            };
            self.kept -= loaded.bytes();
            self.blocks.give_back(loaded.records);
        }
    }

    /// Reads a block: its messages, and what is wrong after them.
    fn load(&mut self, block: u32) -> Result<(Loaded, Option<String>), Damage> {
        let chunk = self.blocks.load(block);
        let Chunk {
            records,
            crc,
            damage,
        } = chunk.map_err(|e| self.damage(block, e.to_string()))?;
        self.contents[block as usize] = (records.len() as u64, crc);
        let mut messages = Vec::new();
        let damage = match damage {
            Some(damage) => Some(damage),
            None => self.index(block, &records, &mut messages).err(),
        };
        if !messages.is_sorted() {
            messages.sort_unstable();
        }
        Ok((Loaded { records, messages }, damage))
    }

    /// Lists the CDR messages of a block and learns its schemas and channels.
    fn index(
        &mut self,
        block: u32,
        records: &[u8],
        messages: &mut Vec<(u64, u32)>,
    ) -> Result<(), String> {
        let file = self.blocks.layout.blocks[block as usize].file as usize;
        let is_cut = self.blocks.layout.blocks[block as usize].is_cut;
        let mut at = 0;
        while let Some((opcode, content, next)) = record_at(records, at) {
            match opcode {
                op::SCHEMA | op::CHANNEL => {
                    if self.known[file].lacks_schema_of(opcode, content) {
                        self.learn_before(block);
                    }
                    self.known[file].learn(opcode, content)?;
                }
                op::MESSAGE => {
                    let header = content
                        .get(..MESSAGE_HEADER)
                        .ok_or("a message record is too short")?;
                    let id = channel_of(header);
                    if self.known[file].get(id).is_none() {
                        self.learn_before(block);
                    }
                    let channel = self.known[file].get(id).ok_or_else(|| {
                        format!("a message belongs to channel {id}, which the bag does not have")
                    })?;
                    if channel.is_cdr {
                        // A block has no more than 2^30 bytes.
                        messages.push((u64_at(header, 6), at as u32));
                    }
                }
                _ => {}
            }
            at = next;
        }
        self.learned[block as usize] = true;
        match at == records.len() || is_cut {
            true => Ok(()),
            false => Err("a chunk ends inside of a record".to_owned()),
        }
    }

    /// Learns the schemas and channels that stand before a block in its file. They come before the messages in the file,
    /// but not always before them in time.
    fn learn_before(&mut self, block: u32) {
        let layout = self.blocks.layout.clone();
        let file = layout.blocks[block as usize].file;
        for before in 0..block {
            if layout.blocks[before as usize].file != file || self.learned[before as usize] {
                continue;
            }
            self.learned[before as usize] = true;
            // What is wrong with it is said when its own time comes.
            let Ok(chunk) = self.blocks.load(before) else {
                continue;
            };
            let mut at = 0;
            while let Some((opcode, content, next)) = record_at(&chunk.records, at) {
                if matches!(opcode, op::SCHEMA | op::CHANNEL)
                    && self.known[file as usize].learn(opcode, content).is_err()
                {
                    break;
                }
                at = next;
            }
        }
    }

    fn damage(&self, block: u32, what: String) -> Damage {
        let block = &self.blocks.layout.blocks[block as usize];
        Damage {
            file: block.file,
            offset: block.offset,
            what,
        }
    }

    fn end(&mut self, damage: Option<Damage>) {
        self.done = true;
        self.open.clear();
        let damage = damage.or_else(|| self.blocks.layout.cut.clone());
        self.outcome.truncated = damage.map(|damage| self.blocks.layout.told(&damage, self.read));
        self.outcome.digest = Some(self.blocks.layout.digest(&self.contents));
    }

    /// Keeps no more than this beside the chunk in use.
    #[cfg(test)]
    pub(super) fn keeping(mut self, bytes: usize) -> Self {
        self.keeps = bytes;
        self
    }

    /// How many bytes of unpacked chunks there are, and for how many chunks.
    #[cfg(test)]
    pub(super) fn kept(&self) -> (usize, usize) {
        let loaded = self.open.values().filter(|open| open.loaded.is_some());
        (self.kept, loaded.count())
    }
}
