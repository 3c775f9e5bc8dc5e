//! A topic of labels, and the numbers in it.

use std::collections::BTreeMap;

use super::names::{as_name, quoted};
use crate::inspection::Typical;
use crate::message::{
    ActionMapping, JointStateView, JointTrajectoryView, MessageType, Numbers, Quantity, TwistView,
};
use crate::time::Stamp;

/// How much later what is measured is the answer to what was seen, in seconds, where nobody commanded.
const AHEAD_S: f64 = 0.1;

/// A pause between labels that says nothing about how fast something moves.
const LONGEST_STEP_S: f64 = 0.5;

/// One number of the action.
#[derive(Clone, Debug)]
pub(super) struct Action {
    /// Its name in the policy.
    pub name: String,
    /// Its field in the message.
    pub field: String,
    /// The smallest and the largest value that there were.
    pub range: (f64, f64),
    /// Changes per second.
    rates: Typical,
}

impl Action {
    /// The change per second that only one in a hundred exceeds: jumps between two episodes, and messages that came right
    /// behind each other.
    pub fn fastest(&self) -> f64 {
        self.rates.quantile(0.99).unwrap_or(0.0)
    }
}

/// What is known of a topic of commands, or of joints whose next positions are the labels.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub topic: String,
    pub message: MessageType,
    pub count: u64,
    pub actions: Vec<Action>,
    mapping: ActionMapping,
    last: Option<(Stamp, Vec<f64>)>,
    intervals_s: Typical,
    /// The longest pause between two of its messages, in seconds.
    pub longest_pause_s: f64,
    /// Whether it is where a leader arm is, which the robot's own follows: a command like any other, and nothing that the
    /// robot senses.
    pub leads: bool,
}

impl Command {
    /// From the first message of a topic; `None` where it commands nothing that is understood.
    pub fn of(topic: &str, type_name: &str, definition: &str, message: &[u8]) -> Option<Self> {
        let known = MessageType::from_ros_name(type_name)?;
        let (message_type, fields) = match known {
            MessageType::Twist | MessageType::TwistStamped => {
                (known, TwistView::FIELDS.map(str::to_owned).to_vec())
            }
            MessageType::Float64MultiArray => {
                let count = Numbers::float64(message).ok()?.values.len();
                (known, (0..count).map(|i| format!("data.{i}")).collect())
            }
            MessageType::JointTrajectory => (known, trajectory_fields(message)?),
            MessageType::JointState => {
                let names = JointStateView::parse(message).ok()?.names;
                let fields = names.iter().map(|name| format!("position[{name}]"));
                (
                    MessageType::defined(type_name, definition).ok()?,
                    fields.collect(),
                )
            }
            _ => return None,
        };
        let actions: Vec<Action> = fields
            .into_iter()
            .map(|field| Action {
                name: name_of(&field),
                field,
                range: (f64::INFINITY, f64::NEG_INFINITY),
                rates: Typical::default(),
            })
            .collect();
        if actions.is_empty() {
            return None;
        }
        let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
        let fields: BTreeMap<String, String> = actions
            .iter()
            .map(|a| (a.name.clone(), a.field.clone()))
            .collect();
        Some(Self {
            topic: topic.to_owned(),
            message: message_type,
            count: 0,
            mapping: ActionMapping::new("action", message_type, &names, &fields).ok()?,
            actions,
            last: None,
            intervals_s: Typical::default(),
            longest_pause_s: 0.0,
            leads: false,
        })
    }

    /// Takes in a message.
    pub fn take(&mut self, at: Stamp, message: &[u8]) {
        let mut values = vec![0.0; self.actions.len()];
        if self.mapping.decode(message, &mut values).is_err() {
            return;
        }
        self.count += 1;
        let last = self.last.replace((at, values.clone()));
        let step_s = last.as_ref().map(|(last, _)| at.seconds_since(*last));
        if let Some(step_s) = step_s {
            self.longest_pause_s = self.longest_pause_s.max(step_s);
            self.intervals_s.add(step_s);
        }
        for (i, action) in self.actions.iter_mut().enumerate() {
            if !values[i].is_finite() {
                continue;
            }
            action.range.0 = action.range.0.min(values[i]);
            action.range.1 = action.range.1.max(values[i]);
            if let (Some((_, before)), Some(step_s)) = (&last, step_s)
                && (0.001..LONGEST_STEP_S).contains(&step_s)
                && before[i].is_finite()
            {
                action.rates.add((values[i] - before[i]).abs() / step_s);
            }
        }
    }

    /// Another recording begins.
    pub fn forget(&mut self) {
        self.last = None;
    }

    /// Whether it says where joints are, instead of commanding them.
    pub fn is_measured(&self) -> bool {
        matches!(self.message, MessageType::Defined(_))
    }

    /// The joints of its fields.
    pub fn joints(&self) -> impl Iterator<Item = &str> {
        self.actions
            .iter()
            .filter_map(|action| joint_of(&action.field))
    }

    /// How much later than what it answers a label is recorded.
    pub fn ahead_s(&self) -> Option<f64> {
        (self.is_measured() && !self.leads).then_some(AHEAD_S)
    }

    /// Labels per second, by the median interval.
    pub fn rate_hz(&self) -> f64 {
        match self.intervals_s.median() {
            Some(interval_s) if interval_s > 0.0 => (1.0 / interval_s).clamp(1.0, 200.0).round(),
            _ => 20.0,
        }
    }

    /// The numbers that ever changed; where a message has none without the others, all of them.
    pub fn used(&self) -> impl Iterator<Item = &Action> {
        let is_twist = matches!(self.message, MessageType::Twist | MessageType::TwistStamped);
        let changed = |action: &Action| action.range.0 < action.range.1;
        self.actions
            .iter()
            .filter(move |action| !is_twist || changed(action))
    }

    /// What each of the used numbers commands, as far as the message says it.
    pub fn quantity(&self, action: &Action) -> Option<Quantity> {
        let index = self.actions.iter().position(|a| a.name == action.name)?;
        self.mapping.quantities().nth(index)?
    }

    /// What was decided about it.
    pub fn notes(&self) -> Vec<String> {
        let still: Vec<&str> = (self.actions.iter())
            .filter(|a| a.range.0 >= a.range.1)
            .map(|a| a.field.as_str())
            .collect();
        let mut notes = Vec::new();
        if !still.is_empty() {
            notes.push(format!(
                "{} never change on {}",
                still.join(", "),
                self.topic
            ));
        }
        if self.leads {
            notes.push(format!(
                "{} is assumed to be a leader arm: its positions are the labels, and not an input of the policy",
                self.topic
            ));
        } else if self.is_measured() {
            notes.push(format!(
                "no commands were recorded: the positions on {} {AHEAD_S} s later are the labels",
                self.topic
            ));
        }
        notes
    }

    /// Its fields as a YAML mapping in one line.
    pub fn fields(&self) -> String {
        let fields: Vec<String> = self
            .used()
            .map(|a| format!("{}: {}", a.name, quoted(&a.field)))
            .collect();
        format!("{{{}}}", fields.join(", "))
    }
}

/// What is given for the joints of a trajectory: velocities where there are some and no positions.
fn trajectory_fields(message: &[u8]) -> Option<Vec<String>> {
    let view = JointTrajectoryView::parse(message).ok()?;
    let joints: Vec<&str> = view.joint_names.iter().collect();
    let first = joints.first()?;
    let order = [Quantity::Positions, Quantity::Velocities, Quantity::Effort];
    let quantity = order
        .into_iter()
        .find(|q| view.value_of(first, *q).is_ok())?;
    let fields = joints
        .iter()
        .map(|joint| format!("{}.{joint}", quantity.ros_name()));
    Some(fields.collect())
}

/// The joint that a field is of, where it says one.
pub(super) fn joint_of(field: &str) -> Option<&str> {
    let inside = field
        .split_once('[')
        .and_then(|(_, rest)| rest.strip_suffix(']'));
    let behind = |quantity: Quantity| field.strip_prefix(quantity.ros_name())?.strip_prefix('.');
    inside.or_else(|| Quantity::ALL.into_iter().find_map(behind))
}

/// The name of an action: the joint's, or that of the field.
fn name_of(field: &str) -> String {
    match (joint_of(field), field.strip_prefix("data.")) {
        (Some(joint), _) => as_name(joint),
        (None, Some(index)) => format!("action_{index}"),
        (None, None) => as_name(field),
    }
}
