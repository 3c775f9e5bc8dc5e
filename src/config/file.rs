//! Parameter files, read as rcl reads them: the same sections, names and types, and nothing that rcl refuses.

use std::iter::Peekable;
use std::path::Path;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::node_name;
use super::scalar;
use super::sections::{Place, SectionWriter, Sections};
use super::value::Value;

/// The node's name, unless it is remapped.
pub const NODE_NAME: &str = "late_fusion";

/// Deeper than any file that people write; beyond it lies a stack that overflows.
const DEEPEST: usize = 32;

/// Reads the sections of a file into `sections`.
///
/// # Errors
/// A file that cannot be read, is no YAML, or that rcl would refuse or misread.
pub(super) fn read(path: &Path, sections: &mut Sections) -> Result<(), String> {
    let place = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| format!("--params-file {place}: {e}"))?;
    parse(&text, path, sections).map_err(|problem| format!("--params-file {place}: {problem}"))
}

/// The value that stands alone in a text, as after `-p name:=`.
///
/// # Errors
/// Text that is no YAML, or more than a value or a list of values.
pub(super) fn parse_value(text: &str) -> Result<Value, String> {
    let mut events = Events::new(text)?;
    let value = match events.next() {
        Some((event, line)) => events.value(event, line)?,
        None => return Err("there is no value".to_owned()),
    };
    match events.next() {
        None => Ok(value),
        Some(_) => Err("there is more than one value".to_owned()),
    }
}

fn parse(text: &str, path: &Path, sections: &mut Sections) -> Result<(), String> {
    let mut events = Events::new(text)?;
    let mut found = false;
    while let Some((event, line)) = events.next() {
        match event {
            Event::MappingStart(..) => events.nodes("", 0, path, sections)?,
            // An empty document says nothing.
            Event::Scalar(text, ..) if text.is_empty() => continue,
            _ => return Err(format!("line {line}: it has no sections; {EXPECTED}")),
        }
        found = true;
    }
    match found {
        true => Ok(()),
        false => Err(format!("it has no sections; {EXPECTED}")),
    }
}

const EXPECTED: &str =
    "expected is a node's name, under it ros__parameters, and under that the parameters";

/// The events of a text that carry meaning, each with its line.
struct Events<'t>(Peekable<std::vec::IntoIter<(Event<'t>, usize)>>);

impl<'t> Events<'t> {
    /// All of them at once, so that what is no YAML is said to be none, wherever it breaks off.
    fn new(text: &'t str) -> Result<Self, String> {
        let mut events = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|e| {
                let line = e.marker().line();
                format!("not a YAML file: line {line}: {}", e.info())
            })?;
            match event {
                Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd
                | Event::Nothing => {}
                event => events.push((event, span.start.line())),
            }
        }
        Ok(Self(events.into_iter().peekable()))
    }

    fn next(&mut self) -> Option<(Event<'t>, usize)> {
        self.0.next()
    }

    fn must(&mut self) -> Result<(Event<'t>, usize), String> {
        self.next()
            .ok_or_else(|| "not a YAML file: it ends too early".to_owned())
    }

    /// The next key of a mapping, or its end.
    fn key(&mut self) -> Result<Option<(String, usize)>, String> {
        match self.must()? {
            (Event::MappingEnd, _) => Ok(None),
            (Event::Scalar(key, ..), line) if !key.is_empty() => Ok(Some((key.into_owned(), line))),
            (Event::Alias(_), line) => Err(alias(line)),
            (_, line) => Err(format!("line {line}: a key must be a word")),
        }
    }

    /// The rest of a mapping of node names, which may be nested.
    fn nodes(
        &mut self,
        namespace: &str,
        depth: usize,
        path: &Path,
        sections: &mut Sections,
    ) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("it is nested deeper than {DEEPEST} levels"));
        }
        let mut children = 0;
        let mut has_parameters = false;
        while let Some((key, line)) = self.key()? {
            let is_parameters = key.starts_with("ros__parameters");
            children += 1;
            has_parameters |= is_parameters;
            // rcl would take what stands beside it for a section of another name.
            if has_parameters && children > 1 {
                return Err(format!(
                    "line {line}: section {namespace} has {key} beside ros__parameters; it must stand alone there"
                ));
            }
            match (self.must()?, is_parameters) {
                ((Event::MappingStart(..), _), true) => {
                    if namespace.is_empty() {
                        return Err(format!(
                            "line {line}: there is no node's name before ros__parameters; {EXPECTED}"
                        ));
                    }
                    if let Some(problem) = node_name::problem(namespace) {
                        return Err(format!("line {line}: {problem}"));
                    }
                    let place = Place::File(path.to_owned());
                    self.parameters(depth, &mut sections.section(namespace, place))?;
                }
                ((Event::MappingStart(..), _), false) => {
                    let slash = match namespace.is_empty() || namespace.ends_with('/') {
                        true => "",
                        false => "/",
                    };
                    let inner = format!("{namespace}{slash}{key}");
                    self.nodes(&inner, depth + 1, path, sections)?;
                }
                ((Event::Alias(_), line), _) => return Err(alias(line)),
                (_, true) => {
                    return Err(format!(
                        "line {line}: ros__parameters of section {namespace} has no parameters; leave the section out"
                    ));
                }
                (_, false) => {
                    return Err(format!(
                        "line {line}: section {namespace}{key} has no ros__parameters before its values; {EXPECTED}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// The rest of a mapping of parameters, which may be nested.
    fn parameters(&mut self, depth: usize, section: &mut SectionWriter) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("it is nested deeper than {DEEPEST} levels"));
        }
        while let Some((key, line)) = self.key()? {
            section.key(&key);
            match self.must()? {
                (Event::MappingStart(..), _) => {
                    // rcl reads an empty mapping as the end of the one around it.
                    if let Some((Event::MappingEnd, _)) = self.0.peek() {
                        return Err(format!(
                            "line {line}: {key} is an empty mapping, which ROS 2 cannot read; leave it out"
                        ));
                    }
                    section.open();
                    self.parameters(depth + 1, section)?;
                    section.close();
                }
                (event, line) => {
                    let value = self.value(event, line);
                    section.set(value.map_err(|problem| match problem.starts_with("line") {
                        true => problem,
                        false => format!("line {line}: {key}: {problem}"),
                    })?);
                }
            }
        }
        Ok(())
    }

    /// The value that begins with an event.
    fn value(&mut self, event: Event<'t>, line: usize) -> Result<Value, String> {
        match event {
            Event::Scalar(..) => scalar_of(&event).ok_or_else(|| "there is no value".to_owned()),
            Event::Alias(_) => Err(alias(line)),
            Event::SequenceStart(..) => self.list(),
            _ => Err("a value, or a list of values, is expected".to_owned()),
        }
    }

    /// The rest of a list. No parameter of ours is one; it is read because other nodes' may be.
    fn list(&mut self) -> Result<Value, String> {
        let mut kind: Option<String> = None;
        loop {
            let (event, line) = self.must()?;
            let value = match event {
                Event::SequenceEnd => return Ok(Value::Other("list".into())),
                Event::Scalar(..) => scalar_of(&event),
                _ => None,
            };
            let value = value
                .ok_or_else(|| format!("line {line}: a list may hold nothing but plain values"))?;
            let found = value.type_name().to_owned();
            if kind.get_or_insert_with(|| found.clone()) != &found {
                return Err(format!(
                    "line {line}: a list must hold values of one type, and this one has {} and {found}",
                    kind.unwrap_or_default()
                ));
            }
        }
    }
}

/// The value of a scalar; none where there is nothing.
fn scalar_of(event: &Event) -> Option<Value> {
    let Event::Scalar(text, style, _, tag) = event else {
        return None;
    };
    let is_quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    let is_tagged = tag
        .as_ref()
        .is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
    (is_quoted || !text.is_empty()).then(|| scalar::value(text, is_quoted || is_tagged))
}

fn alias(line: usize) -> String {
    format!(
        "line {line}: it uses an alias (*name), which ROS 2 does not read in parameter files; write the values out"
    )
}

#[cfg(test)]
mod tests {
    use super::super::{NodeName, Overrides, RosArguments};
    use super::*;

    /// The parameters that a file gives to /late_fusion, or what is wrong with it.
    fn read(text: &str) -> Result<Vec<(String, Value)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yaml");
        std::fs::write(&path, text).unwrap();
        let overrides =
            Overrides::read(&RosArguments::of_files([path])).map_err(|e| e.to_string())?;
        let given = overrides.of(&NodeName::new("/", NODE_NAME));
        given
            .map(|given| given.into_values().into_iter().collect())
            .map_err(|e| e.to_string())
    }

    #[test]
    fn nested_names_are_joined_with_dots() {
        let text = "late_fusion:\n  ros__parameters:\n    a: 1\n    b:\n      c: x\n      d: {e: 0.5, f: on}\n    g: why\n";
        let expected = [
            ("a", Value::Integer(1)),
            ("b.c", Value::String("x".into())),
            ("b.d.e", Value::Double(0.5)),
            ("b.d.f", Value::Bool(true)),
            ("g", Value::String("why".into())),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn namespaces_may_be_nested_too() {
        for text in [
            "/: {late_fusion: {ros__parameters: {a: 1}}}",
            "/**: {late_fusion: {ros__parameters: {a: 1}}}",
            "arm: {late_fusion: {ros__parameters: {b: 1}}, camera: {ros__parameters: {c: 1}}}\n\
             late_fusion: {ros__parameters: {a: 1}}",
        ] {
            let expected = [("a".to_owned(), Value::Integer(1))];
            assert_eq!(read(text).as_deref(), Ok(&expected[..]), "{text}");
        }
    }

    #[test]
    fn what_rcl_refuses_or_misreads_is_refused_with_its_place() {
        for (text, part) in [
            ("just text", "no sections"),
            ("", "no sections"),
            ("[1, 2]", "no sections"),
            ("late_fusion: [", "not a YAML file"),
            ("late_fusion: {policy: x}", "no ros__parameters"),
            ("late_fusion: x", "no ros__parameters"),
            ("ros__parameters: {a: 1}", "no node's name"),
            ("late_fusion: {ros__parameters: }", "leave the section out"),
            (
                "late_fusion: {ros__parameters: {a: 1}, b: {c: 1}}",
                "must stand alone",
            ),
            (
                "late fusion: {ros__parameters: {a: 1}}",
                "\"late fusion\" is not part",
            ),
            ("/late_*: {ros__parameters: {a: 1}}", "not part"),
            (
                "late_fusion:\n  ros__parameters:\n    a: &x 1\n    b: *x\n",
                "line 4: it uses an alias",
            ),
            (
                "base: &x\n  ros__parameters: {a: 1}\nlate_fusion: *x\n",
                "line 3: it uses an alias",
            ),
            (
                "late_fusion:\n  ros__parameters:\n    a: &x {b: 1}\n    c:\n      <<: *x\n",
                "alias",
            ),
            (
                "late_fusion: {ros__parameters: {a: {}}}",
                "a is an empty mapping",
            ),
            (
                "late_fusion:\n  ros__parameters:\n    a:\n",
                "line 3: a: there is no value",
            ),
            (
                "late_fusion: {ros__parameters: {a: [1, 0.5]}}",
                "integer and double",
            ),
            ("late_fusion: {ros__parameters: {a: [[1]]}}", "plain values"),
            (
                "late_fusion: {ros__parameters: {[a]: 1}}",
                "a key must be a word",
            ),
        ] {
            let problem = read(text).unwrap_err();
            assert!(
                problem.contains(part) && problem.contains("x.yaml"),
                "{part} in {problem}"
            );
        }
        // The YAML reader has a limit of its own, far beyond ours.
        for (depth, part) in [(40, "nested deeper"), (5000, "not a YAML file")] {
            let (open, close) = ("{a: ".repeat(depth), "}".repeat(depth));
            let problem = read(&format!("late_fusion: {{ros__parameters: {open}1{close}}}"));
            let problem = problem.unwrap_err();
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn a_value_stands_alone() {
        assert_eq!(parse_value("40.0"), Ok(Value::Double(40.0)));
        assert_eq!(parse_value("'40'"), Ok(Value::String("40".into())));
        assert_eq!(parse_value("a word"), Ok(Value::String("a word".into())));
        assert_eq!(parse_value("[1, 2]"), Ok(Value::Other("list".into())));
        for wrong in ["", "[1, two", "{a: 1}", "*x", "[1, two]"] {
            assert!(parse_value(wrong).is_err(), "{wrong}");
        }
    }
}
