//! `diagnostic_msgs/msg/DiagnosticArray`.

use super::MessageError;
use super::cdr::{Reader, Writer};
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

impl Level {
    fn from_number(level: u8) -> Option<Self> {
        let all = [Self::Ok, Self::Warn, Self::Error, Self::Stale];
        all.into_iter().find(|known| *known as u8 == level)
    }
}

/// A serialized array of `statuses`. All belong to one node, so their hardware id stays empty.
pub fn encode_diagnostics(stamp: Stamp, statuses: &[Status]) -> Vec<u8> {
    encode_diagnostics_of(stamp, "", statuses)
}

/// Reads an array.
///
/// # Errors
/// When the message ends too early, a text is none, or a level is unknown.
pub fn diagnostics(message: &[u8]) -> Result<Vec<Status>, MessageError> {
    let mut reader = Reader::new(message)?;
    reader.header()?;
    let mut statuses = Vec::new();
    for _ in 0..reader.u32("status")? {
        let level = reader.u8("status.level")?;
        let level = Level::from_number(level)
            .ok_or_else(|| MessageError::invalid("status.level", level, "0 to 3 are allowed"))?;
        let name = reader.string("status.name")?.to_owned();
        let message = reader.string("status.message")?.to_owned();
        reader.string("status.hardware_id")?;
        let mut values = Vec::new();
        for _ in 0..reader.u32("status.values")? {
            let key = reader.string("status.values.key")?.to_owned();
            values.push((key, reader.string("status.values.value")?.to_owned()));
        }
        statuses.push(Status {
            level,
            name,
            message,
            values,
        });
    }
    Ok(statuses)
}

/// A serialized array of `statuses`, all of the same hardware.
pub fn encode_diagnostics_of(stamp: Stamp, hardware_id: &str, statuses: &[Status]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.header(stamp, "");
    writer.length(statuses.len());
    for status in statuses {
        writer.u8(status.level as u8);
        writer.string(&status.name);
        writer.string(&status.message);
        writer.string(hardware_id);
        writer.length(status.values.len());
        for (key, value) in &status.values {
            writer.string(key);
            writer.string(value);
        }
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_that_was_cut_off() {
        let golden = include_bytes!("../../tests/golden/diagnostics.cdr");
        let statuses = diagnostics(golden).unwrap();
        let levels: Vec<Level> = statuses.iter().map(|status| status.level).collect();
        assert_eq!(levels, [Level::Error, Level::Warn]);
        assert_eq!(statuses[0].name, "late_fusion: control");
        assert_eq!(statuses[1].values, [("age_s".into(), "0.61".into())]);
        let message = encode_diagnostics_of(Stamp::default(), "bench", &statuses);
        for end in 0..message.len() {
            assert!(diagnostics(&message[..end]).is_err(), "cut at {end}");
        }
        assert_eq!(diagnostics(&message).unwrap(), statuses);
    }

    #[test]
    fn a_level_that_nobody_knows_is_refused() {
        let mut writer = Writer::new();
        writer.header(Stamp::default(), "");
        writer.length(1);
        writer.u8(4);
        let told = diagnostics(&writer.finish()).unwrap_err().to_string();
        assert!(told.contains("status.level is 4"), "{told}");
    }
}
