//! How the fields of a message type follow each other, from its definition.

use std::collections::BTreeMap;

use super::type_name::TypeName;
use crate::errors::ConfigErrors;

/// A message type with everything inside it.
#[derive(Debug)]
pub struct Layout {
    structs: Vec<Struct>,
}

/// The fields of one type, in their order.
#[derive(Debug)]
pub(super) struct Struct {
    /// `std_msgs/Header`.
    pub type_name: String,
    pub fields: Vec<Field>,
}

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    /// Kept for as long as the process lives, as a message type is.
    pub name: &'static str,
    pub kind: Kind,
    pub count: Count,
    /// What each of its numbers is where nobody says otherwise.
    pub default: f64,
}

/// What a field holds, or each of its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number(Number),
    Text,
    /// The type of this index.
    Struct(usize),
}

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Bool,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

/// How many elements a field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    One,
    Fixed(u32),
    Any,
}

impl Number {
    /// Bytes of one.
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }
}

/// Types that are built in, by their names in a definition. `byte` and `char` are what ROS 2 makes of them.
const NUMBERS: [(&str, Number); 13] = [
    ("bool", Number::Bool),
    ("byte", Number::U8),
    ("char", Number::U8),
    ("int8", Number::I8),
    ("uint8", Number::U8),
    ("int16", Number::I16),
    ("uint16", Number::U16),
    ("int32", Number::I32),
    ("uint32", Number::U32),
    ("int64", Number::I64),
    ("uint64", Number::U64),
    ("float32", Number::F32),
    ("float64", Number::F64),
];

/// Types of text, and those of ROS 1.
const OTHERS: [&str; 4] = ["string", "wstring", "time", "duration"];

/// Whether a type needs no definition.
pub(super) fn is_built_in(word: &str) -> bool {
    OTHERS.contains(&word) || NUMBERS.iter().any(|(number, _)| *number == word)
}

/// The signs `=` of a line that separates definitions, at least.
pub(super) const RULE: usize = 80;

/// The elements that an array of fixed length may have: those of the largest that ROS has are 36.
const FIXED: std::ops::RangeInclusive<u32> = 1..=65_536;

/// More types than this are no message.
const MOST_TYPES: usize = 500;

/// Types within types, so deep; ROS itself has no cycles, but a file may.
const DEEPEST: usize = 32;

impl Layout {
    /// From a definition as bags embed it: that of the type itself, then `MSG: package/Type` and its definition for every
    /// type inside it, set apart by lines of `=`.
    ///
    /// # Errors
    /// A definition that is not one, a type that is missing in it, `wstring`, and types within themselves.
    pub fn parse(type_name: &str, text: &str) -> Result<Self, ConfigErrors> {
        let root = TypeName::parse(type_name, "").short();
        let mut texts = BTreeMap::new();
        for (i, section) in sections(text).into_iter().enumerate() {
            let (name, body) = match (i, section.split_once('\n')) {
                (0, _) => (root.clone(), section),
                (_, Some((head, body))) if head.starts_with("MSG:") => (
                    TypeName::parse(head["MSG:".len()..].trim(), "").short(),
                    body,
                ),
                _ => {
                    return Err(format!(
                        "the definition of {type_name} is not one of ROS 2 (ros2msg)"
                    )
                    .into());
                }
            };
            texts.insert(name, body);
        }
        let mut parsing = Parsing {
            texts,
            places: BTreeMap::new(),
            structs: Vec::new(),
        };
        parsing.place_of(&root, DEEPEST)?;
        Ok(Self {
            structs: parsing.structs,
        })
    }

    pub(super) fn root(&self) -> &Struct {
        self.at(self.root_index())
    }

    /// The outermost type is behind all that are inside it.
    pub(super) fn root_index(&self) -> usize {
        self.structs.len() - 1
    }

    pub(super) fn at(&self, index: usize) -> &Struct {
        &self.structs[index]
    }

    /// Whether a message begins with a header, which has its stamp.
    pub fn has_header(&self) -> bool {
        let first = self.root().fields.first();
        first.is_some_and(|first| match (first.kind, first.count) {
            (Kind::Struct(inner), Count::One) => self.at(inner).type_name == "std_msgs/Header",
            _ => false,
        })
    }
}

struct Parsing<'a> {
    texts: BTreeMap<String, &'a str>,
    places: BTreeMap<String, usize>,
    /// Each behind those inside it.
    structs: Vec<Struct>,
}

impl Parsing<'_> {
    fn place_of(&mut self, type_name: &str, depth: usize) -> Result<usize, ConfigErrors> {
        if let Some(place) = self.places.get(type_name) {
            return Ok(*place);
        }
        if depth == 0 || self.structs.len() >= MOST_TYPES {
            return Err(
                format!("the definition of {type_name} has too many types within types").into(),
            );
        }
        let Some(text) = self.texts.get(type_name).copied() else {
            return Err(format!("the definition of {type_name} is missing").into());
        };
        let package = type_name.split('/').next().unwrap_or_default();
        let mut fields = Vec::new();
        for line in text.lines() {
            let Some((word, name, default)) = field(line) else {
                continue;
            };
            let problem = || format!("the definition of {type_name} has {:?}", line.trim());
            let (word, count) = counted(word).ok_or_else(problem)?;
            let kind = match NUMBERS.iter().find(|(number, _)| *number == word) {
                Some((_, number)) => Kind::Number(*number),
                None if word == "string" => Kind::Text,
                None if word == "wstring" => {
                    return Err(
                        format!("{}, a wstring, which late_fusion cannot read", problem()).into(),
                    );
                }
                None => {
                    Kind::Struct(self.place_of(&TypeName::parse(word, package).short(), depth - 1)?)
                }
            };
            let name: &'static str = name.to_owned().leak();
            fields.push(Field {
                name,
                kind,
                count,
                default,
            });
        }
        if fields.is_empty() {
            // What the middleware sends of a message without fields.
            fields.push(Field {
                name: "structure_needs_at_least_one_member",
                kind: Kind::Number(Number::U8),
                count: Count::One,
                default: 0.0,
            });
        }
        self.structs.push(Struct {
            type_name: type_name.to_owned(),
            fields,
        });
        self.places
            .insert(type_name.to_owned(), self.structs.len() - 1);
        Ok(self.structs.len() - 1)
    }
}

/// The definition of the type itself and those of the types inside it.
fn sections(text: &str) -> Vec<&str> {
    let mut sections = Vec::new();
    let (mut begin, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        let is_rule = line.len() >= RULE && line.trim_end().bytes().all(|byte| byte == b'=');
        if is_rule {
            sections.push(&text[begin..at]);
            begin = at + line.len();
        }
        at += line.len();
    }
    sections.push(&text[begin..]);
    sections
}

/// The type and the name of a field, and the number that it is by default; `None` for comments and constants.
fn field(line: &str) -> Option<(&str, &str, f64)> {
    let line = line.split('#').next()?.trim();
    let (word, rest) = line.split_once(char::is_whitespace)?;
    let name = rest.split_whitespace().next()?;
    // `int32 LIMIT=3` and `int32 LIMIT = 3`.
    let after = rest.trim_start()[name.len()..].trim_start();
    let default = match after {
        "true" | "True" => 1.0,
        other => other.parse().unwrap_or(0.0),
    };
    (!name.contains('=') && !after.starts_with('=')).then_some((word, name, default))
}

/// A type without its array and its bounds.
fn counted(word: &str) -> Option<(&str, Count)> {
    let (word, count) = match word.split_once('[') {
        None => (word, Count::One),
        Some((word, rest)) => {
            let inside = rest.strip_suffix(']')?;
            let count = match inside.strip_prefix("<=").unwrap_or(inside) {
                "" => Count::Any,
                number => match (number.parse().ok()?, inside.starts_with('<')) {
                    (_, true) => Count::Any,
                    (number, false) => Count::Fixed(FIXED.contains(&number).then_some(number)?),
                },
            };
            (word, count)
        }
    };
    Some((word.split("<=").next()?, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_becomes_fields_in_their_order() {
        let rule = "=".repeat(80);
        let text = format!(
            "std_msgs/Header header # first\nint32 LIMIT=3\nstring NAME = \"a # b\"\nInner[<=3] few\nfloat64[9] nine 0\n\
             string<=10[] names\n{rule}\nMSG: std_msgs/Header\nbuiltin_interfaces/Time stamp\nstring frame_id\n{rule}\n\
             MSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n{rule}\nMSG: a_msgs/Inner\n# nothing\n"
        );
        let layout = Layout::parse("a_msgs/msg/Outer", &text).unwrap();
        assert!(layout.has_header());
        let seen: Vec<(&str, Count)> = layout
            .root()
            .fields
            .iter()
            .map(|f| (f.name, f.count))
            .collect();
        assert_eq!(
            seen,
            [
                ("header", Count::One),
                ("few", Count::Any),
                ("nine", Count::Fixed(9)),
                ("names", Count::Any),
            ]
        );
        assert_eq!(layout.root().fields[3].kind, Kind::Text);
        let Kind::Struct(inner) = layout.root().fields[1].kind else {
            panic!("a type")
        };
        assert_eq!(
            layout.at(inner).fields.len(),
            1,
            "an empty message is sent as one byte"
        );
    }

    #[test]
    fn what_is_no_definition_is_refused() {
        let rule = "=".repeat(80);
        for (text, part) in [
            ("a_msgs/Missing x\n".to_owned(), "a_msgs/Missing is missing"),
            ("wstring x\n".to_owned(), "wstring"),
            ("float64[x] y\n".to_owned(), "float64[x] y"),
            // What takes no room could be there four billion times.
            ("float64[0] y\n".to_owned(), "float64[0] y"),
            ("float64[4000000000] y\n".to_owned(), "float64[4000000000]"),
            ("Outer again\n".to_owned(), "too many types within types"),
            (format!("int8 x\n{rule}\nno head\n"), "not one of ROS 2"),
        ] {
            let error = Layout::parse("a_msgs/msg/Outer", &text)
                .unwrap_err()
                .to_string();
            assert!(error.contains(part), "{part} in {error}");
        }
    }
}
