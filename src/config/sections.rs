//! The sections of parameter files and of the command line, written to as rcl does while it reads.

use std::fmt;
use std::path::PathBuf;

use super::value::Value;

/// All sections, in the order in which their names first appear.
#[derive(Clone, Debug, Default)]
pub(super) struct Sections {
    list: Vec<Section>,
    /// How often anything was given, which says what was given last.
    count: usize,
}

/// What was given to the nodes of one name.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub name: String,
    pub entries: Vec<Entry>,
    /// The files that it is in.
    pub files: Vec<PathBuf>,
}

/// One entry of a section, as rcl has it: a name, and at most one value of each type.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub name: String,
    values: [Option<Value>; 5],
    pub last: Option<Last>,
}

/// What was given last.
#[derive(Clone, Debug)]
pub(super) struct Last {
    pub value: Value,
    pub place: Place,
    pub number: usize,
}

/// Where something was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// In a file.
    File(PathBuf),
    /// With `-p`.
    CommandLine,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::CommandLine => write!(f, "-p on the command line"),
        }
    }
}

impl Entry {
    /// The value that counts: ROS 2 takes the first type in this order.
    pub fn value(&self) -> Option<&Value> {
        self.values.iter().flatten().next()
    }
}

fn rank(value: &Value) -> usize {
    match value {
        Value::Bool(_) => 0,
        Value::Integer(_) => 1,
        Value::Double(_) => 2,
        Value::String(_) => 3,
        Value::Other(_) => 4,
    }
}

impl Sections {
    /// The section of this name, to write to.
    pub fn section(&mut self, name: &str, place: Place) -> SectionWriter<'_> {
        let at = self.list.iter().position(|s| s.name == name);
        let at = at.unwrap_or_else(|| {
            self.list.push(Section {
                name: name.to_owned(),
                entries: Vec::new(),
                files: Vec::new(),
            });
            self.list.len() - 1
        });
        let section = &mut self.list[at];
        if let Place::File(path) = &place
            && !section.files.contains(path)
        {
            section.files.push(path.clone());
        }
        SectionWriter {
            entries: &mut section.entries,
            count: &mut self.count,
            place,
            at: 0,
            namespace: String::new(),
            depth: 0,
        }
    }

    /// The sections, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Section> {
        self.list.iter()
    }
}

/// Writes names and values into a section, one after the other, as rcl does while it reads.
pub(super) struct SectionWriter<'o> {
    entries: &'o mut Vec<Entry>,
    count: &'o mut usize,
    place: Place,
    at: usize,
    namespace: String,
    depth: usize,
}

impl SectionWriter<'_> {
    /// A name, of a value or of a mapping.
    pub fn key(&mut self, key: &str) {
        if self.namespace.is_empty() {
            self.at = self.find(key);
            return;
        }
        // rcl makes the entry of the mapping's own name that of the first name in it.
        self.at = self.find(&self.namespace.clone());
        self.entries[self.at].name = format!("{}.{key}", self.namespace);
    }

    /// A mapping begins, under the name before it.
    pub fn open(&mut self) {
        self.namespace.clone_from(&self.entries[self.at].name);
        self.depth += 1;
    }

    /// It ends.
    pub fn close(&mut self) {
        self.depth -= 1;
        let outer = match self.depth {
            0 => 0,
            _ => self.namespace.rfind('.').unwrap_or(0),
        };
        self.namespace.truncate(outer);
    }

    /// The value of the name before it.
    pub fn set(&mut self, value: Value) {
        *self.count += 1;
        let entry = &mut self.entries[self.at];
        entry.values[rank(&value)] = Some(value.clone());
        entry.last = Some(Last {
            value,
            place: self.place.clone(),
            number: *self.count,
        });
    }

    fn find(&mut self, name: &str) -> usize {
        let at = self.entries.iter().position(|entry| entry.name == name);
        at.unwrap_or_else(|| {
            self.entries.push(Entry {
                name: name.to_owned(),
                values: [const { None }; 5],
                last: None,
            });
            self.entries.len() - 1
        })
    }
}
