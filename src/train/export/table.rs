//! A Parquet file being written, some rows at a time.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{FixedSizeListBuilder, Float32Builder};
use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

/// Rows that wait for their group are written out when they have so many bytes.
const GROUP_BYTES: usize = 64 << 20;

/// The file.
pub(super) struct Table {
    writer: ArrowWriter<File>,
    schema: SchemaRef,
}

impl Table {
    /// A new file with these columns, and with what is to be told of them under names of their own.
    ///
    /// # Errors
    /// What the file system says.
    pub fn create(
        path: &Path,
        columns: Vec<Field>,
        told: Vec<(&str, String)>,
    ) -> Result<Self, String> {
        // Where a reader takes the Arrow schema beside the Parquet one, it takes what is told from there as well.
        let in_schema = told.iter();
        let in_schema = in_schema.map(|(key, value)| ((*key).to_owned(), value.clone()));
        let schema = Schema::new_with_metadata(columns, in_schema.collect());
        let schema = Arc::new(schema);
        let told = told.into_iter();
        let told = told.map(|(key, value)| KeyValue::new(key.to_owned(), value));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_key_value_metadata(Some(told.collect()))
            .build();
        let file = File::create_new(path).map_err(|e| e.to_string())?;
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))
            .map_err(|e| e.to_string())?;
        Ok(Self { writer, schema })
    }

    /// Appends rows, given column by column.
    ///
    /// # Errors
    /// What the file system says.
    pub fn append(&mut self, columns: Vec<ArrayRef>) -> Result<(), String> {
        let batch =
            RecordBatch::try_new(self.schema.clone(), columns).map_err(|e| e.to_string())?;
        self.writer.write(&batch).map_err(|e| e.to_string())?;
        match self.writer.in_progress_size() > GROUP_BYTES {
            true => self.end_group(),
            false => Ok(()),
        }
    }

    /// Writes out the rows so far.
    ///
    /// # Errors
    /// What the file system says.
    pub fn end_group(&mut self) -> Result<(), String> {
        self.writer.flush().map_err(|e| e.to_string())
    }

    /// Bytes that were written out.
    pub fn bytes(&self) -> usize {
        self.writer.bytes_written()
    }

    /// Completes the file.
    ///
    /// # Errors
    /// What the file system says.
    pub fn finish(self) -> Result<(), String> {
        self.writer.close().map_err(|e| e.to_string())?;
        Ok(())
    }
}

/// A column of vectors.
pub(super) fn vectors(name: &str, width: usize) -> Field {
    let number = Arc::new(Field::new("item", DataType::Float32, true));
    Field::new(name, DataType::FixedSizeList(number, width as i32), true)
}

/// Vectors of `width` numbers, one after the other, as such a column.
pub(super) fn array_of_vectors(width: usize, values: &[f32]) -> ArrayRef {
    let numbers = Float32Builder::with_capacity(values.len());
    let mut builder = FixedSizeListBuilder::new(numbers, width as i32);
    for vector in values.chunks_exact(width) {
        builder.values().append_slice(vector);
        builder.append(true);
    }
    Arc::new(builder.finish())
}

/// A column of numbers.
pub(super) fn array_of_numbers(values: Vec<f32>) -> ArrayRef {
    Arc::new(Float32Array::from(values))
}
