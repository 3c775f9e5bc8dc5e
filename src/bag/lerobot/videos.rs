//! Where the pictures of each episode are: in which video, and from when on.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::Deserialize;

use super::info::{Info, NAME, path_of};
use super::table::{self, Table};
use super::timeline::LONGEST_S;
use crate::files;

/// Where episodes are described from v3.0 on, and before.
const TABLES: &str = "meta/episodes";
const LINES: &str = "meta/episodes.jsonl";

/// The videos of a dataset.
#[derive(Debug, Default)]
pub(super) struct Videos {
    /// Each once.
    files: Vec<Video>,
    /// By episode and camera, which video it is and the second in it at which the episode begins.
    parts: HashMap<(i64, u32), (u32, f64)>,
}

#[derive(Debug)]
struct Video {
    path: PathBuf,
    version: [u64; 2],
}

/// A part of a video: which it is, the second at which the episode begins in it, and what tells it from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    pub video: u32,
    pub from_s: f64,
    pub version: [u64; 2],
}

#[derive(Deserialize)]
struct Line {
    episode_index: i64,
}

impl Videos {
    /// Of the dataset in this folder.
    ///
    /// # Errors
    /// In words, what is wrong with its description, and a video that is not there.
    pub fn read(root: &Path, info: &Info) -> Result<Self, String> {
        let cameras: Vec<&str> = info
            .cameras()
            .map(|(_, feature)| feature.name.as_str())
            .collect();
        if cameras.is_empty() {
            return Ok(Self::default());
        }
        let template = info.video_path.as_deref();
        let template = template
            .ok_or_else(|| format!("{NAME} has videos among its features, and no video_path"))?;
        let mut reading = Reading {
            root,
            template,
            cameras,
            videos: Self::default(),
            known: BTreeMap::new(),
        };
        match info.is_v3 {
            true => reading.tables()?,
            false => reading.lines(info)?,
        }
        Ok(reading.videos)
    }

    /// What an episode has of a camera.
    pub fn part(&self, episode: i64, camera: u32) -> Option<Part> {
        let (video, from_s) = *self.parts.get(&(episode, camera))?;
        let version = self.files.get(video as usize)?.version;
        Some(Part {
            video,
            from_s,
            version,
        })
    }

    /// The file of a video.
    pub fn path(&self, video: u32) -> Option<&Path> {
        self.files
            .get(video as usize)
            .map(|video| video.path.as_path())
    }
}

struct Reading<'a> {
    root: &'a Path,
    template: &'a str,
    cameras: Vec<&'a str>,
    videos: Videos,
    known: BTreeMap<PathBuf, u32>,
}

impl Reading<'_> {
    /// From v3.0 on: several episodes may share a video.
    fn tables(&mut self) -> Result<(), String> {
        let names: Vec<[String; 3]> = (self.cameras.iter())
            .map(|camera| {
                ["chunk_index", "file_index", "from_timestamp"]
                    .map(|part| format!("videos/{camera}/{part}"))
            })
            .collect();
        let mut columns = vec!["episode_index"];
        columns.extend(names.iter().flatten().map(String::as_str));
        for path in table::files(&self.root.join(TABLES))? {
            let mut table = Table::open(&path, &columns, 1024, 0)?;
            while let Some(row) = table.next_row()? {
                let episode = row.number("episode_index")? as i64;
                for (camera, [chunk, file, from]) in names.iter().enumerate() {
                    let numbers = [
                        ("chunk_index", row.number(chunk)? as u64),
                        ("file_index", row.number(file)? as u64),
                    ];
                    let from_s = row.number(from)?;
                    self.add(episode, camera, &numbers, from_s)?;
                }
            }
        }
        Ok(())
    }

    /// Before v3.0: each episode has a video of its own.
    fn lines(&mut self, info: &Info) -> Result<(), String> {
        let text = files::read_text(&self.root.join(LINES)).map_err(|e| format!("{LINES}: {e}"))?;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Line { episode_index } =
                serde_json::from_str(line).map_err(|e| format!("{LINES}: {e}"))?;
            let index = u64::try_from(episode_index).map_err(|e| format!("{LINES}: {e}"))?;
            let numbers = [
                ("episode_chunk", index / info.chunks_size),
                ("episode_index", index),
            ];
            for camera in 0..self.cameras.len() {
                self.add(episode_index, camera, &numbers, 0.0)?;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        episode: i64,
        camera: usize,
        numbers: &[(&str, u64)],
        from_s: f64,
    ) -> Result<(), String> {
        let name = self.cameras[camera];
        if !(0.0..=LONGEST_S).contains(&from_s) {
            return Err(format!(
                "{TABLES}: episode {episode} begins at second {from_s} of its video of {name}; \
                 allowed: 0 to {LONGEST_S}"
            ));
        }
        let path = path_of(self.template, numbers, &[("video_key", name)])?;
        let video = match self.known.get(&path) {
            Some(video) => *video,
            None => {
                let whole = self.root.join(&path);
                let version = version_of(&whole).map_err(|e| {
                    format!("the video {} of episode {episode}: {e}", path.display())
                })?;
                let video = self.videos.files.len() as u32;
                self.videos.files.push(Video {
                    path: whole,
                    version,
                });
                self.known.insert(path, video);
                video
            }
        };
        self.videos
            .parts
            .insert((episode, camera as u32), (video, from_s));
        Ok(())
    }
}

/// The length of a file and when it was changed last, in nanoseconds.
fn version_of(path: &Path) -> std::io::Result<[u64; 2]> {
    let metadata = files::open(path)?.metadata()?;
    let changed = metadata.modified()?.duration_since(UNIX_EPOCH);
    let changed = changed.map_or(0, |since| since.as_nanos() as u64);
    Ok([metadata.len(), changed])
}
