//! Where the weights come from.

use nalgebra::DVector;

use crate::fusion::Input;
use crate::number::Number;

/// Where the weights come from.
pub(super) trait Source<T: Number>: Send {
    /// Writes the weight of every modality that is present, one number per dimension.
    ///
    /// `ageing` has, for every modality, the logarithm of the factor by which its age lowers its weight: −age/τ. It is
    /// applied before the weights are brought to a sum of one.
    fn weigh(&mut self, input: Input<'_, T>, ageing: &[T], weights: &mut [DVector<T>]);
}

/// Turns the logarithms of weights into weights that sum to one over the modalities that are present, dimension by
/// dimension: a softmax. Entries of −∞ weigh nothing; where all are −∞, all weigh alike.
pub(super) fn normalize<T: Number>(projected: &[Option<&DVector<T>>], logits: &mut [DVector<T>]) {
    let present = || (0..projected.len()).filter(|i| projected[*i].is_some());
    let Some(first) = present().next() else {
        return;
    };
    let nothing: T = Number::from_f64(f64::NEG_INFINITY);
    for dimension in 0..logits[first].len() {
        let mut largest = nothing;
        for i in present() {
            largest = largest.max(logits[i][dimension]);
        }
        let mut sum = T::zero();
        for i in present() {
            let logit = &mut logits[i][dimension];
            *logit = match largest == nothing {
                true => T::one(),
                false => (*logit - largest).exp(),
            };
            sum += *logit;
        }
        for i in present() {
            logits[i][dimension] /= sum;
        }
    }
}
