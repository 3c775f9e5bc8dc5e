//! `trajectory_msgs/msg/JointTrajectory`.

use super::cdr::Reader;
use super::{Floats, MessageError, Names};
use crate::time::Stamp;

/// What is commanded of a joint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Radians or metres.
    Positions,
    /// Radians or metres per second.
    Velocities,
    /// Radians or metres per second squared.
    Accelerations,
    /// Newton metres or newtons.
    Effort,
}

impl Quantity {
    /// All of them, in the message's order.
    pub const ALL: [Self; 4] = [
        Self::Positions,
        Self::Velocities,
        Self::Accelerations,
        Self::Effort,
    ];

    /// The name of the field in `JointTrajectoryPoint`.
    pub fn ros_name(self) -> &'static str {
        match self {
            Self::Positions => "positions",
            Self::Velocities => "velocities",
            Self::Accelerations => "accelerations",
            Self::Effort => "effort",
        }
    }
}

/// The first point of a trajectory, still in the message.
#[derive(Clone, Copy, Debug)]
pub struct JointTrajectoryView<'a> {
    /// When the trajectory starts.
    pub stamp: Stamp,
    /// Names of the joints.
    pub joint_names: Names<'a>,
    point: [Floats<'a>; 4],
}

impl<'a> JointTrajectoryView<'a> {
    /// Reads a serialized message.
    ///
    /// # Errors
    /// When the message ends too early, a name is no text, or there is no point.
    pub fn parse(message: &'a [u8]) -> Result<Self, MessageError> {
        let mut reader = Reader::new(message)?;
        let stamp = reader.header()?;
        let joint_names = Names::read(&mut reader, "joint_names")?;
        if reader.u32("points")? == 0 {
            return Err(MessageError::invalid(
                "points",
                "empty",
                "at least one point is needed",
            ));
        }
        let mut read = |quantity: Quantity| Floats::read(&mut reader, quantity.ros_name(), 8);
        let point = [
            read(Quantity::Positions)?,
            read(Quantity::Velocities)?,
            read(Quantity::Accelerations)?,
            read(Quantity::Effort)?,
        ];
        reader.stamp("points[0].time_from_start")?;
        Ok(Self {
            stamp,
            joint_names,
            point,
        })
    }

    /// What the first point asks of a joint.
    ///
    /// # Errors
    /// When the message has no such joint, or not this quantity for it.
    pub fn value_of(&self, joint: &str, quantity: Quantity) -> Result<f64, MessageError> {
        let index = self.joint_names.position(joint)?;
        let values = &self.point[quantity as usize];
        values.get(index).ok_or_else(|| {
            MessageError::invalid(
                format_args!("points[0].{}", quantity.ros_name()),
                format_args!("{} numbers long", values.len()),
                format_args!(
                    "{joint} is joint {} of {} and needs one",
                    index + 1,
                    self.joint_names.len()
                ),
            )
        })
    }
}
