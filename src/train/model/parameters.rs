//! The learned tensors by name, and the affine map that most of them belong to.

use candle_core::{DType, Device, Result, Tensor, Var};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::spec::Weights;

/// Learned tensors, each with the name under which the policy stores it.
pub struct Parameters {
    named: Vec<(String, Var)>,
    random: StdRng,
}

impl Parameters {
    /// No parameters yet; initial values will be drawn from `seed`. (candle's own generator cannot be seeded on a CPU.)
    pub fn new(seed: u64) -> Self {
        Self {
            named: Vec::new(),
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// An affine map named `<name>.weight` (`[output, input]`) and `<name>.bias`, drawn evenly from ±1/√input.
    ///
    /// # Errors
    /// What candle says about its memory.
    pub fn linear(&mut self, name: &str, input: usize, output: usize) -> Result<Linear> {
        let bound = 1.0 / (input as f32).sqrt();
        let weight = self.evenly(format!("{name}.weight"), &[output, input], bound)?;
        let bias = self.evenly(format!("{name}.bias"), &[output], bound)?;
        Ok(Linear { weight, bias })
    }

    /// A tensor of zeros to learn, named `name`.
    ///
    /// # Errors
    /// What candle says about its memory.
    pub fn zeros(&mut self, name: String, shape: &[usize]) -> Result<Tensor> {
        self.add(name, Var::zeros(shape, DType::F32, &Device::Cpu)?)
    }

    /// A tensor to learn, named `name`, drawn evenly from ±`bound`.
    ///
    /// # Errors
    /// What candle says about its memory.
    pub fn evenly(&mut self, name: String, shape: &[usize], bound: f32) -> Result<Tensor> {
        let values: Vec<f32> = (0..shape.iter().product())
            .map(|_| self.random.random_range(-bound..=bound))
            .collect();
        self.add(name, Var::from_vec(values, shape, &Device::Cpu)?)
    }

    fn add(&mut self, name: String, var: Var) -> Result<Tensor> {
        let tensor = var.as_tensor().clone();
        self.named.push((name, var));
        Ok(tensor)
    }

    /// All of them with their names, in the order in which they were made.
    pub fn named(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.named.iter().map(|(name, var)| (name.as_str(), var))
    }

    /// Copies their values into `weights`.
    ///
    /// # Errors
    /// What candle says.
    pub fn store(&self, weights: &mut Weights) -> Result<()> {
        for (name, var) in &self.named {
            let values = var.as_tensor().flatten_all()?.to_vec1()?;
            weights.insert(name.clone(), var.dims().to_vec(), values);
        }
        Ok(())
    }
}

/// x ↦ W·x + b for every row of a batch.
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// The map of `[batch, input]` to `[batch, output]`.
    ///
    /// # Errors
    /// What candle says; never for tensors of the right shapes.
    pub fn apply(&self, batch: &Tensor) -> Result<Tensor> {
        batch.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }
}
