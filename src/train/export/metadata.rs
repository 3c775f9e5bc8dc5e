//! What stands beside the frames of a LeRobot dataset: `meta/`.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, Int64Array, StringArray};
use arrow_schema::{DataType, Field};
use serde_json::{Map, Value, json};

use super::columns::{ACTION, STATE};
use super::dataset::Writing;
use super::statistics::of_column;
use super::table::Table;
use crate::errors::ConfigErrors;

/// The version of LeRobot's datasets that is written.
const VERSION: &str = "v3.0";

/// The most files in a folder.
const CHUNK_FILES: usize = 1000;

/// One episode of a dataset.
pub(super) struct EpisodeRow {
    /// Its frames, counted over the whole dataset.
    pub frames: Range<usize>,
    /// The file that they are in, counted from 0.
    pub file: usize,
    /// The numbers of what was to be done in it.
    pub tasks: BTreeSet<i64>,
}

/// The place of a file of frames.
pub(super) fn data_path(file: usize) -> String {
    let (chunk, file) = (file / CHUNK_FILES, file % CHUNK_FILES);
    format!("data/chunk-{chunk:03}/file-{file:03}.parquet")
}

/// Writes everything, once all frames are.
///
/// # Errors
/// What the file system says.
pub(super) fn write(writing: &Writing) -> Result<(), ConfigErrors> {
    let folder = writing.folder;
    let pretty = |value: &Value| {
        let text = serde_json::to_string_pretty(value).map_err(|e| folder.problem(&e))?;
        Ok::<String, ConfigErrors>(text + "\n")
    };
    folder.write("meta/info.json", &pretty(&info(writing))?)?;
    folder.write("meta/stats.json", &pretty(&statistics(writing))?)?;
    write_tasks(writing)?;
    write_episodes(writing)
}

fn info(writing: &Writing) -> Value {
    let columns = &writing.columns;
    let mut features = Map::new();
    let numbers =
        |names: Value, width: usize| json!({"dtype": "float32", "shape": [width], "names": names});
    if !columns.state.is_empty() {
        let names = &columns.state_names;
        features.insert(STATE.into(), numbers(json!(names), names.len()));
    }
    for (_, name, width) in &columns.ready_made {
        features.insert(name.clone(), numbers(Value::Null, *width));
    }
    let names = &columns.action_names;
    features.insert(ACTION.into(), numbers(json!(names), names.len()));
    for (name, seen) in columns.camera_names.iter().zip(&writing.seen) {
        let (width, height) = seen.size.unwrap_or_default();
        let feature = json!({
            "dtype": "image",
            "shape": [height, width, 3],
            "names": ["height", "width", "channels"],
        });
        features.insert(name.clone(), feature);
    }
    features.insert("timestamp".into(), numbers(Value::Null, 1));
    for name in ["frame_index", "episode_index", "index", "task_index"] {
        let whole = json!({"dtype": "int64", "shape": [1], "names": null});
        features.insert(name.into(), whole);
    }
    let episodes = writing.episodes.len();
    json!({
        "codebase_version": VERSION,
        "robot_type": null,
        "fps": writing.fps,
        "features": features,
        "total_episodes": episodes,
        "total_frames": writing.dataset.len(),
        "total_tasks": writing.tasks.len(),
        "chunks_size": CHUNK_FILES,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": null,
        "splits": {"train": format!("0:{episodes}")},
    })
}

fn statistics(writing: &Writing) -> Value {
    let columns = &writing.columns;
    let mut told = Map::new();
    if !columns.state.is_empty() {
        told.insert(STATE.into(), writing.state.statistics());
    }
    for ((_, name, _), vectors) in columns.ready_made.iter().zip(&writing.ready_made) {
        told.insert(name.clone(), vectors.statistics());
    }
    told.insert(ACTION.into(), writing.action.statistics());
    for (name, seen) in columns.camera_names.iter().zip(&writing.seen) {
        told.insert(name.clone(), seen.brightness.statistics());
    }
    let lengths = || writing.episodes.iter().map(|e| e.frames.len());
    let in_episode = || lengths().flat_map(|length| (0..length).map(|i| i as f64));
    let fps = f64::from(writing.fps);
    let episode_of = lengths().enumerate();
    let episode_of = episode_of.flat_map(|(i, length)| std::iter::repeat_n(i as f64, length));
    let all = 0..writing.dataset.len();
    told.insert("timestamp".into(), of_column(in_episode().map(|i| i / fps)));
    told.insert("frame_index".into(), of_column(in_episode()));
    told.insert("episode_index".into(), of_column(episode_of));
    told.insert("index".into(), of_column(all.map(|i| i as f64)));
    let tasks = writing.task_of.iter().map(|task| *task as f64);
    told.insert("task_index".into(), of_column(tasks));
    Value::Object(told)
}

/// The sentences, as pandas writes a table whose index they are: by that LeRobot finds them.
fn write_tasks(writing: &Writing) -> Result<(), ConfigErrors> {
    let column = |name: &str, pandas_type: &str, numpy_type: &str| {
        json!({
            "name": name,
            "field_name": name,
            "pandas_type": pandas_type,
            "numpy_type": numpy_type,
            "metadata": null,
        })
    };
    let pandas = json!({
        "index_columns": ["task"],
        "column_indexes": [],
        "columns": [column("task_index", "int64", "int64"), column("task", "unicode", "object")],
        "creator": {"library": "late_fusion", "version": env!("CARGO_PKG_VERSION")},
        "pandas_version": "2.0.0",
    });
    let columns = vec![
        Field::new("task_index", DataType::Int64, true),
        Field::new("task", DataType::Utf8, true),
    ];
    let rows: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(0..writing.tasks.len() as i64)),
        Arc::new(StringArray::from_iter_values(&writing.tasks)),
    ];
    let told = vec![("pandas", pandas.to_string())];
    write_table(writing, "meta/tasks.parquet", columns, told, rows)
}

fn write_episodes(writing: &Writing) -> Result<(), ConfigErrors> {
    let episodes = &writing.episodes;
    let mut tasks = ListBuilder::new(StringBuilder::new());
    for episode in episodes {
        for task in &episode.tasks {
            tasks.values().append_value(&writing.tasks[*task as usize]);
        }
        tasks.append(true);
    }
    let tasks: ArrayRef = Arc::new(tasks.finish());
    let mut columns = Vec::new();
    let mut rows: Vec<ArrayRef> = Vec::new();
    let mut whole = |name: &str, of: &dyn Fn(usize, &EpisodeRow) -> usize| {
        let each = episodes.iter().enumerate();
        let values = each.map(|(i, episode)| of(i, episode) as i64);
        columns.push(Field::new(name, DataType::Int64, true));
        rows.push(Arc::new(Int64Array::from_iter_values(values)));
    };
    whole("episode_index", &|i, _| i);
    whole("length", &|_, e| e.frames.len());
    whole("data/chunk_index", &|_, e| e.file / CHUNK_FILES);
    whole("data/file_index", &|_, e| e.file % CHUNK_FILES);
    whole("dataset_from_index", &|_, e| e.frames.start);
    whole("dataset_to_index", &|_, e| e.frames.end);
    whole("meta/episodes/chunk_index", &|_, _| 0);
    whole("meta/episodes/file_index", &|_, _| 0);
    columns.insert(1, Field::new("tasks", tasks.data_type().clone(), true));
    rows.insert(1, tasks);
    let name = "meta/episodes/chunk-000/file-000.parquet";
    write_table(writing, name, columns, Vec::new(), rows)
}

fn write_table(
    writing: &Writing,
    name: &str,
    columns: Vec<Field>,
    told: Vec<(&str, String)>,
    rows: Vec<ArrayRef>,
) -> Result<(), ConfigErrors> {
    let path = writing.folder.file(name)?;
    Table::create(&path, columns, told)
        .and_then(|mut table| {
            table.append(rows)?;
            table.finish()
        })
        .map_err(|e| writing.folder.problem(&e))
}
