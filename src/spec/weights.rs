//! The learned tensors of a policy, `weights.safetensors`.

use std::collections::BTreeMap;
use std::path::Path;

use nalgebra::{DMatrix, DVector};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::errors::ConfigErrors;
use crate::files;
use crate::number::Number;

/// The largest file that is read: half a milliard of numbers.
const MOST_BYTES: u64 = 2 << 30;

/// Named tensors of 32-bit floats in row-major order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights(BTreeMap<String, Tensor>);

#[derive(Clone, Debug, PartialEq)]
struct Tensor {
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl Weights {
    /// Reads a safetensors file whose tensors are all `F32` and finite.
    ///
    /// # Errors
    /// A file that cannot be read or parsed, and every tensor of another type or with a number that is not finite.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        let place = path.display();
        let bytes = files::read(path, MOST_BYTES).map_err(|e| format!("weights {place}: {e}"))?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|e| format!("weights {place}: not a safetensors file ({e})"))?;
        let mut errors = ConfigErrors::new();
        let mut weights = Self::default();
        for (name, view) in file.tensors() {
            if view.dtype() != Dtype::F32 {
                errors.add(format!(
                    "weights {place}: tensor {name} is {:?}; only F32 is allowed",
                    view.dtype()
                ));
                continue;
            }
            let values: Vec<f32> = view
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect();
            if let Some(at) = values.iter().position(|v| !v.is_finite()) {
                errors.add(format!(
                    "weights {place}: tensor {name}: number {at} is {}; only finite numbers are allowed",
                    values[at]
                ));
            }
            weights.insert(name, view.shape().to_vec(), values);
        }
        errors.or(weights)
    }

    /// Writes a safetensors file.
    ///
    /// # Errors
    /// What the file system says.
    pub fn save(&self, path: &Path) -> Result<(), ConfigErrors> {
        let bytes: BTreeMap<&str, Vec<u8>> = self
            .0
            .iter()
            .map(|(name, t)| {
                let bytes = t.values.iter().flat_map(|v| v.to_le_bytes()).collect();
                (name.as_str(), bytes)
            })
            .collect();
        let views = self.0.iter().map(|(name, t)| {
            let view = TensorView::new(Dtype::F32, t.shape.clone(), &bytes[name.as_str()]);
            (name.as_str(), view.expect("insert checks the shape"))
        });
        safetensors::serialize_to_file(views, None, path)
            .map_err(|e| format!("weights {}: {e}", path.display()).into())
    }

    /// Adds a tensor, or replaces the one of that name.
    ///
    /// # Panics
    /// When the shape and the number of values disagree.
    pub fn insert(&mut self, name: impl Into<String>, shape: Vec<usize>, values: Vec<f32>) {
        assert_eq!(shape.iter().product::<usize>(), values.len());
        self.0.insert(name.into(), Tensor { shape, values });
    }

    /// The same tensors under other names.
    pub fn renamed(self, name: impl Fn(&str) -> String) -> Self {
        let tensors = self.0.into_iter();
        Self(tensors.map(|(old, tensor)| (name(&old), tensor)).collect())
    }

    /// Whether there is a tensor of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The shape and the numbers of the tensor of that name, where there is one.
    pub fn tensor(&self, name: &str) -> Option<(&[usize], &[f32])> {
        let tensor = self.0.get(name)?;
        Some((&tensor.shape, &tensor.values))
    }

    /// How many numbers all tensors hold.
    pub fn parameters(&self) -> usize {
        self.0.values().map(|t| t.values.len()).sum()
    }

    /// The vector of that name, or a problem.
    pub fn vector<T: Number>(
        &self,
        name: &str,
        len: usize,
        errors: &mut ConfigErrors,
    ) -> Option<DVector<T>> {
        let values = self.values(name, &[len], errors)?;
        Some(DVector::from_iterator(len, values.iter().map(widened)))
    }

    /// The matrix `[rows, columns]` of that name, or a problem.
    pub fn matrix<T: Number>(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
        errors: &mut ConfigErrors,
    ) -> Option<DMatrix<T>> {
        let values = self.values(name, &[rows, columns], errors)?;
        let values = values.iter().map(widened);
        Some(DMatrix::from_row_iterator(rows, columns, values))
    }

    fn values(&self, name: &str, shape: &[usize], errors: &mut ConfigErrors) -> Option<&[f32]> {
        match self.0.get(name) {
            Some(tensor) if tensor.shape == shape => Some(&tensor.values),
            Some(tensor) => {
                errors.add(format!(
                    "tensor {name} has the shape {:?}; policy.yaml asks for {shape:?}",
                    tensor.shape
                ));
                None
            }
            None => {
                errors.add(format!(
                    "tensor {name} is missing; policy.yaml asks for it with the shape {shape:?}"
                ));
                None
            }
        }
    }
}

fn widened<T: Number>(value: &f32) -> T {
    Number::from_f64(f64::from(*value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_back_equal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let mut weights = Weights::default();
        weights.insert("a", vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        weights.insert("b", vec![1], vec![-0.5]);
        weights.save(&path).unwrap();
        let read = Weights::load(&path).unwrap();
        assert_eq!(read, weights);
        assert_eq!(read.parameters(), 7);
        let matrix: DMatrix<f32> = read.matrix("a", 2, 3, &mut ConfigErrors::new()).unwrap();
        assert_eq!(matrix[(1, 0)], 4.0);
    }

    #[test]
    fn what_is_no_safetensors_file_or_not_finite_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        assert!(Weights::load(&path).is_err());
        std::fs::write(&path, b"not tensors").unwrap();
        let text = Weights::load(&path).unwrap_err().to_string();
        assert!(text.contains("weights.safetensors"), "{text}");
        let mut weights = Weights::default();
        weights.insert("a", vec![1], vec![f32::NAN]);
        weights.save(&path).unwrap();
        let text = Weights::load(&path).unwrap_err().to_string();
        assert!(text.contains("tensor a") && text.contains("NaN"), "{text}");
    }
}
