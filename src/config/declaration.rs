//! Declaring parameters: each is taken from what was given, checked, and remembered for those who ask.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::Value;
use super::bounds::Bounds;
use super::given::{Given, GivenValue};
use crate::errors::ConfigErrors;
use crate::spec::keys::nearest;

/// What every ROS 2 node may be told, whether or not it does anything with it.
const OF_EVERY_NODE: [&str; 1] = ["start_type_description_service"];

/// Where the quality of service of single topics is given.
const QOS_OVERRIDES: &str = "qos_overrides";

/// What came of the parameters that were given to a node.
#[derive(Clone, Debug)]
pub struct Checked<C> {
    /// What they say.
    pub config: C,
    /// All of the node's parameters, for the parameter services.
    pub declared: Vec<Declared>,
    /// What was given and has no effect, or another one than it seems to.
    pub warnings: Vec<String>,
}

impl<C> Checked<C> {
    /// The same with another configuration.
    pub(super) fn with<D>(self, config: D) -> Checked<D> {
        Checked {
            config,
            declared: self.declared,
            warnings: self.warnings,
        }
    }
}

/// What is told about a parameter: by the node's parameter services and by error messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// Its full name, nested names joined with dots.
    pub name: String,
    /// The value in force.
    pub value: Value,
    /// What it does, with its unit.
    pub description: &'static str,
    /// What is allowed, in words; empty where the type says it all.
    pub allowed: String,
    /// The smallest and the largest number that is allowed.
    pub range: Option<(f64, f64)>,
    /// Whether it stays as it is while the node runs.
    pub read_only: bool,
}

/// Takes declared parameters out of what was given; what is left over at the end is unknown.
pub struct Declarations {
    given: BTreeMap<String, GivenValue>,
    warnings: Vec<String>,
    declared: Vec<Declared>,
    errors: ConfigErrors,
    documented_in: &'static str,
}

impl Declarations {
    /// Starts from the parameters that were given.
    pub fn new(given: impl Into<Given>) -> Self {
        let Given { values, warnings } = given.into();
        Self {
            given: values,
            warnings,
            declared: Vec::new(),
            errors: ConfigErrors::new(),
            documented_in: "config/late_fusion.param.yaml",
        }
    }

    /// The same, of another node, whose parameters are documented in this file.
    pub fn documented_in(self, documented_in: &'static str) -> Self {
        Self {
            documented_in,
            ..self
        }
    }

    /// The names that occur directly under `prefix`, such as the modalities under `modalities`.
    pub fn names_under(&self, prefix: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .given
            .keys()
            .filter_map(|name| {
                name.strip_prefix(prefix)?
                    .strip_prefix('.')?
                    .split('.')
                    .next()
            })
            .map(str::to_owned)
            .collect();
        names.dedup();
        names
    }

    /// Whether a parameter of this name is given, with more than nothing in it.
    pub fn is_given(&self, name: &str) -> bool {
        let given = self.given.get(name);
        given.is_some_and(|given| given.value != Value::String(String::new()))
    }

    /// Adds a problem that a single parameter's type and range cannot express.
    pub fn problem(&mut self, problem: impl Into<String>) {
        self.errors.add(problem);
    }

    /// Declares a bool.
    pub fn bool(&mut self, name: &str, default: bool, description: &'static str) -> bool {
        let value = match self.take(name) {
            None => default,
            Some(Value::Bool(value)) => value,
            Some(other) => self.mistyped(name, &other, "bool (true or false)", default),
        };
        self.declare(name, Value::Bool(value), description, String::new(), None);
        value
    }

    /// Declares a whole number.
    pub fn integer(
        &mut self,
        name: &str,
        default: i64,
        range: RangeInclusive<i64>,
        description: &'static str,
    ) -> i64 {
        let (low, high) = range.into_inner();
        let allowed = format!("{low} to {high}");
        let value = match self.take(name) {
            None => default,
            Some(Value::Integer(value)) => {
                if !(low..=high).contains(&value) {
                    self.out_of_range(name, &Value::Integer(value), &allowed);
                }
                value
            }
            Some(other) => self.mistyped(name, &other, "integer", default),
        };
        let range = Some((low as f64, high as f64));
        self.declare(name, Value::Integer(value), description, allowed, range);
        value
    }

    /// Declares a number. A whole number is taken as one too: `40` means `40.0`.
    pub fn double(
        &mut self,
        name: &str,
        default: f64,
        bounds: impl Into<Bounds>,
        description: &'static str,
    ) -> f64 {
        let bounds = bounds.into();
        let allowed = bounds.to_string();
        let value = match self.take(name) {
            None => default,
            Some(Value::Double(value)) => value,
            Some(Value::Integer(value)) => value as f64,
            Some(other) => self.mistyped(name, &other, "double", default),
        };
        if !bounds.contains(value) {
            self.out_of_range(name, &Value::Double(value), &allowed);
        }
        self.declare(
            name,
            Value::Double(value),
            description,
            allowed,
            Some(bounds.hull()),
        );
        value
    }

    /// Declares a text.
    pub fn string(&mut self, name: &str, default: &str, description: &'static str) -> String {
        let value = match self.take(name) {
            None => default.to_owned(),
            Some(Value::String(value)) => value,
            Some(other) => self.mistyped(name, &other, "string", default.to_owned()),
        };
        let shown = Value::String(value.clone());
        self.declare(name, shown, description, String::new(), None);
        value
    }

    /// Declares a text that those who ask for the parameters are not shown; empty for none.
    pub fn secret(&mut self, name: &str, description: &'static str) -> String {
        let value = self.string(name, "", description);
        if let Some(declared) = self.declared.last_mut()
            && !value.is_empty()
        {
            declared.value = Value::String("(hidden)".to_owned());
        }
        value
    }

    /// Declares a text that must be one of a few words, and returns what `parse` makes of it.
    pub fn choice<T>(
        &mut self,
        name: &str,
        default: &str,
        words: &[&str],
        description: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.string(name, default, description);
        let allowed = words.join(", ");
        let parsed = parse(&text);
        if parsed.is_none() {
            let given = Value::String(text);
            self.out_of_range(name, &given, &allowed);
        }
        if let Some(declared) = self.declared.last_mut() {
            declared.allowed = allowed;
        }
        parsed
    }

    /// Ends the declaration: what was given and never declared is unknown. In a section for any node it may be meant for
    /// another one, and is told only where it looks like one of ours.
    ///
    /// # Errors
    /// Every problem found since the start.
    pub fn finish<C>(mut self, config: C) -> Result<Checked<C>, ConfigErrors> {
        let mut qos = Vec::new();
        for (name, given) in &self.given {
            if OF_EVERY_NODE.contains(&name.as_str()) {
                continue;
            }
            if name.split('.').next() == Some(QOS_OVERRIDES) {
                qos.push(name.as_str());
                continue;
            }
            let nearest = nearest(name, self.declared.iter().map(|d| d.name.as_str()));
            let instead = match nearest {
                Some(other) => format!("did you mean {other}?"),
                None => format!("{} documents every parameter", self.documented_in),
            };
            match &given.shared_by {
                None => self
                    .errors
                    .add(format!("parameter {name} is unknown; {instead}")),
                Some(section) if nearest.is_some() || self.is_in_a_group_of_ours(name) => {
                    self.warnings.push(format!(
                        "parameter {name} in section {section} is none of this node's; {instead}"
                    ));
                }
                Some(_) => {}
            }
        }
        if !qos.is_empty() {
            self.warnings.push(format!(
                "parameters {} have no effect; this node sets the quality of service of its topics itself",
                qos.join(", ")
            ));
        }
        self.errors.or(Checked {
            config,
            declared: self.declared,
            warnings: self.warnings,
        })
    }

    /// Whether a nested name begins as some of ours do, such as `action`.
    fn is_in_a_group_of_ours(&self, name: &str) -> bool {
        let group = |name: &str| name.split_once('.').map(|(group, _)| group.to_owned());
        let own = group(name);
        own.is_some() && self.declared.iter().any(|d| group(&d.name) == own)
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.given.remove(name).map(|given| given.value)
    }

    fn declare(
        &mut self,
        name: &str,
        value: Value,
        description: &'static str,
        allowed: String,
        range: Option<(f64, f64)>,
    ) {
        self.declared.push(Declared {
            name: name.to_owned(),
            value,
            description,
            allowed,
            range,
            read_only: true,
        });
    }

    fn mistyped<T>(&mut self, name: &str, value: &Value, expected: &str, default: T) -> T {
        self.errors.add(format!(
            "parameter {name} is {value} (type {}); its type must be {expected}",
            value.type_name()
        ));
        default
    }

    fn out_of_range(&mut self, name: &str, value: &Value, allowed: &str) {
        self.errors
            .add(format!("parameter {name} is {value}; allowed: {allowed}"));
    }
}

#[cfg(test)]
mod tests;
