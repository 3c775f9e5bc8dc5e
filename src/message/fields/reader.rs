//! Picks numbers out of messages of one type, by their paths.

use std::ops::Range;

use super::layout::{Count, Field, Kind, Layout, Number};
use super::path::{Path, Pick, Step};
use crate::errors::ConfigErrors;
use crate::message::MessageError;
use crate::message::cdr::Reader;
use crate::time::Stamp;

/// Reads the numbers of some paths, one after the other; built once, then it allocates nothing.
#[derive(Clone, Debug)]
pub struct FieldReader {
    layout: &'static Layout,
    plan: Plan,
    paths: Vec<String>,
    scratch: Scratch,
}

/// What is wanted of a struct.
#[derive(Clone, Debug, Default)]
struct Plan {
    wants: Vec<Want>,
    /// Names that are looked for in a field of this struct.
    names: Vec<Name>,
    /// The fields that say which ranges are measurements, where it is one of a range finder.
    limits: Option<[usize; 2]>,
}

/// What is wanted of a field.
#[derive(Clone, Debug)]
struct Want {
    field: usize,
    element: Element,
    then: Then,
}

/// Which elements of a field count.
#[derive(Clone, Debug)]
enum Element {
    Only,
    At(usize),
    /// That of the name with this place in the scratch.
    Named(usize),
    SmallestOf(Range<usize>, usize),
}

/// What is done with an element.
#[derive(Clone, Debug)]
enum Then {
    /// It is the number of this path.
    Take(usize),
    /// Something is wanted inside it.
    Enter(Box<Plan>),
}

/// A name that is looked for in an array of texts.
#[derive(Clone, Debug)]
struct Name {
    field: usize,
    name: String,
    place: usize,
}

/// What reading one message needs to remember.
#[derive(Clone, Debug, Default)]
struct Scratch {
    /// For each name that is looked for, the index at which it stands.
    found: Vec<Option<usize>>,
    /// Which paths have their number.
    taken: Vec<bool>,
}

/// Arrays in which messages have the names that go with the elements of the arrays beside them.
const NAMES: [&str; 3] = ["name", "names", "joint_names"];

/// What a `sensor_msgs/LaserScan` or a `Range` is read by: its ranges, and the fields with the nearest and the farthest
/// that it can measure.
const RANGE_FINDERS: [(&str, [&str; 2]); 2] = [
    ("ranges", ["range_min", "range_max"]),
    ("range", ["min_range", "max_range"]),
];

impl PartialEq for FieldReader {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.layout, other.layout) && self.paths == other.paths
    }
}

impl Eq for FieldReader {}

impl FieldReader {
    /// For messages of a layout.
    ///
    /// # Errors
    /// Every path that is none, or that leads to no number of such a message, with the fields that there are.
    pub fn new(layout: &'static Layout, paths: &[String]) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let (mut plan, mut names) = (Plan::default(), 0);
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
        errors.or(Self {
            layout,
            plan,
            paths: paths.to_vec(),
            scratch: Scratch {
                found: vec![None; names],
                taken: vec![false; paths.len()],
            },
        })
    }

    /// Wants no number, and so reads whether a message is whole.
    pub fn whole(layout: &'static Layout) -> Self {
        Self {
            layout,
            plan: Plan::default(),
            paths: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Reads a message and gives each number to `take` with the index of its path, in the order of the message. Returns the
    /// message's stamp, where it begins with a header.
    ///
    /// Of a range finder, what is nearer than it can measure counts as its nearest, and what it did not see (NaN, infinity,
    /// beyond its farthest) as its farthest, after REP 117.
    ///
    /// # Errors
    /// A message that ends too early or goes on too long ago, an element or a name that it does not have.
    pub fn read(
        &mut self,
        message: &[u8],
        mut take: impl FnMut(usize, f64),
    ) -> Result<Option<Stamp>, MessageError> {
        let mut reader = Reader::new(message)?;
        let stamp = match self.layout.has_header() {
            true => Some({ reader }.stamp("header.stamp")?),
            false => None,
        };
        self.scratch.found.fill(None);
        self.scratch.taken.fill(false);
        let mut walk = Walk {
            layout: self.layout,
            scratch: &mut self.scratch,
            take: &mut take,
        };
        walk.read(self.layout.root_index(), Some(&self.plan), &mut reader)?;
        match self.scratch.taken.iter().position(|taken| !taken) {
            None => Ok(stamp),
            Some(missing) => Err(MessageError::invalid(
                "the message",
                format_args!("without {}", self.paths[missing]),
                "every number that the policy needs must be there",
            )),
        }
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
                return Err(format!("{:?}: {} is no array", self.text, field.name));
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
                    "{:?}: {} is no number; inside it are {}",
                    self.text,
                    field.name,
                    names.join(", ")
                ));
            }
            (Kind::Struct(inner), rest) => {
                let mut inside = Plan::default();
                self.add(&mut inside, inner, rest, path)?;
                plan.wants.push(Want {
                    field: index,
                    element,
                    then: Then::Enter(Box::new(inside)),
                });
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

/// One message being read.
struct Walk<'a, T> {
    layout: &'static Layout,
    scratch: &'a mut Scratch,
    take: &'a mut T,
}

impl<T: FnMut(usize, f64)> Walk<'_, T> {
    fn read(
        &mut self,
        of: usize,
        plan: Option<&Plan>,
        reader: &mut Reader<'_>,
    ) -> Result<(), MessageError> {
        let (mut nearest, mut farthest) = (f64::NAN, f64::NAN);
        for (index, field) in self.layout.at(of).fields.iter().enumerate() {
            let wants = plan.into_iter().flat_map(|plan| &plan.wants);
            let wants = wants.filter(move |want| want.field == index);
            let count = match field.count {
                Count::One => 1,
                Count::Fixed(count) => count,
                Count::Any => reader.u32(field.name)?,
            };
            match field.kind {
                Kind::Number(number) => {
                    let numbers = Elements {
                        bytes: reader.numbers(field.name, count, number.size())?,
                        number,
                        is_big_endian: reader.is_big_endian(),
                    };
                    match plan.and_then(|plan| plan.limits) {
                        Some([min, _]) if min == index => {
                            nearest = numbers.at(0).unwrap_or(f64::NAN)
                        }
                        Some([_, max]) if max == index => {
                            farthest = numbers.at(0).unwrap_or(f64::NAN)
                        }
                        _ => {}
                    }
                    let is_range = RANGE_FINDERS.iter().any(|(name, _)| *name == field.name);
                    let measured = |value: f64| match is_range && !farthest.is_nan() {
                        true if value < nearest => nearest,
                        true if value <= farthest => value,
                        true => farthest,
                        false => value,
                    };
                    for want in wants {
                        let value = self.pick(&want.element, &numbers, measured);
                        if let (Then::Take(path), Some(value)) = (&want.then, value) {
                            self.scratch.taken[*path] = true;
                            (self.take)(*path, value);
                        }
                    }
                }
                Kind::Text => {
                    for at in 0..count as usize {
                        let text = reader.text(field.name)?;
                        for name in plan.into_iter().flat_map(|plan| &plan.names) {
                            if name.field == index && name.name.as_bytes() == text {
                                self.scratch.found[name.place] = Some(at);
                            }
                        }
                    }
                }
                Kind::Struct(inner) => {
                    for at in 0..count as usize {
                        let mut first = None;
                        let begin = *reader;
                        for want in wants.clone() {
                            if !self.is_at(&want.element, at) {
                                continue;
                            }
                            let Then::Enter(plan) = &want.then else {
                                continue;
                            };
                            let mut again = begin;
                            self.read(inner, Some(plan), &mut again)?;
                            first = Some(again);
                        }
                        match first {
                            Some(behind) => *reader = behind,
                            None => self.read(inner, None, reader)?,
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn is_at(&self, element: &Element, at: usize) -> bool {
        match element {
            Element::Only => true,
            Element::At(wanted) => *wanted == at,
            Element::Named(place) => self.scratch.found[*place] == Some(at),
            Element::SmallestOf(..) => false,
        }
    }

    fn pick(
        &self,
        element: &Element,
        numbers: &Elements<'_>,
        measured: impl Fn(f64) -> f64,
    ) -> Option<f64> {
        let at = |index| numbers.at(index).map(&measured);
        match element {
            Element::Only => at(0),
            Element::At(index) => at(*index),
            Element::Named(place) => at(self.scratch.found[*place]?),
            Element::SmallestOf(range, step) => {
                // All of them must be there.
                at(range.end - 1)?;
                range.clone().step_by(*step).filter_map(at).reduce(f64::min)
            }
        }
    }
}

/// The numbers of a field, still in the message.
struct Elements<'a> {
    bytes: &'a [u8],
    number: Number,
    is_big_endian: bool,
}

impl Elements<'_> {
    fn at(&self, index: usize) -> Option<f64> {
        let size = self.number.size();
        let bytes = self.bytes.get(index.checked_mul(size)?..)?.get(..size)?;
        // As little-endian as everything that follows.
        let mut number = [0; 8];
        for (i, byte) in bytes.iter().enumerate() {
            let place = if self.is_big_endian { size - 1 - i } else { i };
            number[place] = *byte;
        }
        let bits = u64::from_le_bytes(number);
        Some(match self.number {
            Number::Bool => f64::from(u8::from(bits != 0)),
            Number::U8 | Number::U16 | Number::U32 | Number::U64 => bits as f64,
            Number::I8 => f64::from(bits as i8),
            Number::I16 => f64::from(bits as i16),
            Number::I32 => f64::from(bits as i32),
            Number::I64 => bits as i64 as f64,
            Number::F32 => f64::from(f32::from_bits(bits as u32)),
            Number::F64 => f64::from_bits(bits),
        })
    }
}
