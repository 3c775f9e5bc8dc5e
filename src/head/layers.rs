//! Fully connected layers with ReLU between them: hᵢ₊₁ = ReLU(Wᵢ·hᵢ + bᵢ), the last one without ReLU.

use nalgebra::{DMatrix, DVector};

use super::block::{Block, Product};
use crate::number::Number;
use crate::policy::Weights;
use crate::problems::Problems;

/// The layers of a head, or of a voter.
pub struct Layers<T: Number> {
    /// What the first layer makes of each block of the input.
    products: Vec<Product<T>>,
    layers: Vec<Layer<T>>,
}

struct Layer<T: Number> {
    weight: DMatrix<T>,
    bias: DVector<T>,
    output: DVector<T>,
}

impl<T: Number> Layers<T> {
    /// Reads `<name>.<i>.weight` (`[out, in]`) and `<name>.<i>.bias` for every layer. The input is made of `blocks`.
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(
        name: &str,
        blocks: &[Block],
        hidden: &[usize],
        output: usize,
        weights: &Weights,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::new();
        let mut layers = Vec::with_capacity(hidden.len() + 1);
        let mut products = Vec::with_capacity(blocks.len());
        let mut columns = 0;
        for block in blocks {
            let rows = hidden.first().copied().unwrap_or(output);
            products.push(Product::new(block, columns, rows));
            columns += block.width;
        }
        for (i, rows) in hidden.iter().copied().chain([output]).enumerate() {
            let weight =
                weights.matrix(&format!("{name}.{i}.weight"), rows, columns, &mut problems);
            let bias = weights.vector(&format!("{name}.{i}.bias"), rows, &mut problems);
            if let (Some(weight), Some(bias)) = (weight, bias) {
                let output = DVector::zeros(rows);
                layers.push(Layer {
                    weight,
                    bias,
                    output,
                });
            }
            columns = rows;
        }
        problems.or(Self { products, layers })
    }

    /// To be called when the features behind the next inputs are new ones.
    pub fn forget(&mut self) {
        self.products.iter_mut().for_each(Product::forget);
    }

    /// The output for an input of the width that the layers were loaded for, made of the features that are `present`
    /// (bit i is the policy's i-th modality). Blocks that were met since [`Layers::forget`] are not looked at again.
    /// Never allocates.
    pub fn forward(&mut self, input: &DVector<T>, present: usize) -> &DVector<T> {
        let last = self.layers.len() - 1;
        for i in 0..=last {
            let (before, rest) = self.layers.split_at_mut(i);
            let Layer {
                weight,
                bias,
                output,
            } = &mut rest[0];
            output.copy_from(bias);
            match before.last() {
                Some(before) => output.gemv(T::one(), weight, &before.output, T::one()),
                None => {
                    for product in &mut self.products {
                        *output += product.of(weight, input, present);
                    }
                }
            }
            if i < last {
                output.apply(|v| *v = v.max(T::zero()));
            }
        }
        &self.layers[last].output
    }
}
