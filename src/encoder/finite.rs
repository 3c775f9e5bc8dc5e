//! Numbers of messages that may enter a feature.

use crate::message::MessageError;

/// The number as features hold it; `field` names it in the error.
pub(super) fn finite(value: f64, field: impl Fn() -> String) -> Result<f32, MessageError> {
    let number = value as f32;
    if number.is_finite() {
        Ok(number)
    } else {
        Err(MessageError::invalid(
            field(),
            value,
            "only finite numbers within the range of f32 are allowed",
        ))
    }
}
