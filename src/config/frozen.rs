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
        "How long pictures may be the same byte for byte, in seconds. For longer, the camera is taken to be frozen, and the \
         modality is treated as too old. A real camera's noise makes every picture another one; a simulator that stands \
         still and a test pattern do not. .inf for any time: then it is only a warning.",
    )
}
