//! The parameter about features unlike those of training.

use super::bounds::Bounds;
use super::declaration::Declarations;
use super::wiring::Wiring;
use crate::errors::ConfigErrors;
use crate::policy::Policy;

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

/// A limit that nothing can be measured against protects nobody.
pub(super) fn check(policy: &Policy, wiring: &Wiring, errors: &mut ConfigErrors) {
    for (wired, projection) in wiring.modalities.iter().zip(policy.projections()) {
        if wired.enabled && wired.max_distance.is_finite() && !projection.measures_distance() {
            errors.add(format!(
                "parameter modalities.{0}.max_distance is {1}, but the policy {2:?} does not say how far from its training \
                 data is usual for {0} (no tensor standardize.{0}.usual_distance); train it again, or leave the parameter \
                 out",
                wired.name,
                wired.max_distance,
                policy.spec().name,
            ));
        }
    }
}
