//! `rcl_interfaces/msg/Log`, what `/rosout` carries; written only.

use super::cdr::Writer;
use crate::time::Stamp;

/// The message's name in ROS.
pub const LOG_NAME: &str = "rcl_interfaces/msg/Log";

/// Severity of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum LogLevel {
    /// For developers.
    Debug = 10,
    /// For everyone.
    Info = 20,
    /// Something is not as asked.
    Warn = 30,
    /// Something does not work.
    Error = 40,
}

/// A serialized line of the log of the node `name`.
pub fn encode_log(
    stamp: Stamp,
    level: LogLevel,
    name: &str,
    text: &str,
    file: &str,
    line: u32,
) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.stamp(stamp);
    writer.u8(level as u8);
    writer.string(name);
    writer.string(text);
    writer.string(file);
    writer.string("");
    writer.u32(line);
    writer.finish()
}
