//! The joints of a robot whose drivers each publish their own: the newest position of every one of them.

use super::finite::finite;
use crate::message::{JointStateView, MessageError};
use crate::time::Stamp;

/// A joint that is stamped further ahead than this of a message that came after it was stamped by another clock, or
/// before the time began anew.
const AHEAD_NS: i64 = 1_000_000_000;

/// How many names of other joints an explanation lists; a robot may have a hundred.
const MOST_OTHERS: usize = 12;

/// Puts the joints of a modality together from messages that may have all, some or none of them.
pub(super) struct LatestJoints {
    joints: Vec<Joint>,
    /// Joints that came although nobody asked for them, for the explanation of those that are missing.
    others: Vec<String>,
    /// What a message has of the wanted joints, before any of it counts.
    found: Vec<(usize, f64)>,
}

struct Joint {
    name: String,
    position: f32,
    /// When it was measured; none before its first position.
    at: Option<Stamp>,
    /// When the message of its position was received.
    received: Stamp,
    /// Whether a message that came later is stamped so much earlier that the two cannot be compared.
    is_ahead: bool,
}

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    /// Whether it has any of the joints.
    pub relevant: bool,
    /// Whether there is a position of every joint.
    pub present: bool,
    /// How much older than the message the oldest position is, in nanoseconds.
    pub behind_ns: i64,
    /// How much earlier than the message the earliest position of them was received, in nanoseconds.
    pub received_behind_ns: i64,
}

impl LatestJoints {
    /// The joints of these names, none of which has come.
    pub fn new(names: &[String]) -> Self {
        let joint = |name: &String| Joint {
            name: name.clone(),
            position: 0.0,
            at: None,
            received: Stamp::default(),
            is_ahead: false,
        };
        Self {
            joints: names.iter().map(joint).collect(),
            others: Vec::new(),
            found: Vec::new(),
        }
    }

    /// Forgets everything: what follows is another recording.
    pub fn forget(&mut self) {
        self.others.clear();
        for joint in &mut self.joints {
            (joint.at, joint.is_ahead) = (None, false);
        }
    }

    /// Takes in a message that was received at `received`, which is its stamp where it has none, and writes the newest
    /// position of every joint, in their order, where there is one of each.
    ///
    /// # Errors
    /// A joint that is named twice, has no position or one that is not finite; then nothing of the message counts.
    pub fn take(
        &mut self,
        view: &JointStateView<'_>,
        received: Stamp,
        feature: &mut [f32],
    ) -> Result<Joined, MessageError> {
        let (joints, found) = (&self.joints, &mut self.found);
        view.positions_of(|name| joints.iter().position(|j| j.name == name), found)?;
        for (i, position) in found {
            let joint = &joints[*i].name;
            finite(*position, || format!("position of {joint}"))?;
        }
        let at = match view.stamp.is_unset() {
            true => received,
            false => view.stamp,
        };
        self.note_others(view);
        self.keep(at, received);
        let present = self.joints.iter().all(|j| j.at.is_some() && !j.is_ahead);
        if present {
            for (joint, number) in self.joints.iter().zip(feature) {
                *number = joint.position;
            }
        }
        Ok(Joined {
            relevant: !self.found.is_empty(),
            present,
            behind_ns: self.behind_ns(at),
            received_behind_ns: self.received_behind_ns(received),
        })
    }

    /// Why there is no position of every joint, or else which makes the modality as old as it is, where not all do. `None`
    /// before anything was received.
    pub fn reason(&self) -> Option<String> {
        let names = |wanted: fn(&Joint) -> bool| -> Vec<&str> {
            let joints = self.joints.iter().filter(|j| wanted(j));
            joints.map(|j| j.name.as_str()).collect()
        };
        let (missing, ahead) = (names(|j| j.at.is_none()), names(|j| j.is_ahead));
        if !missing.is_empty() {
            let mut came = names(|j| j.at.is_some());
            came.extend(self.others.iter().map(String::as_str));
            return (!came.is_empty()).then(|| {
                format!(
                    "no position of {} has been received (received so far: {})",
                    joined(&missing),
                    came.join(", ")
                )
            });
        }
        if !ahead.is_empty() {
            return Some(format!(
                "{} stamped more than {} s ahead of a joint received later; do the clocks of their publishers agree?",
                match ahead.len() {
                    1 => format!("{} is", joined(&ahead)),
                    _ => format!("{} are", joined(&ahead)),
                },
                AHEAD_NS / 1_000_000_000
            ));
        }
        let oldest = self.joints.iter().map(|j| j.at).min()?;
        let newest = self.joints.iter().map(|j| j.at).max()?;
        let oldest: Vec<&str> = self
            .joints
            .iter()
            .filter(|j| j.at == oldest)
            .map(|j| j.name.as_str())
            .collect();
        (self.joints.iter().any(|j| j.at != newest))
            .then(|| format!("its oldest position is that of {}", joined(&oldest)))
    }

    fn note_others(&mut self, view: &JointStateView<'_>) {
        if self.joints.iter().all(|joint| joint.at.is_some()) {
            return;
        }
        for name in view.names.iter() {
            let is_known = self.joints.iter().any(|joint| joint.name == name)
                || self.others.iter().any(|other| other == name);
            if self.others.len() < MOST_OTHERS && !is_known {
                self.others.push(name.to_owned());
            }
        }
    }

    /// Keeps the positions that were found in a message stamped `at` and received at `received`.
    fn keep(&mut self, at: Stamp, received: Stamp) {
        if self.found.is_empty() {
            return;
        }
        let is_found = |i: usize| self.found.iter().any(|(found, _)| *found == i);
        let mut newest_other: Option<Stamp> = None;
        for (i, joint) in self.joints.iter_mut().enumerate() {
            if let (false, Some(other)) = (is_found(i), joint.at) {
                joint.is_ahead |= ahead_ns(other, at) > AHEAD_NS;
                newest_other = newest_other.max(Some(other));
            }
        }
        let is_still_ahead = newest_other.is_some_and(|other| ahead_ns(at, other) > AHEAD_NS);
        for (i, position) in &self.found {
            let joint = &mut self.joints[*i];
            // Whether they are finite has been checked.
            (joint.position, joint.at) = (*position as f32, Some(at));
            joint.received = received;
            joint.is_ahead &= is_still_ahead;
        }
    }

    fn behind_ns(&self, at: Stamp) -> i64 {
        let ages = self.joints.iter().filter_map(|joint| joint.at);
        ages.map(|joint| ahead_ns(at, joint))
            .max()
            .unwrap_or(0)
            .max(0)
    }

    fn received_behind_ns(&self, received: Stamp) -> i64 {
        let joints = self.joints.iter().filter(|joint| joint.at.is_some());
        joints
            .map(|joint| ahead_ns(received, joint.received))
            .max()
            .unwrap_or(0)
            .max(0)
    }
}

fn ahead_ns(stamp: Stamp, of: Stamp) -> i64 {
    stamp.nanos().saturating_sub(of.nanos())
}

fn joined(names: &[&str]) -> String {
    match names {
        [name] => format!("joint {name}"),
        names => format!("joints {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests;
