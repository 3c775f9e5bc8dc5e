//! What is wanted of the messages of one type: paths, resolved to fields.

use std::ops::Range;

use super::layout::{Count, Field, Kind, Layout};
use super::path::{Path, Pick, Step};
use crate::errors::ConfigErrors;

/// What is wanted of a struct.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub wants: Vec<Want>,
    /// Names that are looked for in a field of this struct.
    pub names: Vec<Name>,
    /// The fields that say which ranges are measurements, where it is one of a range finder.
    pub limits: Option<[usize; 2]>,
}

/// What is wanted of a field.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub field: usize,
    pub element: Element,
    pub then: Then,
}

/// Which elements of a field count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Only,
    At(usize),
    /// That of the name with this place in the scratch.
    Named(usize),
    SmallestOf(Range<usize>, usize),
}

/// What is done with an element.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// It is the number of this path.
    Take(usize),
    /// Something is wanted inside it.
    Enter(Box<Plan>),
}

/// A name that is looked for in an array of texts.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub field: usize,
    pub name: String,
    pub place: usize,
}

/// Arrays in which messages have the names that go with the elements of the arrays beside them.
const NAMES: [&str; 3] = ["name", "names", "joint_names"];

/// What a `sensor_msgs/LaserScan` or a `Range` is read by: its ranges, and the fields with the nearest and the farthest
/// that it can measure.
const RANGE_FINDERS: [(&str, [&str; 2]); 2] = [
    ("ranges", ["range_min", "range_max"]),
    ("range", ["min_range", "max_range"]),
];

impl Plan {
    /// For these paths in messages of a layout, with the number of names that are looked for.
    ///
    /// # Errors
    /// Every path that is none, or that leads to no number of such a message, with the fields that there are.
    pub fn new(layout: &'static Layout, paths: &[String]) -> Result<(Self, usize), ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let (mut plan, mut names) = (Self::default(), 0);
        for (i, text) in paths.iter().enumerate() {
            let added = Path::parse(text).and_then(|path| {
                let mut builder = Builder {
                    layout,
                    text,
                    names: &mut names,
                };
                builder.add(&mut plan, layout.root_index(), &path.steps, i)
            });
            if let Err(problem) = added {
                errors.add(problem);
            }
        }
        errors.or((plan, names))
    }
}

struct Builder<'a> {
    layout: &'static Layout,
    text: &'a str,
    names: &'a mut usize,
}

impl Builder<'_> {
    /// Adds what the rest of a path wants to the plan of a struct.
    fn add(
        &mut self,
        plan: &mut Plan,
        of: usize,
        steps: &[Step],
        path: usize,
    ) -> Result<(), String> {
        let fields = &self.layout.at(of).fields;
        let [step, rest @ ..] = steps else {
            return Err(format!("{:?} leads to no number", self.text));
        };
        let Some(index) = fields.iter().position(|field| field.name == step.field) else {
            let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
            return Err(format!(
                "{:?}: {} has no field {}; it has {}",
                self.text,
                self.layout.at(of).type_name,
                step.field,
                names.join(", ")
            ));
        };
        let field = &fields[index];
        let element = match (&step.pick, field.count) {
            (Pick::Only, Count::One) => Element::Only,
            (Pick::At(at), Count::Fixed(count)) if *at >= count as usize => {
                return Err(format!(
                    "{:?}: {} has {count} elements",
                    self.text, field.name
                ));
            }
            (Pick::At(at), Count::Fixed(_) | Count::Any) => Element::At(*at),
            (Pick::SmallestOf(from, to, step), Count::Fixed(_) | Count::Any)
                if matches!(field.kind, Kind::Number(_)) =>
            {
                Element::SmallestOf(*from..*to, *step)
            }
            (Pick::Named(name), Count::Fixed(_) | Count::Any) => {
                Element::Named(self.name(plan, of, index, name)?)
            }
            (_, Count::One) => {
                return Err(format!("{:?}: {} is not an array", self.text, field.name));
            }
            _ => {
                return Err(format!(
                    "{:?}: {} is an array; say which element, such as {}[0]",
                    self.text, field.name, field.name
                ));
            }
        };
        if let Some((_, limits)) = RANGE_FINDERS.iter().find(|(name, _)| *name == field.name) {
            let place = |name: &str| fields[..index].iter().position(|field| field.name == name);
            plan.limits = place(limits[0])
                .zip(place(limits[1]))
                .map(|(min, max)| [min, max]);
        }
        match (field.kind, rest) {
            (Kind::Number(_), []) => plan.wants.push(Want {
                field: index,
                element,
                then: Then::Take(path),
            }),
            (Kind::Number(_), _) => {
                return Err(format!("{:?}: {} is a number", self.text, field.name));
            }
            (Kind::Text, _) => {
                return Err(format!(
                    "{:?}: {} is a text, not a number",
                    self.text, field.name
                ));
            }
            (Kind::Struct(inner), []) => {
                let names: Vec<&str> = self
                    .layout
                    .at(inner)
                    .fields
                    .iter()
                    .map(|f| f.name)
                    .collect();
                return Err(format!(
                    "{:?}: {} is not a number; inside it are {}",
                    self.text,
                    field.name,
                    names.join(", ")
                ));
            }
            (Kind::Struct(inner), rest) => {
                // Whatever is wanted inside one element is read in one go.
                let is_same = |want: &Want| want.field == index && want.element == element;
                let place = plan.wants.iter().position(is_same).unwrap_or_else(|| {
                    plan.wants.push(Want {
                        field: index,
                        element,
                        then: Then::Enter(Box::default()),
                    });
                    plan.wants.len() - 1
                });
                if let Then::Enter(inside) = &mut plan.wants[place].then {
                    self.add(inside, inner, rest, path)?;
                }
            }
        }
        Ok(())
    }

    /// The place at which a name's index will be remembered.
    fn name(
        &mut self,
        plan: &mut Plan,
        of: usize,
        before: usize,
        name: &str,
    ) -> Result<usize, String> {
        let fields = &self.layout.at(of).fields;
        let Some(field) = fields[..before].iter().position(is_names) else {
            return Err(format!(
                "{:?}: {} has no names to look for {name} in; say which element, such as {}[0]",
                self.text,
                self.layout.at(of).type_name,
                fields[before].name
            ));
        };
        if let Some(known) = plan.names.iter().find(|known| known.name == name) {
            return Ok(known.place);
        }
        let place = *self.names;
        *self.names += 1;
        plan.names.push(Name {
            field,
            name: name.to_owned(),
            place,
        });
        Ok(place)
    }
}

/// Whether a field has the names that go with the elements of arrays beside it.
pub(super) fn is_names(field: &Field) -> bool {
    NAMES.contains(&field.name) && field.kind == Kind::Text && field.count != Count::One
}

/// Whether a field has what a range finder has measured.
pub(super) fn is_ranges(field: &Field) -> bool {
    RANGE_FINDERS.iter().any(|(name, _)| *name == field.name)
}
