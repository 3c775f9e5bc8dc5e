//! The weighted sum: f = Σ w_m ⊙ a_m, all modalities projected to one width.

mod across;
mod fixed;
mod learned;
mod source;
mod within;

use nalgebra::DVector;

use self::across::Across;
use self::fixed::Fixed;
use self::learned::Learned;
use self::source::Source;
use self::within::Within;
use super::method::{Fusion, FusionTrace, Input};
use crate::errors::ConfigErrors;
use crate::number::Number;
use crate::spec::{WeightedSpec, Weights, WeightsSpec};

/// A weighted sum of what is present. When nothing is, the sum is zero.
pub struct Weighted<T: Number> {
    source: Box<dyn Source<T>>,
    /// 1/τ of each modality, in 1/s; zero where it does not age.
    decay_per_s: Vec<f64>,
    ageing: Vec<T>,
    weights: Vec<DVector<T>>,
    present: Vec<bool>,
    width: usize,
}

impl<T: Number> Weighted<T> {
    /// Reads what the source of the weights needs, for modalities given by name and projected width, which is the same
    /// for all.
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(
        spec: &WeightedSpec,
        modalities: &[(&str, usize)],
        weights: &Weights,
    ) -> Result<Self, ConfigErrors> {
        let width = modalities[0].1;
        let names: Vec<&str> = modalities.iter().map(|(name, _)| *name).collect();
        let source: Box<dyn Source<T>> = match &spec.weights {
            WeightsSpec::Fixed { values } => Box::new(Fixed::new(values, &names, width)),
            WeightsSpec::Learned { per } => {
                Box::new(Learned::load(*per, names.len(), width, weights)?)
            }
            WeightsSpec::AttentionWithin => Box::new(Within::load(&names, width, weights)?),
            WeightsSpec::AttentionAcross { hidden } => {
                Box::new(Across::load(*hidden, width, weights)?)
            }
        };
        let decay = |name: &&str| spec.tau_s.get(*name).map_or(0.0, |tau_s| 1.0 / tau_s);
        Ok(Self {
            source,
            decay_per_s: names.iter().map(decay).collect(),
            ageing: vec![T::zero(); names.len()],
            weights: vec![DVector::zeros(width); names.len()],
            present: vec![false; names.len()],
            width,
        })
    }
}

impl<T: Number> Fusion<T> for Weighted<T> {
    fn width(&self) -> usize {
        self.width
    }

    /// Which weights there are depends on all that is present.
    fn fuse(&mut self, input: Input<'_, T>, fused: &mut DVector<T>) {
        for (i, decay_per_s) in self.decay_per_s.iter().enumerate() {
            self.present[i] = input.projected[i].is_some();
            self.ageing[i] = match self.present[i] && *decay_per_s > 0.0 {
                true => Number::from_f64(-input.ages_s[i].max(0.0) * decay_per_s),
                false => T::zero(),
            };
        }
        self.source.weigh(input, &self.ageing, &mut self.weights);
        fused.fill(T::zero());
        for (projected, weights) in input.projected.iter().zip(&self.weights) {
            if let Some(projected) = projected {
                fused.cmpy(T::one(), weights, projected, T::one());
            }
        }
    }

    fn trace(&self) -> FusionTrace {
        let weights = self.weights.iter().zip(&self.present);
        FusionTrace::Weights(
            weights
                .map(|(weights, present)| match present {
                    true => weights.mean().to_f64(),
                    false => 0.0,
                })
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests;
