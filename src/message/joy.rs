//! `sensor_msgs/msg/Joy`.

use super::cdr::Reader;
use super::{Floats, MessageError};
use crate::time::Stamp;

/// The state of a joystick, still in the message. Axes are not read.
#[derive(Clone, Copy, Debug)]
pub struct JoyView<'a> {
    /// When the state was measured.
    pub stamp: Stamp,
    /// At the first button.
    buttons: Reader<'a>,
    count: u32,
}

impl<'a> JoyView<'a> {
    /// Reads a serialized message.
    ///
    /// # Errors
    /// When the message ends too early.
    pub fn parse(message: &'a [u8]) -> Result<Self, MessageError> {
        let mut reader = Reader::new(message)?;
        let stamp = reader.header()?;
        Floats::read(&mut reader, "axes", 4)?;
        let count = reader.u32("buttons")?;
        let buttons = reader;
        reader.numbers("buttons", count, 4)?;
        Ok(Self {
            stamp,
            buttons,
            count,
        })
    }

    /// Whether the button of this index is pressed.
    ///
    /// # Errors
    /// When there is no such button, or its state is neither 0 nor 1: what stands for a permission must not be guessed.
    pub fn is_pressed(&self, index: u32) -> Result<bool, MessageError> {
        if index >= self.count {
            return Err(MessageError::invalid(
                "buttons",
                format_args!("{} long", self.count),
                format_args!("a button of index {index} is wanted"),
            ));
        }
        let mut reader = self.buttons;
        reader.numbers("buttons", index, 4)?;
        match reader.i32("buttons")? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(MessageError::invalid(
                format_args!("buttons[{index}]"),
                other,
                "0 (released) or 1 (pressed) is allowed",
            )),
        }
    }
}
