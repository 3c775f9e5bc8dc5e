//! Which message of a modality belongs to a label: the newest that had arrived when the label was given.
//!
//! One recorder's clock says when what arrived. A message counts for the labels recorded after it, and where the node
//! will get it later than the recorder did, `latency_s` after it; at the very same time is too late, for the label was
//! decided before it was recorded.
//!
//! A label that carries the stamp of a message which had arrived answers the observation of that stamp, as in a simulation
//! that stands still until it is answered. Time may then have stood still between the two: messages recorded at the label's
//! own time count as well, unless they have a stamp which, with `latency_s`, is later than the label's. (Messages without a
//! stamp keep to the rule for all.)
//!
//! What is newest is then judged by its age as the node judges it, from the message's stamp, or from its arrival where it
//! has none or the stamps are of another clock than the recorder's.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use super::latency::Latency;
use super::survey::Label;
use crate::control::Freshness;
use crate::time::{Age, Stamp};

/// The messages of one modality that an episode might use.
pub struct Arrivals {
    /// In the order of their arrival.
    messages: Vec<Arrival>,
    /// When each stamp was recorded first.
    stamps: HashMap<Stamp, Stamp>,
    latency: Latency,
    max_age_ns: Option<i64>,
}

/// A message that could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its index among the messages of its topic.
    pub number: u32,
    /// When it was recorded.
    pub logged: Stamp,
    /// Its stamp, where it has one.
    pub stamp: Option<Stamp>,
    /// How much older the oldest number of its feature is, in nanoseconds: a joint that another message told of.
    pub behind_ns: i64,
    /// The row of its feature; none where it had nothing to say.
    pub row: Option<u32>,
}

impl Arrival {
    /// When what it tells of was so, by its stamp, or by its arrival where it has none.
    fn time(&self) -> Stamp {
        let stamp = self.stamp.unwrap_or(self.logged);
        Stamp::from_nanos(stamp.nanos().saturating_sub(self.behind_ns))
    }
}

/// What a label is paired with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paired {
    /// Its index among the messages of its topic.
    pub message: u32,
    /// The row of its feature.
    pub row: u32,
    /// From the row of what it would be with the longest latency to that with the shortest; it is that with the middle one.
    pub span: RangeInclusive<u32>,
    /// How old it was.
    pub age_ns: i64,
}

/// Why a label has no sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// No message had arrived.
    NothingYet,
    /// The newest one had nothing to say.
    Absent,
    /// The newest one was older than `max_age_s`.
    Stale,
}

/// The time of a label.
#[derive(Clone, Copy, Debug)]
pub struct LabelTime {
    /// When it was recorded.
    logged: Stamp,
    /// The stamp of the observation that it answers, if it does.
    answers: Option<Stamp>,
    /// Whether the stamps of messages are of another clock than the times of recording.
    clocks_differ: bool,
}

impl Label {
    /// Seconds from an earlier label of the same recording: by their stamps where both have one.
    pub fn seconds_since(&self, earlier: &Self) -> f64 {
        match (self.stamp, earlier.stamp) {
            (Some(now), Some(then)) => now.seconds_since(then),
            _ => self.logged.seconds_since(earlier.logged),
        }
    }
}

impl LabelTime {
    /// Of a label in an episode with these messages, one entry per modality.
    pub fn of(label: &Label, modalities: &[Arrivals], clocks_differ: bool) -> Self {
        let had_arrived = |stamp: &Stamp| {
            let mut logged = modalities.iter().filter_map(|m| m.stamps.get(stamp));
            logged.any(|logged| *logged <= label.logged)
        };
        Self {
            logged: label.logged,
            answers: label.stamp.filter(had_arrived),
            clocks_differ,
        }
    }
}

impl Arrivals {
    /// Messages in the order of their arrival, each of which the node can use `latency` after it was recorded.
    pub fn new(messages: Vec<Arrival>, latency: Latency, max_age_ns: Option<i64>) -> Self {
        let mut stamps = HashMap::new();
        for message in &messages {
            if let Some(stamp) = message.stamp {
                stamps.entry(stamp).or_insert(message.logged);
            }
        }
        Self {
            messages,
            stamps,
            latency,
            max_age_ns,
        }
    }

    /// What belongs to a label of this time.
    ///
    /// # Errors
    /// Why nothing does.
    pub fn at(&self, moment: &LabelTime) -> Result<Paired, Loss> {
        let (message, row, age_ns) = self.newest(moment, self.latency.middle_ns())?;
        let span = match self.latency.is_range() {
            true => {
                // Where another latency finds nothing, as at the beginning of a recording, the middle one has the word.
                let with =
                    |latency_ns| self.newest(moment, latency_ns).map_or(row, |found| found.1);
                with(self.latency.most_ns())..=with(self.latency.least_ns())
            }
            false => row..=row,
        };
        Ok(Paired {
            message,
            row,
            span,
            age_ns,
        })
    }

    /// The newest message that had arrived with this latency, the row of its feature, and its age.
    fn newest(&self, moment: &LabelTime, latency_ns: i64) -> Result<(u32, u32, i64), Loss> {
        let recorded = self
            .messages
            .partition_point(|m| later(m.logged, latency_ns) <= moment.logged);
        let message = (0..recorded)
            .rev()
            .find(|i| had_arrived(&self.messages[*i], moment, latency_ns))
            .ok_or(Loss::NothingYet)?;
        let Arrival { number, row, .. } = self.messages[message];
        let ages_ns = ages_ns(&self.messages[message], moment, latency_ns);
        let row = row.ok_or(Loss::Absent)?;
        let freshness = self.max_age_ns.map(|max_age_ns| Freshness {
            required: true,
            max_age_s: Some(max_age_ns as f64 * 1e-9),
            max_future_s: Freshness::MAX_FUTURE_S,
            ends_with_epoch: false,
        });
        let [by_stamp_s, by_arrival_s] = ages_ns.map(|age_ns| age_ns as f64 * 1e-9);
        let age = Age {
            by_stamp_s,
            by_arrival_s,
        };
        match freshness.and_then(|freshness| freshness.limit_passed_by(age)) {
            Some(_) => Err(Loss::Stale),
            None => Ok((number, row, ages_ns[0].max(ages_ns[1]))),
        }
    }

    /// The row of what was newest by the stamp of another modality's message, of what had come when that came; the oldest
    /// where all is newer, as if nothing had moved before. `None` without any.
    pub fn as_of(&self, other: &Arrival) -> Option<u32> {
        let rows = self.messages.iter().filter_map(|message| {
            let had_come = message.logged <= other.logged || message.stamp == other.stamp;
            Some((had_come && message.time() <= other.time(), message.row?))
        });
        let mut rows = rows.peekable();
        let oldest = rows.peek().map(|(_, row)| *row);
        let newest = rows.rfind(|(is_known, _)| *is_known);
        newest.map(|(_, row)| row).or(oldest)
    }

    /// The messages that could be read, in the order of their arrival.
    pub fn messages(&self) -> &[Arrival] {
        &self.messages
    }

    /// Whether a label carries the stamp of one of these messages that had not arrived when it was recorded.
    pub fn came_too_late_for(&self, label: &Label) -> bool {
        let logged = label.stamp.and_then(|stamp| self.stamps.get(&stamp));
        logged.is_some_and(|logged| *logged > label.logged)
    }
}

/// Whether the node could have used a message before the label was given.
fn had_arrived(message: &Arrival, moment: &LabelTime, latency_ns: i64) -> bool {
    match (moment.answers, message.stamp) {
        (Some(answered), Some(stamp)) => later(stamp, latency_ns) <= answered,
        _ => later(message.logged, latency_ns) < moment.logged,
    }
}

/// Its age by its stamp and by its arrival, as the node would judge it: in an answer to an observation, by the stamp alone.
fn ages_ns(message: &Arrival, moment: &LabelTime, latency_ns: i64) -> [i64; 2] {
    let (now, then) = match (moment.answers, message.stamp) {
        (Some(answered), Some(stamp)) => (answered, [stamp; 2]),
        (None, Some(stamp)) if !moment.clocks_differ => (moment.logged, [stamp, message.logged]),
        _ => (moment.logged, [later(message.logged, latency_ns); 2]),
    };
    then.map(|then| {
        let age_ns = now.nanos().saturating_sub(then.nanos());
        age_ns.saturating_add(message.behind_ns)
    })
}

fn later(stamp: Stamp, by_ns: i64) -> Stamp {
    Stamp::from_nanos(stamp.nanos().saturating_add(by_ns))
}

#[cfg(test)]
mod tests;
