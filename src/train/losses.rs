//! Why labels have no sample.

use std::fmt;

use serde::Serialize;

use super::pairing::Loss;

/// What one modality cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    /// Labels before its first message.
    pub nothing_yet: usize,
    /// Labels while it had nothing to say, such as a blank instruction.
    pub absent: usize,
    /// Labels whose newest message was older than `max_age_s`.
    pub stale: usize,
    /// Labels that carry the stamp of a message which came only after them; they are paired with an older one.
    pub late: usize,
    /// Messages that could not be read.
    pub unreadable: usize,
    /// What was wrong with the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_unreadable: Option<String>,
}

impl fmt::Display for Losses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            nothing_yet,
            absent,
            stale,
            late: _,
            unreadable,
            first_unreadable,
        } = self;
        write!(
            f,
            "{nothing_yet} before its first message, {absent} while it was absent, {stale} with one too old; \
             {unreadable} messages unreadable"
        )?;
        match first_unreadable {
            Some(why) => write!(f, ", the first: {why}"),
            None => Ok(()),
        }
    }
}

impl Losses {
    /// One label more.
    pub fn count(&mut self, loss: Loss) {
        match loss {
            Loss::NothingYet => self.nothing_yet += 1,
            Loss::Absent => self.absent += 1,
            Loss::Stale => self.stale += 1,
        }
    }
}
