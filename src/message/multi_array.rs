//! `std_msgs/msg/Float64MultiArray` with named dimensions, written only.

use super::cdr::Writer;

/// A dimension: what its entries are, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// What an entry is: `modality`, `action`.
    pub name: &'static str,
    /// The entries.
    pub entries: Vec<String>,
}

/// A serialized array of numbers in row-major order. The label of a dimension is its name and its entries:
/// `modality: scene, instruction, joints`.
///
/// # Panics
/// When the dimensions and the number of values disagree.
pub fn encode_multi_array(dimensions: &[Dimension], values: &[f64]) -> Vec<u8> {
    let mut stride: usize = dimensions.iter().map(|d| d.entries.len()).product();
    assert_eq!(stride, values.len(), "one number per entry");
    let mut writer = Writer::new();
    writer.length(dimensions.len());
    for dimension in dimensions {
        let size = dimension.entries.len();
        writer.string(&format!(
            "{}: {}",
            dimension.name,
            dimension.entries.join(", ")
        ));
        writer.length(size);
        writer.length(stride);
        stride /= size.max(1);
    }
    writer.u32(0);
    writer.length(values.len());
    for value in values {
        writer.f64(*value);
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Numbers;

    #[test]
    fn the_array_is_byte_for_byte_what_another_implementation_writes() {
        let dimension = |name, entries: &[&str]| Dimension {
            name,
            entries: entries.iter().map(|e| (*e).to_owned()).collect(),
        };
        let dimensions = [
            dimension("modality", &["scene", "words"]),
            dimension("action", &["x", "y", "z"]),
        ];
        let values = [0.5, -1.0, 2.0, 0.0, 1e-3, f64::MAX];
        let bytes = encode_multi_array(&dimensions, &values);
        assert_eq!(
            bytes,
            include_bytes!("../../tests/golden/contributions.cdr")
        );
        let read: Vec<f64> = Numbers::float64(&bytes).unwrap().values.iter().collect();
        assert_eq!(read, values);
    }
}
