//! Numbers that need no encoder: joints by name, arrays by order.

use super::finite::finite;
use super::joints::{Joined, LatestJoints};
use super::summary::Summary;
use crate::message::{DefinedType, FieldReader, Floats, JointStateView, MessageError, Numbers};
use crate::time::Stamp;

/// Picks the named numbers out of messages.
pub(super) struct VectorReader {
    names: Vec<String>,
    joints: LatestJoints,
    /// For messages of the type that was met last, of those that are read by their definition.
    fields: Option<(&'static DefinedType, FieldReader)>,
}

impl VectorReader {
    /// One number per name.
    pub fn new(names: &[String]) -> Self {
        Self {
            names: names.to_vec(),
            joints: LatestJoints::new(names),
            fields: None,
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

    /// The numbers at the paths that the names are.
    pub fn fields(
        &mut self,
        defined: &'static DefinedType,
        message: &[u8],
        feature: &mut [f32],
    ) -> Result<Option<Stamp>, MessageError> {
        if self.fields.as_ref().is_none_or(|(of, _)| *of != defined) {
            let reader = FieldReader::new(defined.layout(), &self.names).map_err(|errors| {
                MessageError::invalid("the message's type", defined.name(), errors)
            })?;
            self.fields = Some((defined, reader));
        }
        let Some((_, reader)) = &mut self.fields else {
            return Ok(None);
        };
        let mut wrong = None;
        let stamp = reader.read(message, |i, value| {
            match finite(value, || self.names[i].clone()) {
                Ok(number) => feature[i] = number,
                Err(error) => wrong = Some(error),
            }
        })?;
        wrong.map_or(Ok(stamp), Err)
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
