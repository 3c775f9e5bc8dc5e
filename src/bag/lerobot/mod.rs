//! Datasets of LeRobot, v3.0, v2.1 and v2.0, as they lie on a disk.
//!
//! A stretch of frames becomes a block of the records that an MCAP file has, so that everything above reads one kind of
//! recording. Every feature is a topic of its name (`topics`): numbers are joint states with the names of
//! `meta/info.json`, and those of the action the positions of a trajectory, for they were commanded and not measured. A
//! picture within the table is a compressed image, one of a video a raw image. Beside them there are `task`, the
//! sentence of the frame, and `episode`, the markers.
//!
//! `info`, `tasks` and `videos` read `meta/`; `timeline` lists the frames by the small columns of their tables; `table`
//! reads Parquet, `numbers` what is in its cells; `messages` makes a frame's messages. A picture of a video is decoded
//! (`video`) when it is asked for, and until then only its place is there.

mod info;
mod messages;
mod numbers;
mod place;
mod table;
mod tasks;
mod timeline;
mod topics;
mod video;
mod videos;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use self::info::{Info, Kind};
use self::messages::Messages;
use self::place::Place;
use self::table::Table;
use self::tasks::Tasks;
use self::timeline::{Stretch, Timeline};
use self::topics::TopicNumbers;
use self::video::Decoder;
use self::videos::Videos;
use super::block::Block;
use super::chunk::Chunk;

/// A dataset, open for reading.
pub(super) struct Dataset {
    info: Info,
    tasks: Tasks,
    videos: Videos,
    /// The files with the frames, in their order.
    files: Vec<PathBuf>,
    timeline: Timeline,
    topics: TopicNumbers,
    /// Where the newest block ended, for the one after it.
    cursor: Option<(u32, u64, Table)>,
    /// The decoder of each camera, once a picture was asked for.
    decoders: Vec<Option<Decoder>>,
}

impl Dataset {
    /// Opens the dataset whose `meta/info.json` this is.
    ///
    /// # Errors
    /// In words, what keeps it from being read.
    pub fn open(info: &Path) -> Result<Self, String> {
        let root = info.parent().and_then(Path::parent);
        let root = root.unwrap_or(Path::new("")).to_owned();
        let info = Info::read(&root)?;
        let tasks = Tasks::read(&root, info.is_v3)?;
        let videos = Videos::read(&root, &info)?;
        let files = table::files(&root.join("data"))?;
        let timeline = Timeline::of(&info, &files);
        let topics = TopicNumbers::of(&info)?;
        Ok(Self {
            decoders: info.cameras().map(|_| None).collect(),
            info,
            tasks,
            videos,
            files,
            timeline,
            topics,
            cursor: None,
        })
    }

    /// Lists the blocks: one with the topics, and one for each stretch of frames.
    ///
    /// # Errors
    /// With the frame after which it happened, what is wrong with the tables. The blocks before are there.
    pub fn list(&self, file: u32, blocks: &mut Vec<Block>) -> Result<(), (u64, String)> {
        let block = |offset: u64, length: u64, times: Option<(u64, u64)>| Block {
            file,
            offset,
            length,
            is_chunk: false,
            is_cut: false,
            times,
        };
        blocks.push(block(0, 0, None));
        let stretches = self.timeline.stretches.iter();
        blocks.extend(stretches.map(|s| block(s.first, s.rows, Some(s.times()))));
        self.timeline.ended.clone()
    }

    /// The records of a block.
    ///
    /// # Errors
    /// A stretch that was not there when the blocks were listed.
    pub fn load(&mut self, block: &Block, room: Vec<u8>) -> io::Result<Chunk> {
        let mut chunk = Chunk::within(room);
        match block.times {
            None => chunk.records.extend_from_slice(&self.topics.records),
            Some(_) => {
                let stretches = &self.timeline.stretches;
                let at = stretches.binary_search_by_key(&block.offset, |s| s.first);
                let stretch = at.ok().map(|at| stretches[at].clone());
                let stretch = stretch.filter(|s| s.rows == block.length);
                let stretch = stretch.ok_or_else(|| io::Error::other("frames are gone"))?;
                chunk.damage = self.append_frames(&stretch, &mut chunk.records).err();
            }
        }
        chunk.crc = crc32fast::hash(&chunk.records);
        Ok(chunk)
    }

    fn append_frames(&mut self, stretch: &Stretch, records: &mut Vec<u8>) -> Result<(), String> {
        let mut table = match self.cursor.take() {
            Some((file, row, table)) if (file, row) == (stretch.file, stretch.row) => table,
            _ => self.table(stretch)?,
        };
        let mut messages = Messages {
            info: &self.info,
            tasks: &self.tasks,
            videos: &self.videos,
            topics: &self.topics,
            stretch,
            task: stretch.task_before,
            records,
        };
        for row in 0..stretch.rows {
            let cells = table.next_row()?.ok_or("frames are gone")?;
            messages.add(row, &cells)?;
        }
        self.cursor = Some((stretch.file, stretch.row + stretch.rows, table));
        Ok(())
    }

    /// The table of a stretch, at its first row.
    fn table(&self, stretch: &Stretch) -> Result<Table, String> {
        let mut columns = timeline::COLUMNS.to_vec();
        let features = self.info.features.iter();
        columns.extend(
            features
                .filter(|f| f.kind != Kind::Video)
                .map(|f| f.name.as_str()),
        );
        let path = &self.files[stretch.file as usize];
        Table::open(path, &columns, self.info.rows_together(), stretch.row)
    }

    /// A message as it is to be seen: of a picture in a video there is only its place until then.
    ///
    /// # Errors
    /// In words, why it cannot be decoded.
    pub fn unpack<'a>(
        &mut self,
        message: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], String> {
        let Some(place) = Place::parse(message) else {
            return Ok(message);
        };
        let path = self.videos.path(place.video).ok_or("its video is gone")?;
        let decoder = self.decoders.get_mut(place.camera as usize);
        let decoder = decoder.ok_or("its camera is gone")?;
        let decoder = match decoder {
            Some(decoder) if decoder.can_reach(path, place.frame) => decoder,
            other => other.insert(Decoder::start(path, self.info.fps, place.frame)?),
        };
        let picture = decoder.frame(place.frame)?;
        messages::write_image(place.stamp, picture, scratch);
        Ok(scratch)
    }
}

impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a LeRobot dataset of {} files", self.files.len())
    }
}
