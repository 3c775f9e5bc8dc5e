//! Lays a message of one type out, with room for the numbers of some paths.

use super::layout::{Count, Kind, Layout, Number};
use super::path::{Path, Pick, Step};
use super::reader::FieldReader;
use crate::errors::ConfigErrors;
use crate::message::cdr::Writer;
use crate::time::Stamp;

/// A message in which every number that no path names is what its definition says, 0 where that says nothing; arrays are as
/// long as the paths need them to be.
#[derive(Clone, Debug)]
pub struct Laid {
    /// The serialized message.
    pub message: Vec<u8>,
    /// At which byte the stamp begins, where the message begins with a header.
    pub stamp_at: Option<usize>,
    /// At which byte each path's number begins, and how it is stored.
    pub numbers: Vec<Place>,
}

/// Where a number is in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    at: usize,
    number: Number,
}

impl Place {
    /// A number of 64 bits that begins at this byte.
    pub fn double(at: usize) -> Self {
        let number = Number::F64;
        Self { at, number }
    }

    /// Writes the number there. Where it is stored as a whole one it is rounded, and brought to what can be stored.
    pub fn write(self, message: &mut [u8], value: f64) {
        let whole = value.round();
        let bytes = match self.number {
            Number::F64 => value.to_le_bytes(),
            Number::F32 => widened((value as f32).to_bits()),
            Number::Bool => widened(u32::from(value >= 0.5)),
            Number::I8 => widened(whole as i8 as u8),
            Number::U8 => widened(whole as u8),
            Number::I16 => widened(whole as i16 as u16),
            Number::U16 => widened(whole as u16),
            Number::I32 => widened(whole as i32 as u32),
            Number::U32 => widened(whole as u32),
            Number::I64 => (whole as i64).to_le_bytes(),
            Number::U64 => (whole as u64).to_le_bytes(),
        };
        let size = self.number.size();
        message[self.at..self.at + size].copy_from_slice(&bytes[..size]);
    }
}

fn widened(bits: impl Into<u64>) -> [u8; 8] {
    bits.into().to_le_bytes()
}

/// A path that is on its way inwards: its number, and what is left of it.
type Rest<'a> = (usize, &'a [Step]);

impl Laid {
    /// Lays a message out. Names in paths, as in `position[pan]`, become the names of the message, in their order.
    ///
    /// # Errors
    /// As for [`FieldReader::new`], the smallest of several numbers, two paths to one number, and elements that no path names
    /// between those that some do.
    pub fn new(
        layout: &'static Layout,
        paths: &[String],
        frame_id: &str,
    ) -> Result<Self, ConfigErrors> {
        FieldReader::new(layout, paths)?;
        let parsed: Result<Vec<Path>, String> =
            paths.iter().map(|path| Path::parse(path)).collect();
        let parsed = parsed?;
        let rests: Vec<Rest> = parsed
            .iter()
            .enumerate()
            .map(|(i, path)| (i, &*path.steps))
            .collect();
        let mut laying = Laying {
            layout,
            paths,
            frame_id,
            writer: Writer::new(),
            places: vec![None; paths.len()],
            errors: ConfigErrors::new(),
        };
        let stamp_at = layout.has_header().then(|| Writer::new().finish().len());
        laying.lay(layout.root_index(), &rests);
        if laying.writer.len() > LARGEST {
            return Err(format!("a command may have at most {LARGEST} bytes").into());
        }
        let Laying {
            writer,
            places,
            errors,
            ..
        } = laying;
        errors.or(Self {
            message: writer.finish(),
            stamp_at,
            numbers: places.into_iter().flatten().collect(),
        })
    }
}

struct Laying<'a> {
    layout: &'static Layout,
    paths: &'a [String],
    frame_id: &'a str,
    writer: Writer,
    places: Vec<Option<Place>>,
    errors: ConfigErrors,
}

impl Laying<'_> {
    fn lay(&mut self, of: usize, rests: &[Rest]) {
        let layout = self.layout;
        if self.writer.len() > LARGEST {
            return;
        }
        let names = names_in(rests);
        for field in &layout.at(of).fields {
            let inside: Vec<Rest> = (rests.iter().copied())
                .filter(|(_, steps)| steps.first().is_some_and(|step| step.field == field.name))
                .collect();
            let has_names = !names.is_empty() && super::plan::is_names(field);
            let count = match field.count {
                Count::One => 1,
                Count::Fixed(count) => count as usize,
                Count::Any if has_names => names.len(),
                Count::Any => self.length(&inside, names.len()),
            };
            if field.count == Count::Any {
                self.writer.length(count);
            }
            for at in 0..count {
                let is_here = |pick: &Pick| match pick {
                    Pick::Only => true,
                    Pick::At(index) => *index == at,
                    Pick::Named(name) => names.get(at) == Some(&name.as_str()),
                    Pick::SmallestOf(..) => false,
                };
                let here = inside.iter().filter(|(_, steps)| is_here(&steps[0].pick));
                let here: Vec<Rest> = here.map(|(path, steps)| (*path, &steps[1..])).collect();
                match field.kind {
                    Kind::Number(number) => self.number(number, field.default, &here),
                    Kind::Text if has_names => self.writer.string(names[at]),
                    Kind::Text if field.name == "frame_id" => self.writer.string(self.frame_id),
                    Kind::Text => self.writer.string(""),
                    Kind::Struct(inner) => self.lay(inner, &here),
                }
            }
        }
    }

    fn number(&mut self, number: Number, default: f64, here: &[Rest]) {
        let place = Place {
            at: self.writer.room(number.size()),
            number,
        };
        self.writer.change(|message| place.write(message, default));
        for (path, _) in here {
            self.places[*path] = Some(place);
        }
        if let [(first, _), (second, _), ..] = here {
            self.errors.add(format!(
                "{:?} and {:?} are the same number; each action needs one of its own",
                self.paths[*first], self.paths[*second]
            ));
        }
    }

    /// How many elements the paths into an array need.
    fn length(&mut self, inside: &[Rest], names: usize) -> usize {
        let mut length = 0;
        for (path, steps) in inside {
            match &steps[0].pick {
                Pick::At(index) => length = length.max(index + 1),
                Pick::Named(_) => length = length.max(names),
                Pick::Only => {}
                Pick::SmallestOf(..) => self.errors.add(format!(
                    "{:?} is not a number that can be commanded",
                    self.paths[*path]
                )),
            }
        }
        let by_index = |at: usize| {
            inside
                .iter()
                .any(|(_, steps)| steps[0].pick == Pick::At(at))
        };
        let is_named = inside
            .iter()
            .any(|(_, steps)| matches!(steps[0].pick, Pick::Named(_)));
        if let (false, Some(gap)) = (is_named, (0..length).find(|at| !by_index(*at))) {
            let field = &inside[0].1[0].field;
            self.errors.add(format!(
                "{field}[{gap}] has no action, but {field}[{}] has one; the indices start at 0 and leave no gap",
                length - 1
            ));
        }
        if is_named {
            let missing = names_in(inside).len() < names;
            if missing {
                let field = &inside[0].1[0].field;
                self.errors.add(format!(
                    "{field} is given for some of the names; it must be for all of them or none"
                ));
            }
        }
        length.min(MOST)
    }
}

/// Elements that an array of a command may have.
const MOST: usize = 10_000;

/// Bytes that a command may have.
const LARGEST: usize = 1 << 20;

/// The names that paths look for here, in the order in which they come first.
fn names_in<'a>(rests: &[Rest<'a>]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (_, steps) in rests {
        if let Some(Step {
            pick: Pick::Named(name),
            ..
        }) = steps.first()
            && !names.contains(&name.as_str())
        {
            names.push(name.as_str());
        }
    }
    names
}

/// Puts a stamp into a message.
pub fn write_stamp(message: &mut [u8], at: usize, stamp: Stamp) {
    let (sec, nanosec) = stamp.to_ros();
    message[at..at + 4].copy_from_slice(&sec.to_le_bytes());
    message[at + 4..at + 8].copy_from_slice(&nanosec.to_le_bytes());
}
