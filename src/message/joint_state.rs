//! `sensor_msgs/msg/JointState`.

use super::cdr::Reader;
use super::{Floats, MessageError, Names};
use crate::time::Stamp;

/// Joint names and their positions, still in the message. Velocities and efforts are not read.
#[derive(Clone, Copy, Debug)]
pub struct JointStateView<'a> {
    /// When the joints were measured.
    pub stamp: Stamp,
    /// Names of the joints.
    pub names: Names<'a>,
    /// One position per name; a robot that publishes only velocities sends none.
    pub positions: Floats<'a>,
}

impl<'a> JointStateView<'a> {
    /// Reads a serialized message.
    ///
    /// # Errors
    /// When the message ends too early or a name is no text.
    pub fn parse(message: &'a [u8]) -> Result<Self, MessageError> {
        let mut reader = Reader::new(message)?;
        let stamp = reader.header()?;
        let names = Names::read(&mut reader, "name")?;
        let positions = Floats::read(&mut reader, "position", 8)?;
        Floats::read(&mut reader, "velocity", 8)?;
        Floats::read(&mut reader, "effort", 8)?;
        Ok(Self {
            stamp,
            names,
            positions,
        })
    }

    /// The position of a joint, as the message has it: whether it is finite is its user's to check.
    ///
    /// # Errors
    /// When the message has no such joint, or no position for it.
    pub fn position_of(&self, name: &str) -> Result<f64, MessageError> {
        let index = self.names.position(name)?;
        self.positions.get(index).ok_or_else(|| {
            MessageError::invalid(
                "position",
                format_args!("{} numbers long", self.positions.len()),
                format_args!(
                    "{name} is name {} of {} and needs one",
                    index + 1,
                    self.names.len()
                ),
            )
        })
    }
}
