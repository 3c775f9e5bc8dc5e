//! The messages of a frame, as records of MCAP.

use mcap::records::op;

use super::info::{Feature, Info, Kind};
use super::place::Place;
use super::table::Cells;
use super::tasks::Tasks;
use super::timeline::{
    ACTS_AFTER_NS, ENDS_AFTER_NS, LONGEST_S, SAID_BEFORE_NS, STARTS_BEFORE_NS, Stretch,
};
use super::topics::{TopicNumbers, is_action};
use super::video::Picture;
use super::videos::Videos;
use crate::bag::chunk::append;
use crate::message::cdr::Writer;
use crate::message::encode_text;
use crate::time::Stamp;

/// What a feature begins with that was seen before the action was decided.
const SEEN: &str = "observation";

/// The messages of a stretch of frames, one frame after the other.
pub(super) struct Messages<'a> {
    pub info: &'a Info,
    pub tasks: &'a Tasks,
    pub videos: &'a Videos,
    pub topics: &'a TopicNumbers,
    pub stretch: &'a Stretch,
    /// The task of the frame before.
    pub task: Option<i64>,
    pub records: &'a mut Vec<u8>,
}

impl Messages<'_> {
    /// Adds the messages of a frame, by its row in the stretch.
    ///
    /// # Errors
    /// In words, what the frame lacks.
    pub fn add(&mut self, row: u64, cells: &Cells) -> Result<(), String> {
        let timestamp = cells.number("timestamp")?;
        let seconds = self.info.seconds(timestamp, cells.number("frame_index")?);
        // The table may be another one by now than when it was listed.
        let since_ns = (seconds.clamp(0.0, LONGEST_S) * 1e9).round() as i64;
        let now_ns = self.stretch.zero_ns + since_ns;
        let (is_first, is_last) = (row == 0, row + 1 == self.stretch.rows);
        let begins = is_first && self.stretch.begins;
        if begins {
            self.mark("start", now_ns - STARTS_BEFORE_NS);
        }
        self.say(cells, begins, now_ns)?;
        let mut camera = 0;
        for (number, feature) in self.info.features.iter().enumerate() {
            let later_ns = match feature.name.starts_with(SEEN) {
                true => 0,
                false => ACTS_AFTER_NS,
            };
            let message = match &feature.kind {
                Kind::Video => {
                    camera += 1;
                    self.place(camera - 1, feature, seconds, now_ns)?
                }
                _ => message(feature, cells, Stamp::from_nanos(now_ns))?,
            };
            self.write(number as u16, now_ns + later_ns, &message);
        }
        if let (true, Some(success)) = (is_last, self.stretch.ends) {
            let word = if success { "success" } else { "failure" };
            self.mark(word, now_ns + ENDS_AFTER_NS);
        }
        Ok(())
    }

    /// The frame's task, where it is another one than before.
    fn say(&mut self, cells: &Cells, begins: bool, now_ns: i64) -> Result<(), String> {
        if !cells.has("task_index") {
            return Ok(());
        }
        let task = cells.number("task_index")? as i64;
        if self.task == Some(task) {
            return Ok(());
        }
        self.task = Some(task);
        if !begins {
            self.mark("change", now_ns - SAID_BEFORE_NS);
        }
        if let Some(sentence) = self.tasks.get(task) {
            let topic = self.topics.task;
            self.write(topic, now_ns - SAID_BEFORE_NS, &encode_text(sentence));
        }
        Ok(())
    }

    /// What stands for a picture of a video.
    fn place(
        &self,
        camera: u32,
        feature: &Feature,
        seconds: f64,
        now_ns: i64,
    ) -> Result<Vec<u8>, String> {
        let episode = self.stretch.episode;
        let part = self.videos.part(episode, camera);
        let part = part.ok_or_else(|| {
            format!(
                "meta/ does not say which video of {} has episode {episode}",
                feature.name
            )
        })?;
        let frame = (part.from_s + seconds) * self.info.fps;
        let place = Place {
            camera,
            video: part.video,
            frame: frame.round().max(0.0) as u64,
            stamp: Stamp::from_nanos(now_ns),
            version: part.version,
        };
        Ok(place.bytes().to_vec())
    }

    fn mark(&mut self, word: &str, at_ns: i64) {
        self.write(self.topics.episode, at_ns, &encode_text(word));
    }

    fn write(&mut self, topic: u16, at_ns: i64, message: &[u8]) {
        let time = at_ns.to_le_bytes();
        let header = [&topic.to_le_bytes()[..], &[0; 4], &time, &time].concat();
        append(self.records, op::MESSAGE, &[&header, message]);
    }
}

/// The message of a feature that is within the table.
fn message(feature: &Feature, cells: &Cells, stamp: Stamp) -> Result<Vec<u8>, String> {
    let mut writer = Writer::new();
    writer.header(stamp, "");
    match &feature.kind {
        Kind::Numbers(names) => {
            let mut values = Vec::with_capacity(names.len());
            cells.numbers(&feature.name, names.len(), &mut values)?;
            writer.length(names.len());
            for name in names {
                writer.string(name);
            }
            let is_action = is_action(&feature.name);
            if is_action {
                writer.length(1);
            }
            writer.length(values.len());
            for value in values {
                writer.f64(value);
            }
            // No velocity and no effort; of an action no acceleration either, and it is for now.
            writer.length(0);
            writer.length(0);
            if is_action {
                writer.length(0);
                writer.i32(0);
                writer.u32(0);
            }
        }
        Kind::Picture | Kind::Video => {
            let file = cells.picture(&feature.name)?;
            writer.string(match file.starts_with(&[0xff, 0xd8]) {
                true => "jpeg",
                false => "png",
            });
            writer.bytes(file);
        }
    }
    Ok(writer.finish())
}

/// Writes the message of a decoded picture.
pub(super) fn write_image(stamp: Stamp, picture: &Picture, message: &mut Vec<u8>) {
    let mut writer = Writer::new();
    writer.header(stamp, "");
    writer.u32(picture.height);
    writer.u32(picture.width);
    writer.string("rgb8");
    writer.u8(0);
    writer.u32(3 * picture.width);
    writer.bytes(&picture.pixels);
    *message = writer.finish();
}
