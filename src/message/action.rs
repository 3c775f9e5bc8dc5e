//! Which field of the command message each number of the action goes to, and back again.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    CommandTemplate, FieldReader, JointTrajectoryView, Laid, MessageError, MessageType, Numbers,
    Path, PointTimes, Quantity, TwistView,
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

/// The place of one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// An index of [`TwistView::FIELDS`].
    Twist(usize),
    /// A joint by name.
    Joint { name: String, quantity: Quantity },
    /// An index of the array.
    Index(usize),
    /// A path, in a message that is known by its definition.
    Path(Path),
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

impl Field {
    fn of(
        place: &str,
        message: MessageType,
        action: &str,
        index: usize,
        path: Option<&String>,
    ) -> Result<Self, String> {
        let wrong = |allowed: &str| match path {
            Some(path) => format!(
                "{place}.fields.{action} is {path:?}; in {} {allowed}",
                message.ros_name()
            ),
            None => format!(
                "{place}.fields.{action} is missing; in {} {allowed}",
                message.ros_name()
            ),
        };
        match (message, path) {
            (MessageType::Twist | MessageType::TwistStamped, _) => {
                let known = |path: &String| TwistView::FIELDS.iter().position(|f| f == path);
                path.and_then(known)
                    .map(Self::Twist)
                    .ok_or_else(|| wrong(&format!("{} are allowed", TwistView::FIELDS.join(", "))))
            }
            (MessageType::JointTrajectory, None) => Ok(Self::Joint {
                name: action.to_owned(),
                quantity: Quantity::Positions,
            }),
            (MessageType::JointTrajectory, Some(path)) => path
                .split_once('.')
                .and_then(|(word, joint)| {
                    let quantity = Quantity::ALL.into_iter().find(|q| q.ros_name() == word)?;
                    let name = (!joint.is_empty()).then(|| joint.to_owned())?;
                    Some(Self::Joint { name, quantity })
                })
                .ok_or_else(|| {
                    wrong(
                        "positions.<joint>, velocities.<joint>, accelerations.<joint> and \
                         effort.<joint> are allowed",
                    )
                }),
            (MessageType::Float64MultiArray, None) => Ok(Self::Index(index)),
            (MessageType::Float64MultiArray, Some(path)) => path
                .strip_prefix("data.")
                .and_then(|index| index.parse().ok())
                .map(Self::Index)
                .ok_or_else(|| wrong("data.<index> is allowed")),
            (MessageType::Defined(_), None) => Err(wrong(
                "the path of a number is needed, such as twist.linear.x or position[elbow]",
            )),
            (MessageType::Defined(_), Some(path)) => Path::parse(path)
                .map(Self::Path)
                .map_err(|problem| format!("{place}.fields.{action}: {problem}")),
            (other, _) => Err(format!(
                "{place}.message is {}; {} are allowed, and any other type whose fields are named by paths",
                other.ros_name(),
                COMMANDS.map(MessageType::ros_name).join(", ")
            )),
        }
    }

    fn path(&self) -> String {
        match self {
            Self::Twist(index) => TwistView::FIELDS[*index].to_owned(),
            Self::Joint { name, quantity } => format!("{}.{name}", quantity.ros_name()),
            Self::Index(index) => format!("data.{index}"),
            Self::Path(path) => path.to_string(),
        }
    }
}

/// The commands that are known without a definition.
pub const COMMANDS: [MessageType; 4] = [
    MessageType::Twist,
    MessageType::TwistStamped,
    MessageType::JointTrajectory,
    MessageType::Float64MultiArray,
];

/// Every field has exactly one action, and the message has no number that none chose: a joint without a
/// position among joints with one would be sent to zero.
fn check_whole(place: &str, fields: &[Field], actions: &[&str], errors: &mut ConfigErrors) {
    let paths: Vec<String> = fields.iter().map(Field::path).collect();
    for (i, path) in paths.iter().enumerate() {
        if let Some(first) = paths[..i].iter().position(|p| p == path) {
            errors.add(format!(
                "{place}.fields: {} and {} both go to {path}; each needs a field of its own",
                actions[first], actions[i]
            ));
        }
    }
    let joints: BTreeSet<&str> = fields
        .iter()
        .filter_map(|field| match field {
            Field::Joint { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    for quantity in Quantity::ALL {
        let path = |joint: &str| format!("{}.{joint}", quantity.ros_name());
        let (with, without): (Vec<&str>, Vec<&str>) = joints
            .iter()
            .partition(|joint| paths.contains(&path(joint)));
        if let (Some(with), [_, ..]) = (with.first(), without.as_slice()) {
            errors.add(format!(
                "{place}.fields: {} is given, but not {}; a JointTrajectory has {} for all of its joints or none",
                path(with),
                without.iter().map(|j| path(j)).collect::<Vec<_>>().join(", "),
                quantity.ros_name()
            ));
        }
    }
    let indices: BTreeSet<usize> = fields
        .iter()
        .filter_map(|field| match field {
            Field::Index(index) => Some(*index),
            _ => None,
        })
        .collect();
    if let Some((expected, index)) = indices.iter().enumerate().find(|(at, index)| at != *index) {
        errors.add(format!(
            "{place}.fields: data.{index} is given, but not data.{expected}; the indices start at 0 and leave no gap"
        ));
    }
}
