//! Picks numbers out of messages of one type, by their paths.

use super::elements::Elements;
use super::layout::{Count, Kind, Layout};
use super::plan::{Element, Plan, Then, is_ranges};
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
/// What reading one message needs to remember.
#[derive(Clone, Debug, Default)]
struct Scratch {
    /// For each name that is looked for, the index at which it stands.
    found: Vec<Option<usize>>,
    /// Which paths have their number.
    taken: Vec<bool>,
}

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
        let (plan, names) = Plan::new(layout, paths)?;
        Ok(Self {
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
    /// Of a range finder, what is nearer than it can measure counts as its nearest, and what is farther (infinity included)
    /// as its farthest, after REP 117. A reading that is none (NaN) stays one: whether there is nothing, it does not say. The
    /// smallest of several leaves such readings out.
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
                    let is_range = is_ranges(field);
                    let measured = |value: f64| match is_range && !farthest.is_nan() {
                        true if value < nearest => nearest,
                        true if value > farthest => farthest,
                        _ => value,
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
