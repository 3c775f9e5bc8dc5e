//! The parameters of the command topics.

use std::collections::BTreeMap;

use super::bounds::Bounds;
use super::declaration::Declarations;
use super::topic::{message_of_numbers, topic};
use crate::errors::ConfigErrors;
use crate::message::{COMMANDS, Carried, MessageType, Timing};
use crate::spec::ActionQuantity;

/// Where the action goes, and what it may be.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionConfig {
    /// The command topics: one, or several by name in alphabetical order.
    pub commands: Vec<CommandConfig>,
    /// What an action of the policy commands, where the message does not say it, by the action's name.
    pub quantities: BTreeMap<String, ActionQuantity>,
    /// Limits that are narrower than the policy's own, by the action's name.
    pub limits: BTreeMap<String, LimitConfig>,
}

/// One command topic.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandConfig {
    /// Where the parameters have it: `action`, or `action.commands.<name>` where there are several.
    pub place: String,
    /// Its name.
    pub topic: String,
    /// The type of its messages.
    pub message: MessageType,
    /// The frame written into stamped commands.
    pub frame_id: String,
    /// Whether stamped commands carry the time, or 0.
    pub is_stamped: bool,
    /// How many points each trajectory has; 1 for every other message.
    pub points: usize,
    /// Messages per second, in Hz; `None` for one in every control period.
    pub rate_hz: Option<f64>,
    /// Which field of the message an action of the policy goes to, by the action's name.
    pub fields: BTreeMap<String, String>,
}

/// A narrower limit for one number of the action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitConfig {
    /// The smallest value, in the action's unit; −∞ leaves the policy's.
    pub min: f64,
    /// The largest value, in the action's unit; +∞ leaves the policy's.
    pub max: f64,
    /// The largest change per second, in the action's unit; `None` for any.
    pub max_rate: Option<f64>,
    /// The largest change of that rate per second, in the action's unit; `None` for any.
    pub max_acceleration: Option<f64>,
    /// How near to the stop value a value is taken for it, in the action's unit; 0 for never.
    pub deadband: f64,
    /// Time constant of a first-order low-pass, in seconds; 0 for none.
    pub smoothing_s: f64,
}

/// A second at 100 Hz: what follows from one look at the world for longer is no reaction to it.
const MOST_POINTS: i64 = 100;

/// Larger than any action in any unit, and small enough that sums and differences stay finite.
const LARGEST_ACTION: f64 = 1e9;

/// Slower than any robot is to be.
const LONGEST_SMOOTHING_S: f64 = 60.0;

impl ActionConfig {
    pub(super) fn declare(d: &mut Declarations) -> Option<Self> {
        let names = d.names_under("action.commands");
        for of_one in [
            "topic", "message", "frame_id", "stamp", "points", "rate_hz", "fields",
        ] {
            let is_given = d.names_under("action").iter().any(|name| name == of_one);
            if is_given && !names.is_empty() {
                d.problem(format!(
                    "parameters action.{of_one} and action.commands are both given; with one command topic it is \
                     action.{of_one}, with several each has its own under action.commands.<name>"
                ));
            }
        }
        let commands: Vec<Option<CommandConfig>> = match names.is_empty() {
            true => vec![CommandConfig::declare(d, "action".to_owned(), "action")],
            false => names
                .iter()
                .map(|name| CommandConfig::declare(d, format!("action.commands.{name}"), name))
                .collect(),
        };
        let mut quantities = BTreeMap::new();
        for name in d.names_under("action.quantities") {
            let quantity = d.choice(
                &format!("action.quantities.{name}"),
                "",
                &ActionQuantity::WORDS,
                "What this action commands, if neither the command message nor the policy says so; it determines what a \
                 stop does.",
                ActionQuantity::parse,
            );
            quantities.extend(quantity.map(|quantity| (name, quantity)));
        }
        let mut limits = BTreeMap::new();
        for name in d.names_under("action.limits") {
            limits.insert(name.clone(), LimitConfig::declare(d, &name));
        }
        Some(Self {
            commands: commands.into_iter().collect::<Option<_>>()?,
            quantities,
            limits,
        })
    }

    /// What each command message carries.
    pub fn carried(&self) -> Vec<Carried<'_>> {
        let commands = self.commands.iter();
        commands
            .map(|command| Carried {
                place: &command.place,
                message: command.message,
                fields: &command.fields,
            })
            .collect()
    }

    /// How each command message is sent.
    pub fn timing(&self, control_rate_hz: f64) -> impl Iterator<Item = Timing<'_>> {
        self.commands.iter().map(move |command| Timing {
            frame_id: &command.frame_id,
            is_stamped: command.is_stamped,
            period_s: 1.0 / command.rate_hz.unwrap_or(control_rate_hz),
            control_period_s: 1.0 / control_rate_hz,
            points: command.points,
        })
    }
}

impl CommandConfig {
    fn declare(d: &mut Declarations, place: String, default_topic: &str) -> Option<Self> {
        let key = |parameter: &str| format!("{place}.{parameter}");
        let topic = topic(d, &key("topic"), default_topic, "Command topic.");
        let message = message_of_numbers(
            d,
            &key("message"),
            MessageType::Float64MultiArray.ros_name(),
            &COMMANDS,
            "Message type of the command topic.",
        );
        let frame_id = d.string(
            &key("frame_id"),
            "",
            "frame_id in the header of stamped commands.",
        );
        let is_stamped = d.choice(
            &key("stamp"),
            "now",
            &["now", "zero"],
            "Stamp in the header of stamped commands: now, or zero, which a trajectory controller takes as \"start at \
             once\". Such a controller drops a trajectory that lies in the past, which happens when commands take \
             longer than a period to arrive or clocks disagree.",
            |word| Some(word == "now"),
        );
        let points = d.integer(
            &key("points"),
            1,
            1..=MOST_POINTS,
            "Points per trajectory, one control period apart: the current command and the ones that would follow \
             without new observations, each within all limits. A controller whose next trajectory is late continues \
             along them. Only JointTrajectory can have more than one.",
        );
        let rate_hz = d.double(
            &key("rate_hz"),
            0.0,
            Bounds::or(0.1..=1000.0, 0.0, "for control_rate_hz"),
            "Commands per second on this topic, in Hz, at most control_rate_hz; 0 for one per control period. Stops are \
             sent immediately, regardless of this rate.",
        );
        let mut fields = BTreeMap::new();
        for name in d.names_under(&key("fields")) {
            // A field path has dots of its own, which only its value may have.
            let field = d.string(
                &format!("{place}.fields.{name}"),
                "",
                "Field of the command message that this action is written to.",
            );
            fields.insert(name, field);
        }
        let message = message?;
        if points > 1 && message != MessageType::JointTrajectory {
            d.problem(format!(
                "parameter {place}.points is {points}; allowed: 1, for {} has no points; only {} has",
                message.ros_name(),
                MessageType::JointTrajectory.ros_name()
            ));
        }
        Some(Self {
            topic,
            message,
            points: usize::try_from(points).unwrap_or(1),
            frame_id,
            is_stamped: is_stamped?,
            rate_hz: (rate_hz > 0.0).then_some(rate_hz),
            fields,
            place,
        })
    }

    /// Adds a problem where it is to send more often than there are commands.
    pub(super) fn check_rate(&self, control_rate_hz: f64, errors: &mut ConfigErrors) {
        if let Some(rate_hz) = self.rate_hz.filter(|rate_hz| *rate_hz > control_rate_hz) {
            errors.add(format!(
                "parameter {}.rate_hz is {rate_hz}; allowed: up to control_rate_hz, which is {control_rate_hz}, or 0",
                self.place
            ));
        }
    }
}

impl LimitConfig {
    fn declare(d: &mut Declarations, action: &str) -> Self {
        let key = |parameter: &str| format!("action.limits.{action}.{parameter}");
        let any = || -LARGEST_ACTION..=LARGEST_ACTION;
        let min = d.double(
            &key("min"),
            f64::NEG_INFINITY,
            Bounds::or(any(), f64::NEG_INFINITY, "for the policy's own"),
            "Lower limit of the commanded value, in the action's unit; the policy's own limit still applies.",
        );
        let max = d.double(
            &key("max"),
            f64::INFINITY,
            Bounds::or(any(), f64::INFINITY, "for the policy's own"),
            "Upper limit of the commanded value, in the action's unit; the policy's own limit still applies.",
        );
        let max_rate = d.double(
            &key("max_rate"),
            0.0,
            Bounds::or(1e-9..=LARGEST_ACTION, 0.0, "for any"),
            "Maximum change per second, in the action's unit; 0 for no limit. It delays a stop only if stop.ramp is \
             set.",
        );
        let max_acceleration = d.double(
            &key("max_acceleration"),
            0.0,
            Bounds::or(1e-9..=LARGEST_ACTION, 0.0, "for any"),
            "Maximum change of the rate per second, in the action's unit; 0 for no limit. It delays a stop only if \
             stop.ramp is set.",
        );
        let deadband = d.double(
            &key("deadband"),
            0.0,
            0.0..=LARGEST_ACTION,
            "Values closer to the stop value than this become the stop value, in the action's unit; 0 for none.",
        );
        let smoothing_s = d.double(
            &key("smoothing"),
            0.0,
            0.0..=LONGEST_SMOOTHING_S,
            "Time constant of a first-order low-pass filter on the policy's output, in seconds; 0 for none.",
        );
        Self {
            min,
            max,
            max_rate: (max_rate > 0.0).then_some(max_rate),
            max_acceleration: (max_acceleration > 0.0).then_some(max_acceleration),
            deadband,
            smoothing_s,
        }
    }
}
