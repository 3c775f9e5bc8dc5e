//! The parameter about pictures that do not change.

use super::bounds::Bounds;
use super::declaration::Declarations;

/// Declares for how long the pictures of a modality may be the same byte for byte.
pub(super) fn declare(d: &mut Declarations, name: &str) -> f64 {
    d.double(
        name,
        f64::INFINITY,
        Bounds::or(0.01..=3600.0, f64::INFINITY, "for any time"),
        "How long pictures may be the same byte for byte, in seconds. For longer, the camera is taken to be frozen, and the \
         modality is treated as too old. A real camera's noise makes every picture another one; a simulator that stands \
         still and a test pattern do not. .inf for any time: then it is only a warning.",
    )
}

/// What holds until the next one may be said again as often as one likes.
pub(super) fn refuse_where_held(d: &mut Declarations, max_frozen_s: f64, name: &str, age: &str) {
    if max_frozen_s.is_finite() {
        d.problem(format!(
            "parameter {name} is {max_frozen_s}, but {age} is .inf: a feature of any age holds until the next one and may \
             come again unchanged; set {age}, or leave {name} out"
        ));
    }
}
