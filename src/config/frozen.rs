//! The parameter about pictures that do not change.

use super::bounds::Bounds;
use super::declaration::Declarations;
use crate::message::MessageType;

/// Declares for how long the pictures of a modality may be the same byte for byte, where it has any. `key` makes the full
/// name of one of its parameters.
pub(super) fn declare(
    d: &mut Declarations,
    key: &impl Fn(&str) -> String,
    message: Option<MessageType>,
    max_age_s: f64,
) -> f64 {
    let name = key("max_frozen_s");
    let max_frozen_s = match message {
        Some(MessageType::Image | MessageType::CompressedImage | MessageType::PointCloud2) => {
            seconds(d, &name)
        }
        _ => f64::INFINITY,
    };
    let holds = message == Some(MessageType::PointCloud2) && max_age_s.is_infinite();
    if holds && max_frozen_s.is_finite() {
        let age = key("max_age_s");
        d.problem(format!(
            "parameter {name} is {max_frozen_s}, but {age} is .inf: a feature of any age holds until the next one and may \
             come again unchanged; set {age}, or leave {name} out"
        ));
    }
    max_frozen_s
}

fn seconds(d: &mut Declarations, name: &str) -> f64 {
    d.double(
        name,
        f64::INFINITY,
        Bounds::or(0.01..=3600.0, f64::INFINITY, "for any time"),
        "How long pictures may stay identical byte for byte, in seconds. After that the camera counts as frozen and the \
         modality as too old. A real camera's noise changes every picture; a paused simulator or a test pattern does \
         not. With .inf there is only a warning.",
    )
}
