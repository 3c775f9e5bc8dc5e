//! Everything that parameter files and the command line say, in the order in which ROS 2 lets it count.
//!
//! rcl keeps one list of sections, in the order in which their names first appear, over all files and `-p` (whose section is
//! `/**`). A node takes the sections that match its full name in that order, the later one winning. Within a section a name
//! that is given again is replaced, with two peculiarities that are kept here so that every node of a robot understands a
//! file alike: a value does not replace one of another type, and a nested name that comes again makes a second entry. What
//! somebody gave last and does not get is told.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::arguments::{RosArguments, Rule};
use super::file;
use super::given::{Given, GivenValue};
use super::node_name::{self, NodeName};
use super::sections::{Entry, Last, Place, Section, Sections};
use super::value::Value;
use crate::errors::ConfigErrors;

/// Where `-p` without a node's name belongs.
const EVERY_NODE: &str = "/**";

/// What was given, for whatever node.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    sections: Sections,
    files: Vec<PathBuf>,
}

impl Overrides {
    /// Reads everything that a command line names.
    ///
    /// # Errors
    /// Every file that cannot be read, and every value that is no YAML.
    pub fn read(arguments: &RosArguments) -> Result<Self, ConfigErrors> {
        let mut overrides = Self::default();
        let mut errors = ConfigErrors::new();
        for rule in arguments.rules() {
            let read = match rule {
                Rule::File(path) => {
                    overrides.files.push(path.clone());
                    file::read(path, &mut overrides.sections)
                }
                Rule::Parameter { node, name, text } => file::parse_value(text)
                    .map(|value| {
                        let section = node.as_deref().unwrap_or(EVERY_NODE);
                        let mut section = overrides.sections.section(section, Place::CommandLine);
                        section.key(name);
                        section.set(value);
                    })
                    .map_err(|problem| {
                        format!(
                            "-p {name}:={text} after --ros-args: {problem}; expected is NAME:=VALUE"
                        )
                    }),
            };
            if let Err(problem) = read {
                errors.add(problem);
            }
        }
        errors.or(overrides)
    }

    /// The nodes called `name` that sections name in full: one for each robot.
    pub fn robots(&self, name: &str) -> Vec<NodeName> {
        let named = self.sections.iter();
        let named = named.filter_map(|section| node_name::named_in_full(&section.name));
        let mut robots: Vec<NodeName> = named.filter(|node| node.name() == name).collect();
        robots.sort();
        robots.dedup();
        robots
    }

    /// What was given to one node.
    ///
    /// # Errors
    /// Parameter files of which no section is for the node.
    pub fn of(&self, node: &NodeName) -> Result<Given, ConfigErrors> {
        let meant = |section: &&Section| node.is_meant_by(&section.name);
        let mut values: BTreeMap<String, GivenValue> = BTreeMap::new();
        let mut in_force: BTreeMap<&str, (&Section, &Entry)> = BTreeMap::new();
        let mut newest: BTreeMap<&str, (&Section, &Last)> = BTreeMap::new();
        for section in self.sections.iter().filter(meant) {
            for entry in &section.entries {
                let (Some(value), Some(last)) = (entry.value(), &entry.last) else {
                    continue;
                };
                // `-p` is said to this process; a section for any node is not.
                let is_ours = node.is_named_by(&section.name) || last.place == Place::CommandLine;
                let given = GivenValue {
                    value: value.clone(),
                    shared_by: (!is_ours).then(|| section.name.clone()),
                };
                values.insert(entry.name.clone(), given);
                in_force.insert(&entry.name, (section, entry));
                let newer = newest
                    .get(entry.name.as_str())
                    .is_none_or(|(_, known)| known.number < last.number);
                if newer {
                    newest.insert(&entry.name, (section, last));
                }
            }
        }
        let mut warnings = self.passed_by(node);
        for (name, (winner, entry)) in in_force {
            let (section, last) = newest[name];
            let gives_way = |value: &&Value| value.to_string() != last.value.to_string();
            if let Some(value) = entry.value().filter(gives_way) {
                let why = match section.name == winner.name {
                    true => format!(
                        "in one section, {}, a value does not replace one of another type, nor a nested name one that is \
                         given a second time; give it once, or with the same type",
                        section.name
                    ),
                    false => format!(
                        "section {} is named later than section {}; give it there",
                        winner.name, section.name
                    ),
                };
                warnings.push(format!(
                    "parameter {name} is {value}, and not {} as {} says: by the rules of ROS 2 {why}",
                    last.value, last.place
                ));
            }
        }
        if values.is_empty() && !self.files.is_empty() {
            return Err(self.no_section_for(node).into());
        }
        Ok(Given { values, warnings })
    }

    fn no_section_for(&self, node: &NodeName) -> String {
        let files: Vec<String> = self.files.iter().map(|f| f.display().to_string()).collect();
        let sections: Vec<&str> = self.sections.iter().map(|s| s.name.as_str()).collect();
        let only = match sections.is_empty() {
            true => "none at all".to_owned(),
            false => format!("only {}", sections.join(", ")),
        };
        format!(
            "--params-file {}: no section is for the node {node}, {only}; expected is {node}, /**/{} for any namespace, or \
             /** for any node",
            files.join(", "),
            node.name()
        )
    }

    /// Says which sections have the node's name and are yet not for it, where another robot is not meant.
    fn passed_by(&self, node: &NodeName) -> Vec<String> {
        let alike = self.sections.iter().filter(|section| {
            let is_relative = !section.name.contains('/');
            let is_open = is_relative || section.name.contains('*');
            is_open && node.is_named_by(&section.name) && !node.is_meant_by(&section.name)
        });
        alike
            .map(|section| {
                let files = section.files.iter().map(|f| f.display().to_string());
                let files = files.reduce(|all, file| format!("{all}, {file}"));
                format!(
                    "section {} of {} is not for this node, whose full name is {node}; /**/{} is for any namespace",
                    section.name,
                    files.unwrap_or_else(|| "-p".to_owned()),
                    node.name()
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
