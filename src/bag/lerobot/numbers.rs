//! What is in a cell of a table.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_schema::DataType;

/// Lists within lists that are followed.
const DEEPEST: usize = 8;

/// Adds the numbers of a cell, at most one more than `most`; lists one after the other.
///
/// # Errors
/// In words, what is there instead.
pub(super) fn gather(
    array: &dyn Array,
    row: usize,
    most: usize,
    found: &mut Vec<f64>,
) -> Result<(), String> {
    gather_within(array, row, most, DEEPEST, found)
}

fn gather_within(
    array: &dyn Array,
    row: usize,
    most: usize,
    deepest: usize,
    found: &mut Vec<f64>,
) -> Result<(), String> {
    macro_rules! number {
        ($kind:ty) => {
            found.push(array.as_primitive::<$kind>().value(row) as f64)
        };
    }
    if array.is_null(row) {
        return Err("has nothing in a row".to_owned());
    }
    match array.data_type() {
        DataType::Float64 => number!(Float64Type),
        DataType::Float32 => number!(Float32Type),
        DataType::Float16 => found.push(array.as_primitive::<Float16Type>().value(row).into()),
        DataType::Int64 => number!(Int64Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int8 => number!(Int8Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::Boolean => found.push(f64::from(u8::from(array.as_boolean().value(row)))),
        DataType::List(_) if deepest > 0 => {
            let list = array.as_list::<i32>().value(row);
            for i in 0..list.len() {
                if found.len() > most {
                    return Ok(());
                }
                gather_within(list.as_ref(), i, most, deepest - 1, found)?;
            }
        }
        other => return Err(format!("has cells of the type {other}; numbers are needed")),
    }
    Ok(())
}

/// The text of a cell, where it is one.
pub(super) fn text(array: &dyn Array, row: usize) -> Option<&str> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
        DataType::Utf8View => Some(array.as_string_view().value(row)),
        _ => None,
    }
}

/// The file of a picture in a cell, as LeRobot embeds it: `bytes` of a structure, or the bytes themselves.
pub(super) fn picture(array: &dyn Array, row: usize) -> Option<&[u8]> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Struct(_) => {
            let bytes = array.as_struct().column_by_name("bytes")?.as_ref();
            match bytes.data_type() {
                DataType::Struct(_) => None,
                _ => picture(bytes, row),
            }
        }
        DataType::Binary => Some(array.as_binary::<i32>().value(row)),
        DataType::BinaryView => Some(array.as_binary_view().value(row)),
        _ => None,
    }
}
