//! The parameters of a node that runs: which of them can be changed, and what comes of a change.
//!
//! A change is the same parameters once more with another value, through the same checks. What can be changed is what a
//! policy is run with; it takes effect as another policy does, between two commands. Topics, the rate and what is asked of
//! the kernel are there before any policy is.

use super::declaration::{Checked, Declared};
use super::given::{Given, GivenValue};
use super::node::NodeConfig;
use super::value::Value;
use crate::errors::ConfigErrors;
use crate::spec::keys::nearest;

/// Parameters that can be changed, wherever they stand by themselves.
const LIVE: [&str; 7] = [
    "policy",
    "execution_provider",
    "intra_op_threads",
    "intra_op_spinning",
    "encoder_cpus",
    "contributions_rate_hz",
    "stop.ramp",
];

/// Groups of which every parameter can be changed.
const LIVE_GROUPS: [&str; 2] = [LIMITS, "chunk."];

/// The group of limits, which are declared for those actions for which one is given.
const LIMITS: &str = "action.limits.";

/// Of each modality, those that can be changed.
const LIVE_OF_A_MODALITY: [&str; 10] = [
    "required",
    "max_age_s",
    "max_future_s",
    "min_contrast",
    "max_frozen_s",
    "max_distance",
    "execution_provider",
    "intra_op_threads",
    "intra_op_spinning",
    "encoder_cpus",
];

/// The parameters as they are in force.
#[derive(Clone, Debug)]
pub struct LiveParameters {
    given: Given,
    checked: Checked<NodeConfig>,
}

impl LiveParameters {
    /// Checks those that the node is started with.
    ///
    /// # Errors
    /// As for [`NodeConfig::from_parameters`].
    pub fn new(given: Given) -> Result<Self, ConfigErrors> {
        let mut checked = NodeConfig::from_parameters(given.clone())?;
        for declared in &mut checked.declared {
            declared.read_only = !is_live(&declared.name);
        }
        Ok(Self { given, checked })
    }

    /// What they say.
    pub fn config(&self) -> &NodeConfig {
        &self.checked.config
    }

    /// All of them, with their values.
    pub fn declared(&self) -> &[Declared] {
        &self.checked.declared
    }

    /// What was given and has no effect, or another one than it seems to.
    pub fn warnings(&self) -> &[String] {
        &self.checked.warnings
    }

    /// The same with another value of one of them.
    ///
    /// # Errors
    /// A parameter that there is not or that cannot be changed, a value of another type or out of its range, and every
    /// other parameter that does not go with it.
    pub fn with(&self, name: &str, value: Value) -> Result<Self, ConfigErrors> {
        match self.declared().iter().find(|d| d.name == name) {
            Some(present) if value == present.value => return Ok(self.clone()),
            Some(present) if present.read_only => return Err(fixed(name).into()),
            None if !name.starts_with(LIMITS) => return Err(self.unknown(name).into()),
            _ => {}
        }
        let mut given = self.given.clone();
        let shared_by = None;
        (given.values).insert(name.to_owned(), GivenValue { value, shared_by });
        let changed = Self::new(given)?;
        changed.keeps_topics_of(self.config())?;
        Ok(changed)
    }

    fn unknown(&self, name: &str) -> String {
        let names = self.declared().iter().map(|d| d.name.as_str());
        let instead = match nearest(name, names) {
            Some(other) => format!("did you mean {other}?"),
            None => "`ros2 param list` shows all of this node".to_owned(),
        };
        format!("parameter {name} is unknown; {instead}")
    }

    /// Topics are made once, with the quality of service that the parameters ask for then.
    fn keeps_topics_of(&self, present: &NodeConfig) -> Result<(), ConfigErrors> {
        let mut errors = ConfigErrors::new();
        for (new, old) in self.config().modalities.iter().zip(&present.modalities) {
            if new.is_latched() != old.is_latched() {
                errors.add(format!(
                    "parameter modalities.{}.max_age_s can be changed from or to .inf only in the parameter file: the \
                     topic's quality of service depends on it",
                    new.name
                ));
            }
        }
        let rates = [self.config(), present].map(|config| config.contributions_rate_hz == 0.0);
        if rates[0] != rates[1] {
            errors.add(
                "parameter contributions_rate_hz can be changed from or to 0 only in the parameter file: without it its \
                 topics are not offered",
            );
        }
        errors.or(())
    }
}

/// Why a parameter stays as it is.
pub fn fixed(name: &str) -> String {
    format!(
        "parameter {name} cannot be changed while the node runs; change the parameter file and start the node again"
    )
}

fn is_live(name: &str) -> bool {
    let of_a_modality = |name: &str| {
        let (_, parameter) = name.strip_prefix("modalities.")?.split_once('.')?;
        Some(LIVE_OF_A_MODALITY.contains(&parameter))
    };
    LIVE.contains(&name)
        || LIVE_GROUPS.iter().any(|group| name.starts_with(group))
        || of_a_modality(name) == Some(true)
}

#[cfg(test)]
mod tests;
