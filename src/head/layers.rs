//! Fully connected layers with ReLU between them: hᵢ₊₁ = ReLU(Wᵢ·hᵢ + bᵢ), the last one without ReLU.

use nalgebra::DVector;

use super::block::{Block, Product};
use crate::layer::Layer;
use crate::number::Number;
use crate::policy::Weights;
use crate::problems::Problems;

/// The layers of a head, or of a voter.
pub struct Layers<T: Number> {
    /// What the first layer makes of each block of the input.
    products: Vec<Product<T>>,
    layers: Vec<Layer<T>>,
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
            let name = format!("{name}.{i}");
            layers.extend(Layer::load(&name, rows, columns, weights, &mut problems));
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
            let layer = &mut rest[0];
            match before.last() {
                Some(before) => layer.apply(&before.output),
                None => {
                    layer.output.copy_from(&layer.bias);
                    for product in &mut self.products {
                        layer.output += product.of(&layer.weight, input, present);
                    }
                }
            }
            if i < last {
                layer.rectify();
            }
        }
        &self.layers[last].output
    }
}
