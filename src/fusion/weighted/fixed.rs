//! Weights that the user wrote.

use std::collections::BTreeMap;

use nalgebra::DVector;

use super::source::{Source, normalize};
use crate::fusion::Input;
use crate::number::Number;
use crate::spec::FixedWeight;

/// Weights brought to a sum of one over what is present, dimension by dimension. Where those of all that is present are
/// zero, all weigh alike.
pub struct Fixed<T: Number> {
    /// Their logarithms, so that ageing never makes all of them vanish.
    logarithms: Vec<DVector<T>>,
}

impl<T: Number> Fixed<T> {
    /// The weights of the modalities `names`; the policy's check has seen that they are there, and of this width.
    pub fn new(values: &BTreeMap<String, FixedWeight>, names: &[&str], width: usize) -> Self {
        let logarithm = |value: f64| Number::from_f64(value.ln());
        let logarithms = names.iter().map(|name| match &values[*name] {
            FixedWeight::Scalar(value) => DVector::repeat(width, logarithm(*value)),
            FixedWeight::Vector(values) => {
                DVector::from_iterator(width, values.iter().map(|v| logarithm(*v)))
            }
        });
        Self {
            logarithms: logarithms.collect(),
        }
    }
}

impl<T: Number> Source<T> for Fixed<T> {
    fn weigh(&mut self, input: Input<'_, T>, ageing: &[T], weights: &mut [DVector<T>]) {
        for ((weights, logarithms), ageing) in weights.iter_mut().zip(&self.logarithms).zip(ageing)
        {
            weights.copy_from(logarithms);
            weights.add_scalar_mut(*ageing);
        }
        normalize(input.projected, weights);
    }
}
