//! Parquet, row by row: a few of a file's columns, with some rows in memory.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow_array::{Array, RecordBatch, RecordBatchReader};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::numbers;
use crate::files;
use crate::shutdown::panic_message;

/// The most files that a dataset may have of one kind.
const MOST_FILES: usize = 1_000_000;

/// The most bytes that one column may have in a group of rows, unpacked.
const MOST_BYTES: i64 = 64 << 30;

/// A file that is read from one of its rows on.
pub(super) struct Table {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    /// The columns, in the order of the batches.
    names: Vec<String>,
    batch: Option<RecordBatch>,
    /// The next row of the batch.
    at: usize,
}

/// One row.
pub(super) struct Cells<'a> {
    table: &'a Table,
    batch: &'a RecordBatch,
    row: usize,
}

impl Table {
    /// Opens a file at a row, for those of these columns that it has.
    ///
    /// # Errors
    /// In words, with the file's name, why it cannot be read.
    pub fn open(
        path: &Path,
        columns: &[&str],
        rows_together: u64,
        from: u64,
    ) -> Result<Self, String> {
        let told = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        let file = files::open(path).map_err(|e| told(&e))?;
        let builder = contained(|| builder(file)).map_err(|e| told(&e))?;
        let schema = builder.parquet_schema();
        let fields = schema.root_schema().get_fields().iter().enumerate();
        let chosen: Vec<usize> = fields
            .filter(|(_, field)| columns.contains(&field.name()))
            .map(|(i, _)| i)
            .collect();
        let mask = ProjectionMask::roots(schema, chosen);
        let mut before = 0;
        let mut groups = Vec::new();
        for (i, group) in builder.metadata().row_groups().iter().enumerate() {
            let rows = u64::try_from(group.num_rows()).map_err(|e| told(&e))?;
            if group.total_byte_size() > MOST_BYTES {
                let bytes = group.total_byte_size();
                return Err(told(&format_args!(
                    "a group of rows has {bytes} bytes; at most {MOST_BYTES} are allowed"
                )));
            }
            match groups.is_empty() && before + rows <= from {
                true => before += rows,
                false => groups.push(i),
            }
        }
        let reader = contained(|| {
            builder
                .with_projection(mask)
                .with_row_groups(groups)
                .with_offset((from - before.min(from)) as usize)
                .with_batch_size(rows_together as usize)
                .build()
        })
        .map_err(|e| told(&e))?;
        let names = reader.schema();
        let names = names.fields().iter().map(|field| field.name().clone());
        Ok(Self {
            path: path.to_owned(),
            names: names.collect(),
            reader,
            batch: None,
            at: 0,
        })
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// In words, with the file's name, why it cannot be read.
    pub fn next_row(&mut self) -> Result<Option<Cells<'_>>, String> {
        while self
            .batch
            .as_ref()
            .is_none_or(|batch| self.at >= batch.num_rows())
        {
            let reader = &mut self.reader;
            let next = contained(|| reader.next().transpose());
            let next = next.map_err(|e| format!("{}: {e}", self.path.display()))?;
            let Some(batch) = next else {
                return Ok(None);
            };
            (self.batch, self.at) = (Some(batch), 0);
        }
        self.at += 1;
        let row = self.at - 1;
        Ok(self.batch.as_ref().map(|batch| Cells {
            table: self,
            batch,
            row,
        }))
    }
}

impl Cells<'_> {
    /// Whether the table has a column.
    pub fn has(&self, column: &str) -> bool {
        self.table.names.iter().any(|name| name == column)
    }

    fn column(&self, column: &str) -> Result<&dyn Array, String> {
        let at = self.table.names.iter().position(|name| name == column);
        let at = at.ok_or_else(|| self.told(column, "is missing"))?;
        Ok(self.batch.column(at).as_ref())
    }

    /// The number in a column.
    ///
    /// # Errors
    /// In words, with the file and the column, that there is none.
    pub fn number(&self, column: &str) -> Result<f64, String> {
        let mut found = Vec::with_capacity(1);
        self.numbers(column, 1, &mut found)?;
        Ok(found[0])
    }

    /// The numbers in a column, which are so many.
    ///
    /// # Errors
    /// In words, with the file and the column, what else is there.
    pub fn numbers(&self, column: &str, count: usize, found: &mut Vec<f64>) -> Result<(), String> {
        found.clear();
        numbers::gather(self.column(column)?, self.row, count, found)
            .map_err(|why| self.told(column, why))?;
        match found.len() == count {
            true => Ok(()),
            false => Err(self.told(
                column,
                format_args!("has {} numbers; {count} are needed", found.len()),
            )),
        }
    }

    /// The text in a column, where there is one.
    pub fn text(&self, column: &str) -> Option<&str> {
        numbers::text(self.column(column).ok()?, self.row)
    }

    /// The file of the picture in a column.
    ///
    /// # Errors
    /// In words, with the file and the column, that there is none.
    pub fn picture(&self, column: &str) -> Result<&[u8], String> {
        numbers::picture(self.column(column)?, self.row).ok_or_else(|| {
            self.told(
                column,
                "has no picture in this row; those are read that are \
                 within the table, as LeRobot embeds them",
            )
        })
    }

    fn told(&self, column: &str, what: impl std::fmt::Display) -> String {
        format!("{}: the column {column} {what}", self.table.path.display())
    }
}

/// A reader that takes a file's own word for its types and not a second one, which pyarrow leaves beside it.
fn builder(file: File) -> parquet::errors::Result<ParquetRecordBatchReaderBuilder<File>> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
}

/// Asks the library for something. A spoilt file may ask it for what it has not thought of, which makes it panic.
fn contained<T, E: std::fmt::Display>(ask: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(answer) => answer.map_err(|e| e.to_string()),
        Err(panic) => Err(format!(
            "the library that reads it panicked ({})",
            panic_message(panic.as_ref())
        )),
    }
}

/// The tables in the folders of a folder, in their order.
///
/// # Errors
/// In words, that there are none, or what the file system says.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let told = |e: std::io::Error| format!("{}: {e}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        if !path.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(path).map_err(told)? {
            let path = entry.map_err(told)?.path();
            if path.extension().is_some_and(|ending| ending == "parquet") {
                files.push(path);
            }
            if files.len() > MOST_FILES {
                return Err(format!(
                    "{}: it has more than {MOST_FILES} files",
                    folder.display()
                ));
            }
        }
    }
    files.sort();
    match files.is_empty() {
        true => Err(format!(
            "{}: there is no chunk-000/*.parquet in it, so the dataset has no frames here",
            folder.display()
        )),
        false => Ok(files),
    }
}
