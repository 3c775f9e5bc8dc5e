//! Numbers that need no encoder: joints by name, arrays by order.

use super::joints::{Joined, LatestJoints};
use super::summary::Summary;
use crate::message::{Floats, JointStateView, MessageError, Numbers};
use crate::time::Stamp;

/// Picks the named numbers out of messages.
pub(super) struct VectorReader {
    names: Vec<String>,
    joints: LatestJoints,
}

impl VectorReader {
    /// One number per name.
    pub fn new(names: &[String]) -> Self {
        Self {
            names: names.to_vec(),
            joints: LatestJoints::new(names),
        }
    }

    /// How many numbers there are.
    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// What would run, for a table.
    pub fn summary(&self) -> Summary {
        Summary {
            model: None,
            device: None,
            input: self.names.join(", "),
            output: "as they are".into(),
            width: self.width(),
        }
    }

    /// The newest positions of the named joints, once this message is taken in; it may have more joints, fewer, or
    /// others, in any order.
    pub fn joints(
        &mut self,
        view: &JointStateView<'_>,
        received: Stamp,
        feature: &mut [f32],
    ) -> Result<Joined, MessageError> {
        self.joints.take(view, received, feature)
    }

    /// See [`LatestJoints::reason`].
    pub fn reason(&self) -> Option<String> {
        self.joints.reason()
    }

    /// See [`LatestJoints::forget`].
    pub fn forget(&mut self) {
        self.joints.forget();
    }

    /// The numbers of an array, which has exactly one per name.
    pub fn array(&self, array: &Numbers<'_>, feature: &mut [f32]) -> Result<(), MessageError> {
        let values: Floats<'_> = array.values;
        if values.len() != self.names.len() {
            return Err(MessageError::invalid(
                "data",
                format_args!("{} numbers long", values.len()),
                format_args!(
                    "exactly {} are needed: {}",
                    self.names.len(),
                    self.names.join(", ")
                ),
            ));
        }
        for (i, (value, number)) in values.iter().zip(feature).enumerate() {
            *number = finite(value, || format!("data[{i}] ({})", self.names[i]))?;
        }
        Ok(())
    }
}

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
