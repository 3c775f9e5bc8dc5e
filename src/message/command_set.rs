//! The messages that one action leaves in: one for each command topic of the robot.

use std::collections::BTreeMap;

use super::{ActionMapping, CommandTemplate, MessageError, MessageType, PointTimes, Quantity};
use crate::errors::ConfigErrors;
use crate::time::Stamp;

/// What is said of one message: which numbers of the action it carries, and where.
#[derive(Clone, Copy, Debug)]
pub struct Carried<'a> {
    /// Where it is said, such as `action.commands.arm`.
    pub place: &'a str,
    /// Its type.
    pub message: MessageType,
    /// The field of an action, by the action's name. Among several messages each carries the actions that it has a field
    /// for; one that is the only one carries all.
    pub fields: &'a BTreeMap<String, String>,
}

/// The messages of one action, each number of which is in exactly one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSet {
    parts: Vec<Part>,
    width: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    mapping: ActionMapping,
    /// The place of each of its numbers in the action.
    actions: Vec<usize>,
}

/// How one message is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing<'a> {
    /// The frame in its header, where it has one.
    pub frame_id: &'a str,
    /// Whether the time is in its header, where it has one; otherwise 0, which controllers take for "at once".
    pub is_stamped: bool,
    /// The time from one to the next, in seconds.
    pub period_s: f64,
    /// The control period, in seconds.
    pub control_period_s: f64,
    /// How many points a trajectory has, a control period from one to the next; 1 for every other message.
    pub points: usize,
}

impl Timing<'_> {
    /// One in every control period of so many seconds, with its time and of one point.
    pub fn every(period_s: f64) -> Self {
        Self {
            frame_id: "",
            is_stamped: true,
            period_s,
            control_period_s: period_s,
            points: 1,
        }
    }

    fn point_times(&self) -> PointTimes {
        PointTimes {
            count: self.points,
            first_s: self.period_s,
            step_s: self.control_period_s,
        }
    }
}

impl CommandSet {
    /// The messages of `actions`, in the policy's order.
    ///
    /// # Errors
    /// Everything that [`ActionMapping::new`] and [`share_out`] refuse.
    pub fn new(actions: &[&str], wanted: &[Carried]) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let said: Vec<_> = wanted.iter().map(|c| (c.place, c.fields)).collect();
        let shares = share_out(actions, &said, &mut errors);
        let mut parts = Vec::with_capacity(wanted.len());
        for (carried, own) in wanted.iter().zip(shares) {
            let names: Vec<&str> = own.iter().map(|index| actions[*index]).collect();
            match ActionMapping::new(carried.place, carried.message, &names, carried.fields) {
                Ok(mapping) => parts.push(Part {
                    mapping,
                    actions: own,
                }),
                Err(found) => errors.extend(found),
            }
        }
        let width = actions.len();
        errors.or(Self { parts, width })
    }

    /// What each action commands as far as its message says it, in the order of the actions.
    pub fn quantities(&self) -> Vec<Option<Quantity>> {
        self.in_order(|mapping| mapping.quantities().collect())
    }

    /// The joint that each action commands where its message names it, in the order of the actions.
    pub fn joints(&self) -> Vec<Option<String>> {
        self.in_order(|mapping| mapping.joints().map(|j| j.map(str::to_owned)).collect())
    }

    /// The path of each action's field, in the order of the actions.
    pub fn field_paths(&self) -> Vec<String> {
        self.in_order(|mapping| mapping.field_paths().collect())
    }

    /// For each action, which message carries it.
    pub fn carriers(&self) -> Vec<usize> {
        let mut carriers = vec![0; self.width];
        for (number, part) in self.parts.iter().enumerate() {
            for action in &part.actions {
                carriers[*action] = number;
            }
        }
        carriers
    }

    fn in_order<T: Clone + Default>(&self, of: impl Fn(&ActionMapping) -> Vec<T>) -> Vec<T> {
        let mut all = vec![T::default(); self.width];
        for part in &self.parts {
            for (action, value) in part.actions.iter().zip(of(&part.mapping)) {
                all[*action] = value;
            }
        }
        all
    }

    /// Whether each message can be made of its fields alone.
    ///
    /// # Errors
    /// See [`ActionMapping::check_command`].
    pub fn check_command(&self) -> Result<(), ConfigErrors> {
        let mut errors = ConfigErrors::new();
        for part in &self.parts {
            if let Err(found) = part.mapping.check_command() {
                errors.extend(found);
            }
        }
        errors.or(())
    }

    /// The messages laid out once, to be filled in again and again. `timing` has one entry for each.
    ///
    /// # Panics
    /// Where [`CommandSet::check_command`] would have found a problem.
    pub fn templates<'a>(&self, timing: impl IntoIterator<Item = Timing<'a>>) -> CommandTemplates {
        let laid_out = |(part, timing): (&Part, Timing)| TimedTemplate {
            template: part.mapping.template(timing.frame_id, timing.point_times()),
            is_stamped: timing.is_stamped,
            values: vec![0.0; part.actions.len() * timing.points],
            actions: part.actions.clone(),
            share: timing.control_period_s / timing.period_s,
            due: 1.0,
        };
        CommandTemplates {
            parts: self.parts.iter().zip(timing).map(laid_out).collect(),
            width: self.width,
        }
    }

    /// Reads the numbers of one of the messages into their places in the action. Returns the message's stamp where it has
    /// one.
    ///
    /// # Errors
    /// When the message is malformed or lacks one of the fields.
    pub fn decode(
        &mut self,
        number: usize,
        message: &[u8],
        action: &mut [f64],
    ) -> Result<Option<Stamp>, MessageError> {
        let part = &mut self.parts[number];
        let mut values = vec![0.0; part.actions.len()];
        let stamp = part.mapping.decode(message, &mut values)?;
        for (index, value) in part.actions.iter().zip(values) {
            action[*index] = value;
        }
        Ok(stamp)
    }
}

/// Which of the actions each message carries, by what is said of its fields: those that have one, or all where it is the
/// only message. What is wrong with it is added to `errors`: every action that is in none or in two, every field of no
/// action, and a message without fields among several.
pub fn share_out(
    actions: &[&str],
    said: &[(&str, &BTreeMap<String, String>)],
    errors: &mut ConfigErrors,
) -> Vec<Vec<usize>> {
    if let [_] = said {
        return vec![(0..actions.len()).collect()];
    }
    for (place, fields) in said {
        if fields.is_empty() {
            errors.add(format!(
                "{place}.fields is missing: among several messages each names the field of every action that it carries, \
                 of {}",
                actions.join(", ")
            ));
        }
        for name in fields
            .keys()
            .filter(|name| !actions.contains(&name.as_str()))
        {
            errors.add(format!(
                "{place}.fields.{name}: the policy has no action {name:?}; its actions are {}",
                actions.join(", ")
            ));
        }
    }
    for action in actions {
        let carriers = said
            .iter()
            .filter(|(_, fields)| fields.contains_key(*action));
        let carriers: Vec<&str> = carriers.map(|(place, _)| *place).collect();
        let places: Vec<&str> = said.iter().map(|(place, _)| *place).collect();
        match carriers[..] {
            [_] => {}
            [] => errors.add(format!(
                "action {action} is in none of {}; name its field under the fields of one of them",
                places.join(", ")
            )),
            _ => errors.add(format!(
                "action {action} is in {}; it can be in one message only",
                carriers.join(" and in ")
            )),
        }
    }
    let carried = |fields: &BTreeMap<String, String>| {
        let actions = actions.iter().enumerate();
        let own = actions.filter(|(_, action)| fields.contains_key(**action));
        own.map(|(index, _)| index).collect()
    };
    said.iter().map(|(_, fields)| carried(fields)).collect()
}

/// Serialized messages whose numbers and stamps are overwritten in place.
#[derive(Clone, Debug)]
pub struct CommandTemplates {
    parts: Vec<TimedTemplate>,
    width: usize,
}

#[derive(Clone, Debug)]
struct TimedTemplate {
    template: CommandTemplate,
    is_stamped: bool,
    actions: Vec<usize>,
    values: Vec<f64>,
    /// How much of a message falls to one control period.
    share: f64,
    /// Sent once it is 1.
    due: f64,
}

/// So that a period which fits in three times is not counted as one that fits in nearly three times.
const ROUNDING: f64 = 1e-6;

impl CommandTemplates {
    /// How many actions go into one message at most: that of this control period, and those of the periods after it.
    pub fn points(&self) -> usize {
        let points = self.parts.iter().map(TimedTemplate::points);
        points.max().unwrap_or(1)
    }

    /// Hands to `send` each message whose turn it is in this control period, with its number; false where one could not
    /// be sent. `actions` are those of this period and of as many after it as there are; where a message has more points,
    /// the last one stands for the rest. Never allocates.
    pub fn send_due(
        &mut self,
        stamp: Stamp,
        actions: &[f64],
        mut send: impl FnMut(usize, &[u8]) -> bool,
    ) -> bool {
        let mut sent = true;
        for (number, part) in self.parts.iter_mut().enumerate() {
            if part.due >= 1.0 - ROUNDING {
                part.due -= 1.0;
                sent &= send(number, part.encode(stamp, actions, self.width));
            }
            part.due += part.share;
        }
        sent
    }

    /// Hands all messages to `send`, as [`CommandTemplates::send_due`] does: a stop waits for no turn.
    pub fn send_all(
        &mut self,
        stamp: Stamp,
        actions: &[f64],
        send: impl FnMut(usize, &[u8]) -> bool,
    ) -> bool {
        for part in &mut self.parts {
            part.due = 1.0;
        }
        self.send_due(stamp, actions, send)
    }
}

impl TimedTemplate {
    fn points(&self) -> usize {
        self.values.len() / self.actions.len().max(1)
    }

    fn encode(&mut self, stamp: Stamp, actions: &[f64], width: usize) -> &[u8] {
        let last = actions.len() / width - 1;
        let points = self.values.chunks_exact_mut(self.actions.len());
        for (point, values) in points.enumerate() {
            let action = &actions[point.min(last) * width..];
            for (value, index) in values.iter_mut().zip(&self.actions) {
                *value = action[*index];
            }
        }
        let stamp = match self.is_stamped {
            true => stamp,
            false => Stamp::default(),
        };
        self.template.encode(stamp, &self.values)
    }
}
