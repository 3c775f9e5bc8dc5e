//! What stands beside the frames of a LeRobot dataset: `meta/`.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, Int64Array, StringArray};
use arrow_schema::{DataType, Field};
use serde_json::{Map, Value, json};

use super::columns::{ACTION, STATE};
use super::statistics::of_column;
use super::table::Table;
use super::written::{EpisodeRow, Written};
use crate::errors::ConfigErrors;

/// The version of LeRobot's datasets that is written.
const VERSION: &str = "v3.0";

/// The most files in a folder.
const CHUNK_FILES: usize = 1000;

/// The place of a file of frames.
pub(super) fn data_path(file: usize) -> String {
    let (chunk, file) = (file / CHUNK_FILES, file % CHUNK_FILES);
    format!("data/chunk-{chunk:03}/file-{file:03}.parquet")
}

/// Writes everything, once all frames are.
///
/// # Errors
/// What the file system says.
pub(super) fn write(written: &Written) -> Result<(), ConfigErrors> {
    let folder = written.folder;
    let pretty = |value: &Value| {
        let text = serde_json::to_string_pretty(value).map_err(|e| folder.problem(&e))?;
        Ok::<String, ConfigErrors>(text + "\n")
    };
    folder.write("meta/info.json", &pretty(&info(written))?)?;
    folder.write("meta/stats.json", &pretty(&statistics(written))?)?;
    write_tasks(written)?;
    write_episodes(written)
}

fn info(written: &Written) -> Value {
    let columns = &written.columns;
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
    for (name, seen) in columns.camera_names.iter().zip(&written.seen) {
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
    let episodes = written.episodes.len();
    json!({
        "codebase_version": VERSION,
        "robot_type": null,
        "fps": written.fps,
        "features": features,
        "total_episodes": episodes,
        "total_frames": written.dataset.len(),
        "total_tasks": written.tasks.len(),
        "chunks_size": CHUNK_FILES,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": null,
        "splits": {"train": format!("0:{episodes}")},
    })
}

fn statistics(written: &Written) -> Value {
    let columns = &written.columns;
    let mut told = Map::new();
    if !columns.state.is_empty() {
        told.insert(STATE.into(), written.state.statistics());
    }
    for ((_, name, _), vectors) in columns.ready_made.iter().zip(&written.ready_made) {
        told.insert(name.clone(), vectors.statistics());
    }
    told.insert(ACTION.into(), written.action.statistics());
    for (name, seen) in columns.camera_names.iter().zip(&written.seen) {
        told.insert(name.clone(), seen.brightness.statistics());
    }
    let lengths = || written.episodes.iter().map(|e| e.frames.len());
    let in_episode = || lengths().flat_map(|length| (0..length).map(|i| i as f64));
    let fps = f64::from(written.fps);
    let episode_of = lengths().enumerate();
    let episode_of = episode_of.flat_map(|(i, length)| std::iter::repeat_n(i as f64, length));
    let all = 0..written.dataset.len();
    told.insert("timestamp".into(), of_column(in_episode().map(|i| i / fps)));
    told.insert("frame_index".into(), of_column(in_episode()));
    told.insert("episode_index".into(), of_column(episode_of));
    told.insert("index".into(), of_column(all.map(|i| i as f64)));
    let tasks = written.task_of.iter().map(|task| *task as f64);
    told.insert("task_index".into(), of_column(tasks));
    Value::Object(told)
}

/// The sentences, as pandas writes a table whose index they are: by that LeRobot finds them.
fn write_tasks(written: &Written) -> Result<(), ConfigErrors> {
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
        Arc::new(Int64Array::from_iter_values(0..written.tasks.len() as i64)),
        Arc::new(StringArray::from_iter_values(&written.tasks)),
    ];
    let told = vec![("pandas", pandas.to_string())];
    write_table(written, "meta/tasks.parquet", columns, told, rows)
}

fn write_episodes(written: &Written) -> Result<(), ConfigErrors> {
    let episodes = &written.episodes;
    let mut tasks = ListBuilder::new(StringBuilder::new());
    for episode in episodes {
        for task in &episode.tasks {
            tasks.values().append_value(&written.tasks[*task as usize]);
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
    write_table(written, name, columns, Vec::new(), rows)
}

fn write_table(
    written: &Written,
    name: &str,
    columns: Vec<Field>,
    told: Vec<(&str, String)>,
    rows: Vec<ArrayRef>,
) -> Result<(), ConfigErrors> {
    let path = written.folder.file(name)?;
    Table::create(&path, columns, told)
        .and_then(|mut table| {
            table.append(rows)?;
            table.finish()
        })
        .map_err(|e| written.folder.problem(&e))
}
