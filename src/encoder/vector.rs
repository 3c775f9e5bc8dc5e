//! Numbers that need no encoder: joints by name, arrays by order.

use super::summary::Summary;
use crate::message::{Floats, JointStateView, MessageError, Numbers};

/// Picks the named numbers out of messages.
pub(super) struct VectorReader {
    names: Vec<String>,
}

impl VectorReader {
    /// One number per name.
    pub fn new(names: &[String]) -> Self {
        Self {
            names: names.to_vec(),
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

    /// The positions of the named joints; the message may have more of them, in any order.
    pub fn joints(
        &self,
        view: &JointStateView<'_>,
        feature: &mut [f32],
    ) -> Result<(), MessageError> {
        for (name, number) in self.names.iter().zip(feature) {
            *number = finite(view.position_of(name)?, || format!("position of {name}"))?;
        }
        Ok(())
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
fn finite(value: f64, field: impl Fn() -> String) -> Result<f32, MessageError> {
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
