//! The parameter about features unlike those of training.

use super::bounds::Bounds;
use super::declaration::Declarations;

/// Declares how far from the training data a feature may be.
pub(super) fn declare(d: &mut Declarations, name: &str) -> f64 {
    d.double(
        name,
        f64::INFINITY,
        Bounds::or(1.0..=1e6, f64::INFINITY, "for any"),
        "Maximum distance of a feature from the training data, as a multiple of the distance that covers 99.9 % of the \
         training data. Beyond it the modality is treated as too old. With .inf there is only a warning, from 1.5 times \
         on.",
    )
}
