//! Declaring parameters: each is taken from what was given, checked, and remembered for those who ask.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::Value;
use crate::errors::ConfigErrors;

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
    /// The range of a number.
    pub range: Option<(f64, f64)>,
}

/// Takes declared parameters out of what was given; what is left over at the end is unknown.
pub struct Declarations {
    given: BTreeMap<String, Value>,
    declared: Vec<Declared>,
    errors: ConfigErrors,
    documented_in: &'static str,
}

impl Declarations {
    /// Starts from the parameters that were given.
    pub fn new(given: BTreeMap<String, Value>) -> Self {
        Self {
            given,
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

    /// Adds a problem that a single parameter's type and range cannot express.
    pub fn problem(&mut self, problem: impl Into<String>) {
        self.errors.add(problem);
    }

    /// Declares a bool.
    pub fn bool(&mut self, name: &str, default: bool, description: &'static str) -> bool {
        let value = match self.given.remove(name) {
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
        let value = match self.given.remove(name) {
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
        range: RangeInclusive<f64>,
        description: &'static str,
    ) -> f64 {
        let (low, high) = range.into_inner();
        let allowed = format!("{low} to {high}");
        let value = match self.given.remove(name) {
            None => default,
            Some(Value::Double(value)) => value,
            Some(Value::Integer(value)) => value as f64,
            Some(other) => self.mistyped(name, &other, "double", default),
        };
        // Written so that NaN is outside too.
        if !(low..=high).contains(&value) {
            self.out_of_range(name, &Value::Double(value), &allowed);
        }
        self.declare(
            name,
            Value::Double(value),
            description,
            allowed,
            Some((low, high)),
        );
        value
    }

    /// Declares a text.
    pub fn string(&mut self, name: &str, default: &str, description: &'static str) -> String {
        let value = match self.given.remove(name) {
            None => default.to_owned(),
            Some(Value::String(value)) => value,
            Some(other) => self.mistyped(name, &other, "string", default.to_owned()),
        };
        let shown = Value::String(value.clone());
        self.declare(name, shown, description, String::new(), None);
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

    /// Ends the declaration: what was given and never declared is unknown.
    ///
    /// # Errors
    /// Every problem found since the start.
    pub fn finish<T>(mut self, config: T) -> Result<(T, Vec<Declared>), ConfigErrors> {
        for name in self.given.keys() {
            let nearest = nearest(name, self.declared.iter().map(|d| d.name.as_str()));
            self.errors.add(match nearest {
                Some(other) => format!("parameter {name} is unknown; did you mean {other}?"),
                None => format!(
                    "parameter {name} is unknown; {} documents every parameter",
                    self.documented_in
                ),
            });
        }
        self.errors.or((config, self.declared))
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

/// The name that differs from `name` by a slip of the pen, if any does.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= 1 + name.len() / 5)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, Value)]) -> Declarations {
        Declarations::new(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        )
    }

    #[test]
    fn every_problem_is_told_at_once_with_name_value_and_what_is_allowed() {
        let mut declarations = given(&[
            ("rate_hz", Value::String("fast".into())),
            ("threads", Value::Integer(99)),
            ("age_s", Value::Double(f64::NAN)),
            ("polcy", Value::String("x".into())),
        ]);
        declarations.double("rate_hz", 40.0, 1.0..=1000.0, "");
        declarations.integer("threads", 1, 1..=64, "");
        declarations.double("age_s", 0.5, 0.0..=60.0, "");
        declarations.string("policy", "", "");
        let text = declarations.finish(()).unwrap_err().to_string();
        for part in [
            "rate_hz is \"fast\"",
            "threads is 99",
            "1 to 64",
            "age_s is NaN",
            "mean policy",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn a_whole_number_is_a_number() {
        let mut declarations = given(&[("rate_hz", Value::Integer(40))]);
        assert_eq!(declarations.double("rate_hz", 1.0, 1.0..=1000.0, ""), 40.0);
        let ((), declared) = declarations.finish(()).unwrap();
        assert_eq!(declared[0].value, Value::Double(40.0));
    }

    #[test]
    fn names_are_found_under_their_prefix() {
        let declarations = given(&[
            ("modalities.scene.topic", Value::Bool(true)),
            ("modalities.scene.message", Value::Bool(true)),
            ("modalities.joints.topic", Value::Bool(true)),
            ("modality.other", Value::Bool(true)),
        ]);
        assert_eq!(declarations.names_under("modalities"), ["joints", "scene"]);
    }
}
