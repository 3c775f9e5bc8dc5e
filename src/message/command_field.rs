//! The fields of a command message that numbers of an action go to.

use std::collections::BTreeSet;

use super::{MessageType, Path, Quantity, TwistView};
use crate::errors::ConfigErrors;

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

impl Field {
    pub fn of(
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

    pub fn path(&self) -> String {
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
pub(super) fn check_whole(
    place: &str,
    fields: &[Field],
    actions: &[&str],
    errors: &mut ConfigErrors,
) {
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
