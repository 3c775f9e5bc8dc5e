//! The ranges that a copy's alterations are drawn from.

use std::collections::BTreeMap;

use rand::Rng;
use rand::rngs::StdRng;
use serde::Serialize;
use serde_yaml::{Mapping, Value};

use super::quantity::{Quantity, Rules};
use crate::errors::ConfigErrors;
use crate::spec::keys::nearest;

/// The two ends of each range, for the quantities that are altered.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Ranges(BTreeMap<Quantity, [f64; 2]>);

impl Ranges {
    /// Reads what is left of a mapping once `others`, its further keys, are taken out; `place` is where it stands.
    pub fn read(keys: Mapping, others: &[&str], place: &str, errors: &mut ConfigErrors) -> Self {
        let mut ranges = BTreeMap::new();
        for (key, value) in keys {
            let Some(quantity) = key.as_str().and_then(Quantity::of_key) else {
                errors.add(unknown(&shown(&key), others, place));
                continue;
            };
            match range(&quantity.rules(), &value) {
                Ok(range) => {
                    ranges.insert(quantity, range);
                }
                Err(why) => errors.add(format!("{place}.{why}")),
            }
        }
        Self(ranges)
    }

    /// These, with those of `own` instead where it has any.
    pub fn with(&self, own: Option<&Self>) -> Self {
        let mut ranges = self.0.clone();
        ranges.extend(own.into_iter().flat_map(|own| &own.0));
        Self(ranges)
    }

    /// Those that mean anything for distances.
    pub fn of_depth(mut self) -> Self {
        self.0.retain(|quantity, _| quantity.is_of_depth());
        self
    }

    /// The quantities that have a range.
    pub fn quantities(&self) -> impl Iterator<Item = Quantity> {
        self.0.keys().copied()
    }

    /// Whether nothing would be altered.
    pub fn are_neutral(&self) -> bool {
        self.altering().next().is_none()
    }

    /// The quantities whose range alters anything.
    fn altering(&self) -> impl Iterator<Item = Quantity> {
        let alters = |(quantity, range): (&Quantity, &[f64; 2])| {
            let alters = range.iter().any(|end| *end != quantity.rules().neutral);
            alters.then_some(*quantity)
        };
        self.0.iter().filter_map(alters)
    }

    /// What one copy differs in. From where it is seen always; of how it looks every quantity as likely as not, and in half of
    /// the copies nothing. Were every moved picture a noisy one as well, a policy could take each clean one for one that
    /// was not moved, and be lost once a camera hangs elsewhere.
    pub fn draw_altered(&self, random: &mut StdRng) -> Vec<Quantity> {
        let (mut altered, looks): (Vec<_>, Vec<_>) =
            self.altering().partition(|quantity| quantity.is_of_place());
        if altered.is_empty() || random.random_bool(0.5) {
            let surely = random.random_range(0..looks.len().max(1));
            let looks = looks.into_iter().enumerate();
            altered.extend(
                looks.filter_map(|(i, look)| {
                    (random.random_bool(0.5) || i == surely).then_some(look)
                }),
            );
        }
        altered
    }

    /// A number between the ends of a range, each as likely; without a range the one that alters nothing.
    pub fn draw(&self, quantity: Quantity, random: &mut StdRng) -> f64 {
        match self.0.get(&quantity) {
            Some([least, most]) => random.random_range(*least..=*most),
            None => quantity.rules().neutral,
        }
    }
}

/// The keys of all quantities, as they are listed for a user.
pub fn keys() -> String {
    let keys = Quantity::ALL.map(|quantity| quantity.rules().key);
    keys.join(", ")
}

fn unknown(key: &str, others: &[&str], place: &str) -> String {
    let quantities = Quantity::ALL.map(|quantity| quantity.rules().key);
    let all = others.iter().chain(&quantities).copied();
    let guess =
        nearest(key, all).map_or(String::new(), |guess| format!("; did you mean `{guess}`?"));
    let others: String = others.iter().map(|other| format!("{other}, ")).collect();
    format!(
        "{place}: the key `{key}` is unknown; allowed are {others}{}{guess}",
        keys()
    )
}

/// The range that a value says.
fn range(rules: &Rules, value: &Value) -> Result<[f64; 2], String> {
    let Rules {
        key,
        least,
        most,
        unit,
        usual: [low, high],
        ..
    } = rules;
    let found = shown(value);
    let ends = value.as_sequence().map(|list| {
        let numbers = list.iter().map(Value::as_f64);
        numbers.collect::<Option<Vec<f64>>>()
    });
    let Some(Some([from, to])) = ends.as_ref().map(|ends| ends.as_deref()) else {
        return Err(format!(
            "{key} is {found}; the two ends of a range are needed, [{low}, {high}] for example"
        ));
    };
    let is_allowed = |end: &f64| (*least..=*most).contains(end);
    if !is_allowed(from) || !is_allowed(to) {
        return Err(format!(
            "{key} is {found}; {least} to {most} is allowed ({unit}), [{low}, {high}] for example"
        ));
    }
    if from > to {
        return Err(format!(
            "{key} is {found}; a range begins with its smaller end: [{to}, {from}]"
        ));
    }
    Ok([*from, *to])
}

/// A value on one line.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => "empty".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Sequence(list) => {
            let list: Vec<String> = list.iter().map(shown).collect();
            format!("[{}]", list.join(", "))
        }
        Value::Mapping(keys) => {
            let each = keys.iter();
            let each: Vec<String> = each
                .map(|(key, value)| format!("{}: {}", shown(key), shown(value)))
                .collect();
            format!("{{{}}}", each.join(", "))
        }
        Value::Tagged(tagged) => format!("{} {}", tagged.tag, shown(&tagged.value)),
    }
}
