//! Which field of the command message each number of the action goes to, and back again.

use std::collections::BTreeMap;

use super::command_field::{Field, check_whole};
use super::{
    CommandTemplate, FieldReader, JointTrajectoryView, Laid, MessageError, MessageType, Numbers,
    PointTimes, Quantity, TwistView,
};
use crate::errors::ConfigErrors;
use crate::time::Stamp;

/// The place of every number of an action in the command message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionMapping {
    message: MessageType,
    fields: Vec<Field>,
    /// Reads the paths, where the fields are some.
    reader: Option<FieldReader>,
}

impl ActionMapping {
    /// The mapping of `actions`, in their order, as `place` (`action`) of the parameters says it. `fields` names the field of an action; where it does not,
    /// `positions.<action>` is meant in a `JointTrajectory` and the action's own place in a `Float64MultiArray`.
    ///
    /// # Errors
    /// Every action without a field, unknown field, field used twice and field that would be left at a number
    /// nobody chose.
    pub fn new(
        place: &str,
        message: MessageType,
        actions: &[&str],
        fields: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        for name in fields
            .keys()
            .filter(|name| !actions.contains(&name.as_str()))
        {
            errors.add(format!(
                "{place}.fields.{name}: the policy has no action {name:?}; its actions are {}",
                actions.join(", ")
            ));
        }
        let mut found = Vec::with_capacity(actions.len());
        for (index, action) in actions.iter().enumerate() {
            match Field::of(place, message, action, index, fields.get(*action)) {
                Ok(field) => found.push(field),
                Err(problem) => errors.add(problem),
            }
        }
        if errors.is_empty() {
            check_whole(place, &found, actions, &mut errors);
        }
        let mut reader = None;
        if let (MessageType::Defined(defined), true) = (message, errors.is_empty()) {
            let paths: Vec<String> = found.iter().map(Field::path).collect();
            reader = FieldReader::new(defined.layout(), &paths)
                .map_err(|found| errors.add_all(&format!("{place}.fields"), found))
                .ok();
        }
        errors.or(Self {
            message,
            fields: found,
            reader,
        })
    }

    /// The command message.
    pub fn message(&self) -> MessageType {
        self.message
    }

    /// The path of each action's field, in the order of the actions.
    pub fn field_paths(&self) -> impl Iterator<Item = String> {
        self.fields.iter().map(Field::path)
    }

    /// What each action commands as far as the message says it, in the order of the actions.
    pub fn quantities(&self) -> impl Iterator<Item = Option<Quantity>> {
        self.fields.iter().map(|field| match field {
            Field::Twist(_) => Some(Quantity::Velocities),
            Field::Joint { quantity, .. } => Some(*quantity),
            Field::Index(_) => None,
            Field::Path(path) => path.quantity(),
        })
    }

    /// The joint that each action commands where the message names it, in the order of the actions.
    pub fn joints(&self) -> impl Iterator<Item = Option<&str>> {
        self.fields.iter().map(|field| match field {
            Field::Joint { name, .. } => Some(name.as_str()),
            Field::Path(path) => path.name(),
            Field::Twist(_) | Field::Index(_) => None,
        })
    }

    /// The command message laid out once, to be filled in every period. `period_s` is the time from a
    /// trajectory's start to its only point.
    ///
    /// # Panics
    /// Where [`ActionMapping::check_command`] would have found a problem.
    pub fn template(&self, frame_id: &str, points: PointTimes) -> CommandTemplate {
        match self.laid(frame_id) {
            Some(laid) => CommandTemplate::of(laid.expect("a command was checked before")),
            None => CommandTemplate::new(self.message, &self.fields, frame_id, points),
        }
    }

    /// Whether a message can be made of the fields alone; to read some of them is always possible.
    ///
    /// # Errors
    /// Of a message that is known by its definition, see [`Laid::new`].
    pub fn check_command(&self) -> Result<(), ConfigErrors> {
        self.laid("").map_or(Ok(()), |laid| laid.map(|_| ()))
    }

    fn laid(&self, frame_id: &str) -> Option<Result<Laid, ConfigErrors>> {
        let MessageType::Defined(defined) = self.message else {
            return None;
        };
        let paths: Vec<String> = self.field_paths().collect();
        Some(Laid::new(defined.layout(), &paths, frame_id))
    }

    /// Reads the action back out of a command message, joints in any order, into one number per action.
    /// Returns the message's stamp where it has one.
    ///
    /// # Errors
    /// When the message is malformed or lacks one of the fields.
    pub fn decode(
        &mut self,
        message: &[u8],
        action: &mut [f64],
    ) -> Result<Option<Stamp>, MessageError> {
        if let Some(reader) = &mut self.reader {
            return reader.read(message, |i, value| action[i] = value);
        }
        let fields = self.fields.iter().zip(action);
        match self.message {
            MessageType::JointTrajectory => {
                let view = JointTrajectoryView::parse(message)?;
                for (field, value) in fields {
                    if let Field::Joint { name, quantity } = field {
                        *value = view.value_of(name, *quantity)?;
                    }
                }
                Ok(Some(view.stamp))
            }
            MessageType::Float64MultiArray => {
                let values = Numbers::float64(message)?.values;
                if values.len() != self.fields.len() {
                    return Err(MessageError::invalid(
                        "data",
                        format_args!("{} numbers long", values.len()),
                        format_args!("the action has {}", self.fields.len()),
                    ));
                }
                for (field, value) in fields {
                    if let Field::Index(index) = field {
                        *value = values.get(*index).unwrap_or_default();
                    }
                }
                Ok(None)
            }
            _ => {
                let view = match self.message {
                    MessageType::TwistStamped => TwistView::parse_stamped(message)?,
                    _ => TwistView::parse(message)?,
                };
                for (field, value) in fields {
                    if let Field::Twist(index) = field {
                        *value = view.values[*index];
                    }
                }
                Ok(view.stamp)
            }
        }
    }
}
