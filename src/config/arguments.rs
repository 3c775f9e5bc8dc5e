//! What follows `--ros-args` on a command line, understood without ROS.

use std::ffi::OsString;
use std::path::PathBuf;

use super::node_name::NodeName;
use crate::errors::ConfigErrors;

/// What rcl lets follow `--ros-args`, each with a value.
const WITH_VALUE: [&str; 10] = [
    "-p",
    "--param",
    "-r",
    "--remap",
    "-e",
    "--enclave",
    "--log-level",
    "--log-config-file",
    "--log-file-name",
    "--params-file",
];

/// What rcl lets be enabled and disabled there.
const SWITCHES: [&str; 3] = ["rosout-logs", "stdout-logs", "external-lib-logs"];

/// What gives parameters, in the order of the command line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rule {
    /// `--params-file FILE`
    File(PathBuf),
    /// `-p [NODE:]NAME:=VALUE`
    Parameter {
        node: Option<String>,
        name: String,
        text: String,
    },
}

/// `-r [NODE:]FROM:=TO`
#[derive(Clone, Debug, PartialEq)]
pub struct Remapping {
    /// The node that it is for, where it names one.
    pub node: Option<String>,
    /// The name that is replaced; `__node` and `__ns` stand for the node's own.
    pub from: String,
    /// What replaces it.
    pub to: String,
}

/// The ROS arguments of a command line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RosArguments {
    rules: Vec<Rule>,
    remappings: Vec<Remapping>,
    /// Whether the external log libraries are disabled, and with them the log file.
    is_log_file_disabled: bool,
}

impl RosArguments {
    /// Parameter files alone.
    pub fn of_files(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            rules: files.into_iter().map(Rule::File).collect(),
            ..Self::default()
        }
    }

    /// What follows `--ros-args` on this process' command line.
    ///
    /// # Errors
    /// As for [`RosArguments::parse`], and as for [`words`].
    pub fn of_process() -> Result<Self, ConfigErrors> {
        words(std::env::args_os()).and_then(Self::parse)
    }

    /// Takes what follows `--ros-args` out of a command line; the rest belongs to others.
    ///
    /// # Errors
    /// Everything there that ROS does not know, or that lacks its value.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let mut found = Self::default();
        let mut is_ours = false;
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--ros-args" => is_ours = true,
                "--" => is_ours = false,
                _ if !is_ours => {}
                flag if WITH_VALUE.contains(&flag) => match words.next() {
                    Some(value) => {
                        if let Err(problem) = found.add(flag, value) {
                            errors.add(problem);
                        }
                    }
                    None => errors.add(format!("{flag} is the last argument; a value must follow")),
                },
                flag if is_switch(flag) => {
                    if flag.ends_with("able-external-lib-logs") {
                        found.is_log_file_disabled = flag.starts_with("--disable");
                    }
                }
                other => errors.add(format!(
                    "argument {other:?} after --ros-args is not understood; allowed: {}, and --enable- or --disable- \
                     with {}",
                    WITH_VALUE.join(", "),
                    SWITCHES.join(", ")
                )),
            }
        }
        errors.or(found)
    }

    /// The same after other parameter files, which so win over nothing that is given here.
    pub fn after_files(mut self, files: impl IntoIterator<Item = PathBuf>) -> Self {
        let files = files.into_iter().map(Rule::File);
        self.rules = files.chain(self.rules).collect();
        self
    }

    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The remappings, in their order.
    pub fn remappings(&self) -> &[Remapping] {
        &self.remappings
    }

    /// Whether ROS is told to write no log file.
    pub fn is_log_file_disabled(&self) -> bool {
        self.is_log_file_disabled
    }

    /// Whether the node's name or namespace is given.
    pub fn names_a_node(&self, name: &str) -> bool {
        let remapped = self.name(name);
        remapped.is_some() || self.namespace(remapped.unwrap_or(name)).is_some()
    }

    /// The full name of a node that calls itself `name`, remapped.
    pub fn node(&self, name: &str) -> NodeName {
        let name = self.name(name).unwrap_or(name);
        NodeName::new(self.namespace(name).unwrap_or("/"), name)
    }

    fn name(&self, name: &str) -> Option<&str> {
        self.replacement(name, &["__node", "__name"])
    }

    fn namespace(&self, name: &str) -> Option<&str> {
        self.replacement(name, &["__ns"])
    }

    fn replacement(&self, node: &str, keys: &[&str]) -> Option<&str> {
        let mut rules = self.remappings.iter();
        let rule = rules.find(|rule| {
            let is_meant = rule.node.as_deref().is_none_or(|meant| meant == node);
            is_meant && keys.contains(&rule.from.as_str())
        });
        rule.map(|rule| rule.to.as_str())
    }

    fn add(&mut self, flag: &str, value: String) -> Result<(), String> {
        match flag {
            "--params-file" => self.rules.push(Rule::File(value.into())),
            "-p" | "--param" => {
                let (node, name, text) = rule(&value).ok_or_else(|| {
                    format!(
                        "{flag} {value:?} after --ros-args: expected is NAME:=VALUE, for example \
                         -p control_rate_hz:=40.0"
                    )
                })?;
                self.rules.push(Rule::Parameter { node, name, text });
            }
            "-r" | "--remap" => {
                let (node, from, to) = rule(&value).ok_or_else(|| {
                    format!(
                        "{flag} {value:?} after --ros-args: expected is FROM:=TO, for example -r action:=/arm/action"
                    )
                })?;
                self.remappings.push(Remapping { node, from, to });
            }
            // What is wrong with the values of others, rcl says.
            _ => {}
        }
        Ok(())
    }
}

/// The words of a command line as text, which ROS needs them to be.
///
/// # Errors
/// Every word that is no UTF-8.
pub fn words(line: impl IntoIterator<Item = OsString>) -> Result<Vec<String>, ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let mut words = Vec::new();
    for (i, word) in line.into_iter().enumerate() {
        match word.into_string() {
            Ok(word) => words.push(word),
            Err(word) => errors.add(format!(
                "argument {i} of the command line, {word:?}, is not UTF-8, which ROS needs"
            )),
        }
    }
    errors.or(words)
}

/// `[NODE:]LEFT:=RIGHT`, in which nothing is empty.
fn rule(text: &str) -> Option<(Option<String>, String, String)> {
    let (left, right) = text.split_once(":=")?;
    // `rostopic://` and `rosservice://` are no nodes.
    let is_node = |rest: &str| !rest.starts_with("//");
    let (node, left) = match left.split_once(':') {
        Some((node, rest)) if is_node(rest) => (Some(node.to_owned()), rest),
        _ => (None, left),
    };
    let is_full = !left.is_empty() && !right.is_empty() && node.as_deref() != Some("");
    is_full.then(|| (node, left.to_owned(), right.to_owned()))
}

fn is_switch(flag: &str) -> bool {
    let name = flag
        .strip_prefix("--enable-")
        .or_else(|| flag.strip_prefix("--disable-"));
    name.is_some_and(|name| SWITCHES.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<RosArguments, String> {
        RosArguments::parse(words.split(' ').map(str::to_owned)).map_err(|e| e.to_string())
    }

    #[test]
    fn files_and_parameters_keep_their_order() {
        let found = parse(
            "node --params-file ours.yaml --ros-args --params-file a.yaml -p x.y:=1 --param late_fusion:z:=a:=b \
             --ros-args --params-file b.yaml -- -p no:=1",
        );
        let parameter = |node: Option<&str>, name: &str, text: &str| Rule::Parameter {
            node: node.map(str::to_owned),
            name: name.to_owned(),
            text: text.to_owned(),
        };
        let expected = [
            Rule::File("a.yaml".into()),
            parameter(None, "x.y", "1"),
            parameter(Some("late_fusion"), "z", "a:=b"),
            Rule::File("b.yaml".into()),
        ];
        assert_eq!(found.unwrap().rules(), expected);
    }

    #[test]
    fn a_node_is_named_by_the_first_rule_that_is_for_it() {
        for (words, name) in [
            ("", "/late_fusion"),
            (
                "--ros-args -r __ns:=/left -r __ns:=/right",
                "/left/late_fusion",
            ),
            (
                "--ros-args -r other:__ns:=/a -r late_fusion:__ns:=/b",
                "/b/late_fusion",
            ),
            ("--ros-args -r __node:=arm -r arm:__ns:=/c", "/c/arm"),
            ("--ros-args --remap __name:=arm", "/arm"),
            ("--ros-args -r image:=/camera/image", "/late_fusion"),
        ] {
            let found = parse(words).unwrap();
            assert_eq!(found.node("late_fusion").to_string(), name, "{words}");
            assert_eq!(found.names_a_node("late_fusion"), name != "/late_fusion");
        }
    }

    #[test]
    fn everything_that_rcl_knows_passes() {
        let known = "node --ros-args -p a:=1 -r b:=c --log-level info --enable-rosout-logs --disable-stdout-logs -e /x \
                     -r rostopic://a:=b --disable-external-lib-logs";
        let found = parse(known).unwrap();
        assert!(found.is_log_file_disabled());
        assert_eq!(found.remappings()[1].from, "rostopic://a");
        assert_eq!(found.remappings()[1].node, None);
    }

    #[test]
    fn a_word_that_is_no_text_is_named_and_no_panic() {
        use std::os::unix::ffi::OsStringExt;
        let line = |word: &[u8]| {
            [
                "node".into(),
                "--ros-args".into(),
                OsString::from_vec(word.to_vec()),
            ]
        };
        assert_eq!(words(line(b"-r")).unwrap()[2], "-r");
        let told = words(line(b"-r\xff")).unwrap_err().to_string();
        assert!(
            told.contains(r#"argument 2 of the command line, "-r\xFF""#),
            "{told}"
        );
    }

    #[test]
    fn what_ros_would_not_read_is_named() {
        let told = parse(
            "node --ros-args --param-file x.yaml -p broken -r nonsense -p a:= -r :=b --params-file",
        )
        .unwrap_err();
        for part in [
            "\"--param-file\"",
            "\"x.yaml\"",
            "-p \"broken\"",
            "-r \"nonsense\"",
            "-p \"a:=\"",
            "-r \":=b\"",
            "--params-file is the last argument",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
    }
}
