//! The frames of a dataset on one line of time: episode after episode, with a pause between them.

use std::path::PathBuf;

use super::info::Info;
use super::table::{Cells, Table};

/// When the first frame is.
const BEGIN_NS: i64 = 1_000_000_000;

/// From the last frame of an episode to the first of the next, or twice as long as to the next frame.
const PAUSE_NS: i64 = 500_000_000;

/// An episode is not longer than this, in seconds.
pub(super) const LONGEST_S: f64 = 1e7;

/// How long before a frame its episode starts, and its task is said; how long after it the action leaves, and the
/// episode ends. A label is paired with what was recorded before it.
pub(super) const STARTS_BEFORE_NS: i64 = 2_000;
pub(super) const SAID_BEFORE_NS: i64 = 1_000;
pub(super) const ACTS_AFTER_NS: i64 = 1_000;
pub(super) const ENDS_AFTER_NS: i64 = 2_000;

/// The columns that say where a frame is.
pub(super) const COLUMNS: [&str; 4] = ["timestamp", "frame_index", "episode_index", "task_index"];

/// Whether what was meant is done, where somebody judged.
const SUCCESS: &str = "next.success";

/// The most stretches of one dataset.
const MOST_STRETCHES: usize = 1 << 21;

/// Frames of one episode that lie one after the other in one file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stretch {
    /// The file.
    pub file: u32,
    /// The first of its rows there.
    pub row: u64,
    /// How many rows.
    pub rows: u64,
    /// How many frames there are before it in the dataset.
    pub first: u64,
    /// The episode.
    pub episode: i64,
    /// The time of the episode's timestamp zero.
    pub zero_ns: i64,
    /// The times of the first frame and of the last one.
    pub frames_ns: (i64, i64),
    /// Whether it begins its episode.
    pub begins: bool,
    /// Whether it ends its episode, and then whether that succeeded.
    pub ends: Option<bool>,
    /// The task of the frame before it in its episode.
    pub task_before: Option<i64>,
}

impl Stretch {
    /// The first and the last time at which a message of it is recorded.
    pub fn times(&self) -> (u64, u64) {
        let (first, last) = self.frames_ns;
        let positive = |ns: i64| u64::try_from(ns).unwrap_or_default();
        (
            positive(first - STARTS_BEFORE_NS),
            positive(last + ENDS_AFTER_NS),
        )
    }
}

/// All frames.
#[derive(Clone, Debug)]
pub(super) struct Timeline {
    pub stretches: Vec<Stretch>,
    /// With the frame after which it happened, what keeps the rest from being read.
    pub ended: Result<(), (u64, String)>,
}

/// A frame.
struct Frame {
    seconds: f64,
    episode: i64,
    task: Option<i64>,
    /// Whether what was meant is done, where the dataset has a word on it.
    success: Option<bool>,
}

/// What is known of the running episode.
struct Running {
    zero_ns: i64,
    now_ns: i64,
    task: Option<i64>,
    success: Option<bool>,
}

impl Timeline {
    fn empty() -> Self {
        Self {
            stretches: Vec::new(),
            ended: Ok(()),
        }
    }

    /// Of the frames in these files.
    pub fn of(info: &Info, files: &[PathBuf]) -> Self {
        let mut listing = Listing {
            timeline: Self::empty(),
            running: None,
            frames: 0,
            most: info.rows_together(),
            pause_ns: PAUSE_NS.max((2e9 / info.fps) as i64),
        };
        let ended = files
            .iter()
            .enumerate()
            .try_for_each(|(file, path)| listing.add_file(info, file as u32, path));
        listing.end_episode();
        listing.timeline.ended = ended.map_err(|what| (listing.frames, what));
        listing.timeline
    }
}

struct Listing {
    timeline: Timeline,
    running: Option<Running>,
    frames: u64,
    most: u64,
    pause_ns: i64,
}

impl Listing {
    fn add_file(&mut self, info: &Info, file: u32, path: &std::path::Path) -> Result<(), String> {
        let mut columns = COLUMNS.to_vec();
        columns.push(SUCCESS);
        let mut table = Table::open(path, &columns, 1 << 16, 0)?;
        let mut row = 0;
        while let Some(cells) = table.next_row()? {
            let frame = frame(info, &cells)?;
            self.add(file, row, &frame)
                .map_err(|what| format!("{}: row {row}: {what}", path.display()))?;
            row += 1;
        }
        Ok(())
    }

    fn add(&mut self, file: u32, row: u64, frame: &Frame) -> Result<(), String> {
        if !(0.0..=LONGEST_S).contains(&frame.seconds) {
            return Err(format!(
                "its timestamp is {} s; allowed: 0 to {LONGEST_S} s",
                frame.seconds
            ));
        }
        let last = self.timeline.stretches.last();
        let begins = last.is_none_or(|s| s.episode != frame.episode) || self.running.is_none();
        let since_ns = (frame.seconds * 1e9).round() as i64;
        if begins {
            let before_ns = self.running.as_ref().map(|running| running.now_ns);
            self.end_episode();
            let now_ns = before_ns.map_or(BEGIN_NS, |before_ns| before_ns + self.pause_ns);
            self.running = Some(Running {
                zero_ns: now_ns - since_ns,
                now_ns,
                task: None,
                success: None,
            });
        }
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        let now_ns = running.zero_ns + since_ns;
        if !begins && now_ns <= running.now_ns + STARTS_BEFORE_NS + ENDS_AFTER_NS {
            return Err(format!(
                "in episode {} its time does not come after that of the frame before",
                frame.episode
            ));
        }
        match self.timeline.stretches.last_mut() {
            Some(last) if !begins && last.file == file && last.rows < self.most => {
                last.rows += 1;
                last.frames_ns.1 = now_ns;
            }
            _ => self.timeline.stretches.push(Stretch {
                file,
                row,
                rows: 1,
                first: self.frames,
                episode: frame.episode,
                zero_ns: running.zero_ns,
                frames_ns: (now_ns, now_ns),
                begins,
                ends: None,
                task_before: running.task,
            }),
        }
        (running.now_ns, running.task) = (now_ns, frame.task);
        if let Some(success) = frame.success {
            running.success = Some(success || running.success == Some(true));
        }
        self.frames += 1;
        match self.timeline.stretches.len() > MOST_STRETCHES {
            true => Err(format!(
                "there are more than {MOST_STRETCHES} stretches of frames"
            )),
            false => Ok(()),
        }
    }

    fn end_episode(&mut self) {
        if let (Some(running), Some(last)) = (&self.running, self.timeline.stretches.last_mut()) {
            last.ends = Some(running.success.unwrap_or(true));
        }
    }
}

fn frame(info: &Info, cells: &Cells) -> Result<Frame, String> {
    let timestamp = cells.number("timestamp")?;
    let frame_index = cells.number("frame_index")?;
    let whole = |column: &str| cells.number(column).map(|number| number as i64);
    Ok(Frame {
        seconds: info.seconds(timestamp, frame_index),
        episode: whole("episode_index")?,
        task: cells
            .has("task_index")
            .then(|| whole("task_index"))
            .transpose()?,
        success: match cells.has(SUCCESS) {
            true => Some(cells.number(SUCCESS)? != 0.0),
            false => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(frames: &[(i64, f64, i64)]) -> Result<Vec<Stretch>, String> {
        let mut listing = Listing {
            timeline: Timeline::empty(),
            running: None,
            frames: 0,
            most: 2,
            pause_ns: PAUSE_NS,
        };
        for (row, (episode, seconds, task)) in frames.iter().enumerate() {
            let frame = Frame {
                seconds: *seconds,
                episode: *episode,
                task: Some(*task),
                success: None,
            };
            listing.add(0, row as u64, &frame)?;
        }
        listing.end_episode();
        Ok(listing.timeline.stretches)
    }

    #[test]
    fn episodes_follow_one_another_and_are_cut_in_stretches() {
        let found = listed(&[(7, 0.0, 3), (7, 0.1, 3), (7, 0.2, 4), (2, 0.0, 4)]).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|s| (s.row, s.rows, s.begins, s.ends, s.task_before))
            .collect();
        let expected = [
            (0, 2, true, None, None),
            (2, 1, false, Some(true), Some(3)),
            (3, 1, true, Some(true), None),
        ];
        assert_eq!(shown, expected);
        assert_eq!(found[1].frames_ns, (1_200_000_000, 1_200_000_000));
        assert_eq!(found[2].zero_ns, 1_700_000_000);
    }

    #[test]
    fn time_goes_on_within_an_episode() {
        let back = listed(&[(0, 0.1, 0), (0, 0.1, 0)]).unwrap_err();
        assert!(back.contains("episode 0"), "{back}");
        for seconds in [-1.0, f64::NAN, 1e8] {
            assert!(listed(&[(0, seconds, 0)]).is_err());
        }
    }
}
