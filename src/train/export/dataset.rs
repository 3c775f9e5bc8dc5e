//! A LeRobot dataset v3.0: one frame for each sample, pictures as png within the table.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, StringBuilder};
use arrow_array::{ArrayRef, Float32Array, Int64Array, StructArray};
use arrow_schema::{DataType, Field, Fields};

use super::columns::{ACTION, Columns, STATE};
use super::folder::NewFolder;
use super::metadata;
use super::pictures::{self, Camera, Pictures, Seen};
use super::statistics::Vectors;
use super::table::{Table, array_of_numbers, array_of_vectors, vectors};
use super::written::{EpisodeRow, Written};
use crate::bag::{Place, Reader};
use crate::errors::ConfigErrors;
use crate::message::text;
use crate::progress::Progress;
use crate::train::dataset::{Dataset, Episode};
use crate::train::job::Job;
use crate::train::survey::Recording;

/// Frames whose pictures are in memory at once.
const FRAMES: usize = 32;

/// A file is closed after the episode with which it gets as large as this, as LeRobot itself does.
const FILE_BYTES: usize = 100 << 20;

/// A dataset being written.
struct Writing<'a> {
    written: Written<'a>,
    table: Option<Table>,
    file: usize,
}

/// Writes it, and says what one should know about it.
///
/// # Errors
/// What has no place in a dataset, messages that cannot be read any more, and what the file system says.
pub(super) fn write(
    folder: &NewFolder,
    job: &Job,
    recordings: &[Recording],
    dataset: &Dataset,
) -> Result<Vec<String>, ConfigErrors> {
    let columns = Columns::of(&job.file.policy)?;
    let rate_hz = job.file.policy.recorded.label_rate_hz;
    let fps = rate_hz.map_or(1, |rate_hz| rate_hz.round().clamp(1.0, 1e6) as u32);
    let mut notes = Vec::new();
    if let Some(rate_hz) = rate_hz
        && (rate_hz / f64::from(fps) - 1.0).abs() > 0.01
    {
        notes.push(format!(
            "labels come at {rate_hz} Hz; LeRobot counts whole frames per second, so the dataset says {fps}"
        ));
    }
    let ready_made = columns.ready_made.iter();
    let written = Written {
        state: Vectors::new(columns.state_names.len()),
        action: Vectors::new(columns.action_names.len()),
        ready_made: ready_made.map(|(.., width)| Vectors::new(*width)).collect(),
        seen: columns.cameras.iter().map(|_| Seen::nothing()).collect(),
        folder,
        job,
        dataset,
        columns,
        fps,
        tasks: Vec::new(),
        episodes: Vec::new(),
        task_of: Vec::new(),
    };
    let mut writing = Writing {
        written,
        table: None,
        file: 0,
    };
    let progress = Progress::new("writing", dataset.len() as u64);
    for episode in &dataset.episodes {
        writing.add(&recordings[episode.recording], episode, &progress)?;
    }
    progress.finish();
    writing.close()?;
    metadata::write(&writing.written)?;
    Ok(notes)
}

impl Writing<'_> {
    fn add(
        &mut self,
        recording: &Recording,
        episode: &Episode,
        progress: &Progress,
    ) -> Result<(), ConfigErrors> {
        let mut reader = Reader::with(recording.layout.clone());
        let tasks = self.tasks_of(&mut reader, recording, episode.samples.clone())?;
        let index = self.written.episodes.len();
        let mut from = episode.samples.start;
        while from < episode.samples.end {
            let samples = from..(from + FRAMES).min(episode.samples.end);
            let pictures = self.pictures_of(&mut reader, recording, samples.clone())?;
            let first = from - episode.samples.start;
            let tasks = &tasks[first..first + samples.len()];
            let frames = self.frames(index, first, samples.clone(), tasks, &pictures);
            let frames = frames.map_err(|e| self.written.folder.problem(&e))?;
            if self.table.is_none() {
                self.table = Some(self.new_table()?);
            }
            if let Some(table) = &mut self.table {
                table
                    .append(frames)
                    .map_err(|e| self.written.folder.problem(&e))?;
            }
            progress.advance(samples.len() as u64, String::new);
            from = samples.end;
        }
        self.written.episodes.push(EpisodeRow {
            frames: episode.samples.clone(),
            file: self.file,
            tasks: tasks.iter().copied().collect::<BTreeSet<_>>(),
        });
        self.written.task_of.extend(tasks);
        if let Some(table) = &mut self.table {
            table
                .end_group()
                .map_err(|e| self.written.folder.problem(&e))?;
            if table.bytes() >= FILE_BYTES {
                self.close()?;
                self.file += 1;
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), ConfigErrors> {
        let finished = self.table.take().map_or(Ok(()), Table::finish);
        finished.map_err(|e| self.written.folder.problem(&e))
    }

    fn new_table(&self) -> Result<Table, ConfigErrors> {
        let path = self.written.folder.file(&metadata::data_path(self.file))?;
        Table::create(&path, self.fields(), Vec::new()).map_err(|e| self.written.folder.problem(&e))
    }

    /// The number of the sentence that each of these samples was told.
    fn tasks_of(
        &mut self,
        reader: &mut Reader,
        recording: &Recording,
        samples: Range<usize>,
    ) -> Result<Vec<i64>, ConfigErrors> {
        let policy = &self.written.job.file.policy;
        let Some(instruction) = self.written.columns.instruction else {
            let whole = match policy.description.trim() {
                "" => policy.name.clone(),
                description => description.to_owned(),
            };
            let task = self.number_of(&whole);
            return Ok(vec![task; samples.len()]);
        };
        let used = self.written.dataset.messages[instruction][samples].to_vec();
        let numbers: BTreeSet<u32> = used.iter().copied().collect();
        let places: BTreeMap<Place, u32> = numbers
            .iter()
            .map(|number| (recording.places[instruction][*number as usize], *number))
            .collect();
        let only: Vec<Place> = places.keys().copied().collect();
        let mut said: BTreeMap<u32, String> = BTreeMap::new();
        reader.fetch(&only, |i, _, bytes| {
            let sentence = text(bytes).unwrap_or_default().to_owned();
            said.insert(places[&only[i]], sentence);
        })?;
        let tasks: BTreeMap<u32, i64> = said
            .into_iter()
            .map(|(number, sentence)| (number, self.number_of(&sentence)))
            .collect();
        Ok(used.iter().map(|number| tasks[number]).collect())
    }

    /// The number of a sentence, which is known from then on.
    fn number_of(&mut self, sentence: &str) -> i64 {
        let known = self.written.tasks.iter().position(|task| task == sentence);
        let number = known.unwrap_or_else(|| {
            self.written.tasks.push(sentence.to_owned());
            self.written.tasks.len() - 1
        });
        number as i64
    }

    fn pictures_of(
        &mut self,
        reader: &mut Reader,
        recording: &Recording,
        samples: Range<usize>,
    ) -> Result<Pictures, ConfigErrors> {
        let modalities = &self.written.job.file.policy.modalities;
        let cameras: Vec<Camera> = (self.written.columns.cameras.iter())
            .map(|i| Camera {
                name: &modalities[*i].name,
                message_type: recording.message_types[*i],
                places: &recording.places[*i],
            })
            .collect();
        let wanted = self.written.columns.cameras.iter();
        let wanted = wanted.map(|i| {
            let mut numbers = self.written.dataset.messages[*i][samples.clone()].to_vec();
            numbers.dedup();
            numbers
        });
        let wanted: Vec<Vec<u32>> = wanted.collect();
        pictures::read(reader, &cameras, &wanted, &mut self.written.seen).map_err(|found| {
            let mut errors = ConfigErrors::new();
            errors.add_all(&format!("bag {}", recording.path.display()), found);
            errors
        })
    }

    /// The columns of a dataset's table.
    fn fields(&self) -> Vec<Field> {
        let number = |name: &str, width: usize| match width {
            1 => Field::new(name, DataType::Float32, true),
            _ => vectors(name, width),
        };
        let whole = |name: &str| Field::new(name, DataType::Int64, true);
        let mut fields = Vec::new();
        if !self.written.columns.state.is_empty() {
            fields.push(number(STATE, self.written.columns.state_names.len()));
        }
        let ready_made = self.written.columns.ready_made.iter();
        fields.extend(ready_made.map(|(_, name, width)| number(name, *width)));
        fields.push(number(ACTION, self.written.columns.action_names.len()));
        let picture = DataType::Struct(picture_fields());
        let cameras = self.written.columns.camera_names.iter();
        fields.extend(cameras.map(|name| Field::new(name, picture.clone(), true)));
        fields.push(Field::new("timestamp", DataType::Float32, true));
        fields.extend(["frame_index", "episode_index", "index", "task_index"].map(whole));
        fields
    }

    /// Some frames of an episode, column by column; `first` is the place of the first of them in the episode.
    fn frames(
        &mut self,
        episode: usize,
        first: usize,
        samples: Range<usize>,
        tasks: &[i64],
        pictures: &Pictures,
    ) -> io::Result<Vec<ArrayRef>> {
        let mut arrays = Vec::new();
        let column = |all: &mut Vectors, width: usize, values: Vec<f32>| {
            all.add(&values);
            match width {
                1 => array_of_numbers(values),
                _ => array_of_vectors(width, &values),
            }
        };
        // What stands first in a row is the newest; the history is what other frames are for.
        let newest = |modalities: &[usize]| -> io::Result<Vec<f32>> {
            let mut values = Vec::new();
            for sample in samples.clone() {
                for modality in modalities {
                    let row = self.written.dataset.rows[*modality][sample] as usize;
                    let row = self.written.dataset.features[*modality].row(row)?;
                    values.extend_from_slice(&row[..self.written.job.inputs[*modality].width]);
                }
            }
            Ok(values)
        };
        let frames = samples.clone();
        if !self.written.columns.state.is_empty() {
            let values = newest(&self.written.columns.state)?;
            let width = self.written.columns.state_names.len();
            arrays.push(column(&mut self.written.state, width, values));
        }
        for (all, (modality, _, width)) in self
            .written
            .ready_made
            .iter_mut()
            .zip(&self.written.columns.ready_made)
        {
            arrays.push(column(all, *width, newest(&[*modality])?));
        }
        let actions = self.written.columns.action_names.len();
        let values = frames.clone();
        let values = values.flat_map(|s| &self.written.dataset.labels.row(s)[..actions]);
        let values = values.copied().collect();
        arrays.push(column(&mut self.written.action, actions, values));
        for (camera, modality) in self.written.columns.cameras.iter().enumerate() {
            let numbers = &self.written.dataset.messages[*modality][samples.clone()];
            arrays.push(array_of_pictures(camera, numbers, pictures));
        }
        let in_episode = first..first + samples.len();
        let times = in_episode.clone();
        let times = times.map(|i| (i as f64 / f64::from(self.written.fps)) as f32);
        arrays.push(Arc::new(Float32Array::from_iter_values(times)));
        let whole = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
        arrays.push(whole(in_episode.map(|i| i as i64).collect()));
        arrays.push(whole(vec![episode as i64; samples.len()]));
        arrays.push(whole(samples.map(|i| i as i64).collect()));
        arrays.push(whole(tasks.to_vec()));
        Ok(arrays)
    }
}

fn picture_fields() -> Fields {
    Fields::from(vec![
        Field::new("bytes", DataType::Binary, true),
        Field::new("path", DataType::Utf8, true),
    ])
}

fn array_of_pictures(camera: usize, numbers: &[u32], pictures: &Pictures) -> ArrayRef {
    let mut bytes = BinaryBuilder::new();
    let mut paths = StringBuilder::new();
    for number in numbers {
        bytes.append_option(pictures.get(&(camera, *number)));
        paths.append_null();
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(bytes.finish()), Arc::new(paths.finish())];
    Arc::new(StructArray::new(picture_fields(), columns, None))
}
