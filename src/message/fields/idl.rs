//! Definitions in OMG IDL, as bags embed them where a type has no `.msg` file (schema encoding `ros2idl`), rewritten as the
//! ones that ROS 2 writes in `.msg` files. Only what decides how a message is laid out is kept.
//!
//! The subset of IDL that ROS 2 uses: <https://design.ros2.org/articles/idl_interface_definition.html>.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::layout::RULE;

/// A definition that is longer is no message's.
const MOST_BYTES: usize = 1 << 20;

/// A definition of all types inside one, as bags have it, in the other language: that of the first type, then each of the
/// others under its name. `None` where it is not understood, as a union.
pub fn msg_of_idl(text: &str) -> Option<String> {
    if text.len() > MOST_BYTES {
        return None;
    }
    let mut parsing = Parsing {
        words: words(text)?,
        at: 0,
        module: Vec::new(),
        aliases: BTreeMap::new(),
        structs: Vec::new(),
    };
    while parsing.at < parsing.words.len() {
        parsing.declaration()?;
    }
    // The first section is that of the type itself, and a struct that is written before it there is inside it.
    let first = text
        .split("IDL:")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    let structs = &mut parsing.structs;
    let is_first = |name: &str| first.is_some_and(|first| first.replace("/msg/", "/") == name);
    let root = structs
        .iter()
        .position(|(name, _)| is_first(name))
        .unwrap_or(0);
    (root < structs.len()).then(|| structs[..=root].rotate_right(1))?;
    let mut msg = String::new();
    for (i, (name, fields)) in parsing.structs.iter().enumerate() {
        if i > 0 {
            let _ = writeln!(msg, "{}\nMSG: {name}", "=".repeat(RULE));
        }
        msg += fields;
    }
    Some(msg)
}

/// The words and signs of a text, without comments, preprocessor lines and the heads of sections.
fn words(text: &str) -> Option<Vec<&str>> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_line = rest.starts_with("//") || rest.starts_with('#') || rest.starts_with("IDL:");
        let length = if is_line || rest.starts_with("===") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/")? + 2
        } else if first == '"' {
            let end = end_of_text(rest)?;
            words.push(&rest[..end]);
            end
        } else if rest.starts_with("::") {
            words.push("::");
            2
        } else if first.is_alphanumeric() || "_+-.".contains(first) {
            let is_in = |c: char| c.is_alphanumeric() || "_+-.".contains(c);
            let end = rest.find(|c| !is_in(c)).unwrap_or(rest.len());
            words.push(&rest[..end]);
            end
        } else {
            if !first.is_whitespace() {
                words.push(&rest[..first.len_utf8()]);
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    Some(words)
}

/// Where a quoted text ends that `rest` begins with.
fn end_of_text(rest: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

struct Parsing<'a> {
    words: Vec<&'a str>,
    at: usize,
    module: Vec<&'a str>,
    /// What other names stand for: a type, and how many elements.
    aliases: BTreeMap<&'a str, (String, String)>,
    /// Each type with its fields, as `.msg` files have them.
    structs: Vec<(String, String)>,
}

impl<'a> Parsing<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let word = self.words.get(self.at).copied();
        self.at += 1;
        word
    }

    fn is_next(&self, word: &str) -> bool {
        self.words.get(self.at) == Some(&word)
    }

    fn take(&mut self, word: &str) -> Option<()> {
        let is_it = self.is_next(word);
        self.at += 1;
        is_it.then_some(())
    }

    /// Skips to behind this word.
    fn skip_to(&mut self, word: &str) -> Option<()> {
        while !self.is_next(word) {
            self.next()?;
        }
        self.take(word)
    }

    fn declaration(&mut self) -> Option<()> {
        let word = self.next()?;
        match word {
            ";" => {}
            "}" => {
                self.module.pop()?;
            }
            "@" => {
                self.annotation()?;
            }
            "module" => {
                let name = self.next()?;
                self.module.push(name);
                self.take("{")?;
            }
            "const" => self.skip_to(";")?,
            "typedef" => {
                let (kind, _) = self.kind()?;
                let name = self.next()?;
                let count = self.dimensions()?;
                self.aliases.insert(name, (kind, count));
                self.take(";")?;
            }
            "enum" => {
                let name = self.next()?;
                self.skip_to("}")?;
                self.aliases
                    .insert(name, ("uint32".to_owned(), String::new()));
            }
            "struct" => self.structure()?,
            _ => return None,
        }
        Some(())
    }

    fn structure(&mut self) -> Option<()> {
        let name = self.next()?;
        self.take("{")?;
        let mut fields = String::new();
        let mut default = None;
        while !self.is_next("}") {
            if self.is_next("@") {
                self.take("@")?;
                default = self.annotation()?.or(default);
                continue;
            }
            let (kind, own) = self.kind()?;
            let name = self.next()?;
            let count = self.dimensions()? + &own;
            let default = default
                .take()
                .map_or(String::new(), |value| format!(" {value}"));
            let _ = writeln!(fields, "{kind}{count} {name}{default}");
            self.take(";")?;
        }
        self.take("}")?;
        let package = self.module.first()?;
        self.structs.push((format!("{package}/{name}"), fields));
        Some(())
    }

    /// What `@default(value=…)` says; of other annotations nothing.
    fn annotation(&mut self) -> Option<Option<&'a str>> {
        let is_default = self.next()? == "default";
        let mut value = None;
        if self.is_next("(") {
            let mut depth = 0;
            loop {
                let word = self.next()?;
                match word {
                    "(" => depth += 1,
                    ")" => depth -= 1,
                    "=" if is_default => value = self.words.get(self.at).copied(),
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        }
        Some(value.map(|value| match value {
            "TRUE" => "true",
            "FALSE" => "false",
            _ => value,
        }))
    }

    /// A type, and how many elements of it there are.
    fn kind(&mut self) -> Option<(String, String)> {
        let word = self.next()?;
        let plain = |kind: &str| Some((kind.to_owned(), String::new()));
        match word {
            "sequence" => {
                self.take("<")?;
                // Sequences of sequences, and of arrays, are not in ROS.
                (!self.is_next("sequence")).then_some(())?;
                let (kind, count) = self.kind()?;
                count.is_empty().then_some(())?;
                let bound = match self.next()? {
                    ">" => String::new(),
                    "," => {
                        let most = self.next()?;
                        self.take(">")?;
                        format!("<={most}")
                    }
                    _ => return None,
                };
                Some((kind, format!("[{bound}]")))
            }
            "string" | "wstring" => {
                if self.is_next("<") {
                    self.skip_to(">")?;
                }
                plain(word)
            }
            "unsigned" => match self.integer()? {
                16 => plain("uint16"),
                32 => plain("uint32"),
                _ => plain("uint64"),
            },
            "short" | "long" => {
                self.at -= 1;
                match self.integer()? {
                    16 => plain("int16"),
                    32 => plain("int32"),
                    _ => plain("int64"),
                }
            }
            "boolean" => plain("bool"),
            "octet" | "char" => plain("uint8"),
            "float" => plain("float32"),
            "double" => plain("float64"),
            "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64" => {
                plain(word)
            }
            _ => {
                let mut path = vec![word];
                while self.is_next("::") {
                    self.take("::")?;
                    path.push(self.next()?);
                }
                let [.., name] = path.as_slice() else {
                    return None;
                };
                if let Some(alias) = self.aliases.get(*name) {
                    return Some(alias.clone());
                }
                let package = match path.len() {
                    1 => self.module.first()?,
                    _ => path[0],
                };
                plain(&format!("{package}/{name}"))
            }
        }
    }

    /// The bits of `short`, `long` and `long long`.
    fn integer(&mut self) -> Option<u32> {
        match self.next()? {
            "short" => Some(16),
            "long" if self.is_next("long") => {
                self.take("long")?;
                Some(64)
            }
            "long" => Some(32),
            _ => None,
        }
    }

    /// The elements of an array: of several dimensions, all of them.
    fn dimensions(&mut self) -> Option<String> {
        let mut count: Option<u64> = None;
        while self.is_next("[") {
            self.take("[")?;
            let more: u64 = self.next()?.parse().ok()?;
            count = Some(count.unwrap_or(1).checked_mul(more)?);
            self.take("]")?;
        }
        Some(count.map_or(String::new(), |count| format!("[{count}]")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_ros_writes_is_rewritten() {
        let text = "================================================================================\n\
            IDL: a_msgs/msg/Outer\n// comment\n#include \"b.idl\"\n\
            module a_msgs { module msg { typedef double double__9[9]; typedef b_msgs::msg::Far far__2[2];\n\
            module Outer_Constants { @verbatim (language=\"comment\", text=\"a } \\\" (\" \"\\n\") const uint8 LIMIT = 3; };\n\
            enum Color { RED, GREEN };\n\
            @verbatim (language=\"comment\", text=\"; struct\") struct Outer {\n\
            std_msgs::msg::Header header; @default (value=TRUE) boolean on; octet b; @key @default (value=-1.5) float f; double d;\n\
            long l; unsigned long ul; long long ll; unsigned short us; int8 i; string<10> name; sequence<string> names;\n\
            sequence<uint8, 4> few; double__9 nine; far__2 two; float grid[2][3]; Color color; Other other; }; }; };\n\
            ================================================================================\n\
            IDL: a_msgs/msg/Other\nmodule a_msgs { module msg { struct Other { uint8 structure_needs_at_least_one_member; }; }; };\n";
        let rule = "=".repeat(RULE);
        let expected = format!(
            "std_msgs/Header header\nbool on true\nuint8 b\nfloat32 f -1.5\nfloat64 d\nint32 l\nuint32 ul\nint64 ll\nuint16 us\n\
             int8 i\nstring name\nstring[] names\nuint8[<=4] few\nfloat64[9] nine\nb_msgs/Far[2] two\nfloat32[6] grid\n\
             uint32 color\na_msgs/Other other\n{rule}\nMSG: a_msgs/Other\nuint8 structure_needs_at_least_one_member\n"
        );
        assert_eq!(msg_of_idl(text).as_deref(), Some(expected.as_str()));
    }

    #[test]
    fn what_is_not_understood_is_none_and_never_a_panic() {
        let good = "module a { module msg { struct B { sequence<double, 3> c; }; }; };";
        assert!(msg_of_idl(good).is_some());
        for cut in 0..good.find('}').unwrap() {
            assert_eq!(msg_of_idl(&good[..cut]), None, "{}", &good[..cut]);
        }
        for text in [
            "union U switch (long) { case 1: long a; };",
            "module a { struct B { map<string, long> c; }; };",
            "module a { struct B { double c[x]; }; };",
            "struct B { double c; };",
            "module a { struct B { sequence<sequence<double>> c; }; };",
            "\"",
            "/*",
            "}",
        ] {
            assert_eq!(msg_of_idl(text), None, "{text}");
        }
    }
}
