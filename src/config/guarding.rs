//! What the guard is told of every number of the action: its limits, what a stop is, and where it is measured.

use super::node::NodeConfig;
use super::stop::StopBehaviour;
use crate::control::MeasuredAt;
use crate::errors::ConfigErrors;
use crate::message::{CommandSet, MessageType, Quantity};
use crate::safety::{Limit, Stop};
use crate::spec::{ActionQuantity, ActionSpec, PolicySpec, SourceSpec};

/// What the guard is told, in the policy's order of actions.
pub(super) struct Guarding {
    /// The limits of each action.
    pub limits: Vec<Limit>,
    /// Where the position that an action commands is measured.
    pub measured: Vec<Option<MeasuredAt>>,
}

impl Guarding {
    /// Joins the parameters with what `policy.yaml` says; without commands only to find what else is wrong.
    ///
    /// # Errors
    /// Every limit, quantity and stop that one of the two has and the other does not allow.
    pub fn new(
        config: &NodeConfig,
        spec: &PolicySpec,
        commands: Option<&CommandSet>,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        check_names(config, spec, &mut errors);
        let quantities = quantities(config, spec, commands, &mut errors);
        let behaviour = config.stop.behaviour;
        let is_position = |quantity: &Option<_>| *quantity == Some(ActionQuantity::Position);
        let holds = quantities.iter().any(is_position);
        if behaviour == StopBehaviour::Hold && commands.is_some() && !holds {
            errors.add(
                "parameter stop.behaviour is hold, but no action is known to be a position, and nothing else can be held; \
                 where the command message does not say what an action is, action.quantities does",
            );
        }
        let actions = spec.actions.iter().zip(&quantities);
        let limits = actions.filter_map(|(action, quantity)| {
            let stop = stop_of(action, *quantity, behaviour).map_err(|why| errors.add(why));
            let limit = limit_of(config, action, stop.ok()?);
            limit.map_err(|why| errors.add(why)).ok()
        });
        let limits = limits.collect();
        let actions = spec.actions.iter().zip(&quantities);
        let mut joints = commands.into_iter().flat_map(CommandSet::joints);
        let measured = actions.map(|(action, quantity)| {
            let joint = joints.next().flatten();
            is_position(quantity).then(|| measured_at(config, spec, action, joint.as_deref()))?
        });
        let measured = measured.collect();
        errors.or(Self { limits, measured })
    }
}

/// What each action commands; `None` where nobody says it.
pub(super) fn quantities(
    config: &NodeConfig,
    spec: &PolicySpec,
    commands: Option<&CommandSet>,
    errors: &mut ConfigErrors,
) -> Vec<Option<ActionQuantity>> {
    let mut of_message = commands.into_iter().flat_map(CommandSet::quantities);
    let carriers = commands.map(CommandSet::carriers).unwrap_or_default();
    let mut messages = carriers
        .iter()
        .map(|carrier| config.action.commands[*carrier].message);
    let each = spec.actions.iter();
    each.map(|action| {
        let of_message = of_message.next().flatten();
        let message = messages.next().map_or("the command message", MessageType::ros_name);
        let name = &action.name;
        let said = [
            (
                format!("its field in {message}"),
                of_message.map(|quantity| match quantity {
                    Quantity::Positions => ActionQuantity::Position,
                    Quantity::Velocities => ActionQuantity::Velocity,
                    Quantity::Effort => ActionQuantity::Effort,
                    Quantity::Accelerations => ActionQuantity::Other,
                }),
            ),
            (
                format!("parameter action.quantities.{name}"),
                config.action.quantities.get(name).copied(),
            ),
            (format!("the policy {:?}", spec.name), action.quantity),
        ];
        let mut known = said.iter().filter_map(|(who, quantity)| quantity.map(|q| (who, q)));
        let (first_who, first) = known.next()?;
        for (who, other) in known.filter(|(_, other)| *other != first) {
            errors.add(format!(
                "action {name}: {first_who} says that it is of the quantity {first}, but {who} says {other}; a stop depends \
                 on it, so they must agree"
            ));
        }
        Some(first)
    })
    .collect()
}

fn check_names(config: &NodeConfig, spec: &PolicySpec, errors: &mut ConfigErrors) {
    let limits = config.action.limits.keys().map(|name| ("limits", name));
    let quantities = config.action.quantities.keys();
    for (group, name) in limits.chain(quantities.map(|name| ("quantities", name))) {
        if !spec.actions.iter().any(|action| action.name == *name) {
            let names: Vec<&str> = spec.actions.iter().map(|a| a.name.as_str()).collect();
            errors.add(format!(
                "parameter action.{group}.{name}: the policy {:?} has no such action; it has {}",
                spec.name,
                names.join(", ")
            ));
        }
    }
}

/// What stops an action.
fn stop_of(
    action: &ActionSpec,
    quantity: Option<ActionQuantity>,
    behaviour: StopBehaviour,
) -> Result<Stop, String> {
    let (name, is_position) = (&action.name, quantity == Some(ActionQuantity::Position));
    match (behaviour, action.stop) {
        (StopBehaviour::Auto, Some(stop)) if is_position => Err(format!(
            "action {name} is a position, and the policy's stop for it is {stop}: to drive a joint somewhere is no stop. Say \
             what is meant with the parameter stop.behaviour: hold holds its position, named drives it to {stop}"
        )),
        (StopBehaviour::Auto | StopBehaviour::Hold, _) if is_position => Ok(Stop::Hold),
        (StopBehaviour::Zero, _) if is_position => Err(format!(
            "parameter stop.behaviour is zero, but action {name} is a position, and to drive a joint to 0 is no stop; auto or \
             hold are allowed, or named where the policy has a stop for it"
        )),
        (StopBehaviour::Named, None) if is_position => Err(format!(
            "parameter stop.behaviour is named, but the policy has no stop for action {name}, a position; auto or hold are \
             allowed"
        )),
        (StopBehaviour::Zero, _) => Ok(Stop::At(0.0)),
        _ => Ok(Stop::At(action.stop_value())),
    }
}

/// The policy's limits and those of the parameters; of two the one that lets less through.
fn limit_of(config: &NodeConfig, action: &ActionSpec, stop: Stop) -> Result<Limit, String> {
    let name = &action.name;
    let mut limit = Limit {
        stop,
        ..Limit::from(action)
    };
    if let Some(narrow) = config.action.limits.get(name) {
        let least = |own: Option<f64>, other: Option<f64>| match (own, other) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (own, other) => own.or(other),
        };
        limit.min = limit.min.max(narrow.min);
        limit.max = limit.max.min(narrow.max);
        limit.max_rate = least(limit.max_rate, narrow.max_rate);
        limit.max_acceleration = least(limit.max_acceleration, narrow.max_acceleration);
        limit.deadband = limit.deadband.max(narrow.deadband);
        limit.smoothing_s = limit.smoothing_s.max(narrow.smoothing_s);
        if limit.min > limit.max {
            return Err(format!(
                "parameter action.limits.{name}: {} to {} and the policy's own {} to {} leave no value that is allowed",
                narrow.min, narrow.max, action.min, action.max
            ));
        }
        if let Stop::At(stop) = stop
            && !(limit.min..=limit.max).contains(&stop)
            && (action.min..=action.max).contains(&stop)
        {
            return Err(format!(
                "parameter action.limits.{name}: {} to {} leaves out the stop value {stop}, which must be allowed",
                narrow.min, narrow.max
            ));
        }
    }
    match stop {
        Stop::At(stop) if !(limit.min..=limit.max).contains(&stop) => Err(format!(
            "action {name}: its stop value is {stop}; it must lie within min and max, {} to {}",
            limit.min, limit.max
        )),
        Stop::Hold if limit.deadband > 0.0 => Err(format!(
            "action {name}: its deadband is {}, but it is a position that a stop holds, so it has no stop value for a deadband \
             to be around; 0 is allowed",
            limit.deadband
        )),
        _ => Ok(limit),
    }
}

/// Where the position that an action commands is measured: among the joint states, under the name of the joint, which is
/// the action's own where the message has no names. They are in radians and metres; in another unit nothing can be measured.
fn measured_at(
    config: &NodeConfig,
    spec: &PolicySpec,
    action: &ActionSpec,
    joint: Option<&str>,
) -> Option<MeasuredAt> {
    let is_metric = joint.is_some() || ["", "rad", "m"].contains(&action.unit.as_str());
    let joint = joint.unwrap_or(&action.name);
    let is_joint_state = |name: &String| {
        let wired = config.modalities.iter().find(|wired| wired.name == *name);
        wired.is_some_and(|wired| wired.enabled && wired.message == MessageType::JointState)
    };
    let each = spec.modalities.iter().enumerate();
    let mut found = each.filter(|(_, m)| is_joint_state(&m.name));
    found
        .find_map(|(modality, m)| match &m.source {
            SourceSpec::Vector { names } => {
                let number = names.iter().position(|name| name == joint)?;
                Some(MeasuredAt { modality, number })
            }
            _ => None,
        })
        .filter(|_| is_metric)
}

/// Says which actions may change as fast as the policy likes.
pub(super) fn unlimited(spec: &PolicySpec, limits: &[Limit]) -> Vec<String> {
    let names = |is_meant: fn(&Limit) -> bool| -> Vec<&str> {
        let each = spec.actions.iter().zip(limits);
        let meant = each.filter(|(_, limit)| is_meant(limit));
        meant.map(|(action, _)| action.name.as_str()).collect()
    };
    let neither = |l: &Limit| l.max_rate.is_none() && l.max_acceleration.is_none();
    let no_acceleration = |l: &Limit| l.max_rate.is_some() && l.max_acceleration.is_none();
    let no_rate = |l: &Limit| l.max_rate.is_none() && l.max_acceleration.is_some();
    [
        (
            names(neither),
            "rate or acceleration",
            "max_rate and max_acceleration",
        ),
        (names(no_acceleration), "acceleration", "max_acceleration"),
        (names(no_rate), "rate", "max_rate"),
    ]
    .into_iter()
    .filter_map(|(names, what, parameters)| {
        let first = names.first()?;
        let actions = match names.len() {
            1 => "action",
            _ => "actions",
        };
        Some(format!(
            "{actions} {}: no limit of {what}; set {parameters} under action.limits.{first}{}",
            names.join(", "),
            match names.len() {
                1 => "",
                _ => " and the others",
            }
        ))
    })
    .collect()
}

#[cfg(test)]
mod tests;
