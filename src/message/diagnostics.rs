//! `diagnostic_msgs/msg/DiagnosticArray`, written only.

use super::cdr::Writer;
use crate::time::Stamp;

/// The message's name in ROS.
pub const DIAGNOSTICS_NAME: &str = "diagnostic_msgs/msg/DiagnosticArray";

/// How a part of the node is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// As it should.
    Ok = 0,
    /// It works, but someone should look.
    Warn = 1,
    /// It does not work.
    Error = 2,
    /// Nothing was heard of it.
    Stale = 3,
}

/// The state of one part of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// How it is doing.
    pub level: Level,
    /// `node: part`.
    pub name: String,
    /// The state in words.
    pub message: String,
    /// Keys and values.
    pub values: Vec<(String, String)>,
}

/// A serialized array of `statuses`. All belong to one node, so their hardware id stays empty.
pub fn encode_diagnostics(stamp: Stamp, statuses: &[Status]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.header(stamp, "");
    writer.length(statuses.len());
    for status in statuses {
        writer.u8(status.level as u8);
        writer.string(&status.name);
        writer.string(&status.message);
        writer.string("");
        writer.length(status.values.len());
        for (key, value) in &status.values {
            writer.string(key);
            writer.string(value);
        }
    }
    writer.finish()
}
