//! Datasets of LeRobot: what they say of themselves, their tables, and the pictures within. Videos are decoded by
//! ffmpeg in a process of its own, and only where one is.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use arrow_array::builder::{BinaryBuilder, FixedSizeListBuilder, Float32Builder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Int64Array, RecordBatch, StringArray, StructArray,
};
use late_fusion::bag::{Reader, find};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::document::folder_in_memory;
use crate::memory::bounded;
use crate::mutate::{spoil, try_out};

/// Frames of each episode, and the pages of the tables, small so that what is spoilt is often how they hang together.
const FRAMES: [i64; 2] = [5, 7];
const PAGE_ROWS: usize = 4;

/// A page announces its size, up to this, and room for it is made before it is unpacked. Beside it there is what a few
/// columns and batches take.
const BOUND: usize = (2 << 30) + (512 << 20);

const INFO: &str = r#"{
    "codebase_version": "v3.0", "fps": 20, "chunks_size": 1000, "robot_type": null, "splits": {"train": "0:2"},
    "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
    "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
    "features": {
        "observation.state": {"dtype": "float32", "shape": [2], "names": {"motors": ["x.pos", "y.pos"]}},
        "observation.images.top": {"dtype": "image", "shape": [2, 3, 3], "names": ["height", "width", "channels"]},
        "action": {"dtype": "float32", "shape": [1], "names": ["gripper"]},
        "next.success": {"dtype": "bool", "shape": [1], "names": null},
        "timestamp": {"dtype": "float32", "shape": [1], "names": null}
    }
}"#;

/// The files of a small dataset: its description, its frames and its sentences.
fn whole() -> &'static [(&'static str, Vec<u8>); 4] {
    static FILES: OnceLock<[(&str, Vec<u8>); 4]> = OnceLock::new();
    FILES.get_or_init(|| {
        [
            ("meta/info.json", INFO.into()),
            (
                "data/chunk-000/file-000.parquet",
                frames(Compression::SNAPPY),
            ),
            (
                "data/chunk-000/file-001.parquet",
                frames(Compression::ZSTD(ZstdLevel::default())),
            ),
            ("meta/tasks.parquet", tasks()),
        ]
    })
}

fn frames(compression: Compression) -> Vec<u8> {
    let rows = FRAMES.iter().sum::<i64>();
    let episode = || {
        FRAMES
            .iter()
            .enumerate()
            .flat_map(|(e, n)| (0..*n).map(move |i| (e as i64, i)))
    };
    let mut state = FixedSizeListBuilder::new(Float32Builder::new(), 2);
    let (mut bytes, mut paths) = (BinaryBuilder::new(), StringBuilder::new());
    for (_, i) in episode() {
        state.values().append_slice(&[i as f32, -0.5]);
        state.append(true);
        bytes.append_value(format!("\u{89}PNG picture {i}"));
        paths.append_null();
    }
    let whole = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
    let numbers = |of: fn((i64, i64)) -> f32| -> ArrayRef {
        Arc::new(Float32Array::from_iter_values(episode().map(of)))
    };
    let pictures: ArrayRef = Arc::new(StructArray::from(vec![
        (
            Arc::new(arrow_schema::Field::new(
                "bytes",
                arrow_schema::DataType::Binary,
                true,
            )),
            Arc::new(bytes.finish()) as ArrayRef,
        ),
        (
            Arc::new(arrow_schema::Field::new(
                "path",
                arrow_schema::DataType::Utf8,
                true,
            )),
            Arc::new(paths.finish()) as ArrayRef,
        ),
    ]));
    let success = episode().map(|(_, i)| i > 3).collect::<Vec<bool>>();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("observation.state", Arc::new(state.finish())),
        ("observation.images.top", pictures),
        ("action", numbers(|(_, i)| i as f32)),
        ("next.success", Arc::new(BooleanArray::from(success))),
        ("timestamp", numbers(|(_, i)| i as f32 / 20.0)),
        ("frame_index", whole(episode().map(|(_, i)| i).collect())),
        ("episode_index", whole(episode().map(|(e, _)| e).collect())),
        ("index", whole((0..rows).collect())),
        ("task_index", whole(episode().map(|(_, i)| i / 4).collect())),
    ];
    table(RecordBatch::try_from_iter(columns).unwrap(), compression)
}

fn tasks() -> Vec<u8> {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("task_index", Arc::new(Int64Array::from(vec![0, 1]))),
        (
            "task",
            Arc::new(StringArray::from(vec!["open it", "close it"])),
        ),
    ];
    table(
        RecordBatch::try_from_iter(columns).unwrap(),
        Compression::UNCOMPRESSED,
    )
}

fn table(batch: RecordBatch, compression: Compression) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_max_row_group_row_count(Some(6))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Reads all messages in both passes; how many there were.
fn read_all(folder: &Path) -> usize {
    bounded(BOUND, || {
        let Ok(bags) = find(&[folder.to_owned()]) else {
            return 0;
        };
        let mut count = 0;
        for bag in &bags {
            let Ok(mut reader) = Reader::of(bag) else {
                continue;
            };
            let mut places = Vec::new();
            let mut records = reader.records();
            while let Some(record) = records.next_view() {
                places.push(record.place);
            }
            count += places.len();
            places.sort_unstable();
            let mut seen = 0;
            reader.fetch(&places, |_, _, _| seen += 1).unwrap();
            assert_eq!(seen, places.len(), "two passes over one dataset");
        }
        count
    })
}

fn with(which: usize, bytes: &[u8]) -> usize {
    let folder = folder_in_memory();
    for (i, (name, whole)) in whole().iter().enumerate() {
        write(folder.path(), name, if i == which { bytes } else { whole });
    }
    read_all(folder.path())
}

#[test]
fn what_is_spoilt_here_was_whole() {
    // Of each frame four features; of each episode two markers, two sentences and the change between them.
    let expected = 2 * (FRAMES.iter().sum::<i64>() * 4 + 2 * 5) as usize;
    assert_eq!(with(usize::MAX, &[]), expected);
}

#[test]
fn no_dataset_panics_or_costs_memory() {
    try_out(2_000, |which, edits| {
        let which = usize::from(which) % whole().len();
        with(which, &spoil(whole()[which].1.clone(), edits));
    });
}
