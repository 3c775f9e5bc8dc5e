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

    /// The positions of the joints that `wanted` knows by their names, each with the index that it gave. Whether they are
    /// finite is their user's to check.
    ///
    /// # Errors
    /// When a wanted joint is named twice, or there is not one position per name.
    pub fn positions_of(
        &self,
        wanted: impl Fn(&str) -> Option<usize>,
        found: &mut Vec<(usize, f64)>,
    ) -> Result<(), MessageError> {
        found.clear();
        for (i, name) in self.names.iter().enumerate() {
            let Some(index) = wanted(name) else {
                continue;
            };
            let place = || format!("{name} is name {} of {}", i + 1, self.names.len());
            let position = self.positions.get(i);
            let Some(position) = position.filter(|_| self.positions.len() == self.names.len())
            else {
                return Err(MessageError::invalid(
                    "position",
                    format_args!("{} numbers long", self.positions.len()),
                    format_args!("{} and each name needs one", place()),
                ));
            };
            if found.iter().any(|(other, _)| *other == index) {
                return Err(MessageError::invalid(
                    "name",
                    format_args!("{name} more than once"),
                    format_args!("{}; each joint may be named once", place()),
                ));
            }
            found.push((index, position));
        }
        Ok(())
    }
}
