//! Message definitions as a bag embeds them, so that it can be read where the packages are not installed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::layout::{RULE, is_built_in};
use super::type_name::TypeName;
use crate::errors::ConfigErrors;

/// Where the `.msg` files of the installed packages are.
#[derive(Clone, Debug)]
pub struct Definitions {
    prefixes: Vec<PathBuf>,
}

impl Definitions {
    /// Looks under these prefixes, each with a `share/<package>/msg` folder per package; the first that has a
    /// file wins.
    pub fn new(prefixes: Vec<PathBuf>) -> Self {
        Self { prefixes }
    }

    /// Looks where the sourced ROS 2 is: in `AMENT_PREFIX_PATH`.
    pub fn of_environment() -> Self {
        let prefixes = std::env::var_os("AMENT_PREFIX_PATH").unwrap_or_default();
        Self::new(std::env::split_paths(&prefixes).collect())
    }

    /// The definition of a message type (`sensor_msgs/msg/Image`) followed by those of all types inside it.
    ///
    /// # Errors
    /// When one of the `.msg` files is in none of the prefixes.
    pub fn of(&self, message_type: &str) -> Result<String, ConfigErrors> {
        let mut text = String::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![TypeName::parse(message_type, "")];
        while let Some(name) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let definition = self.read(&name)?;
            if !text.is_empty() {
                text.push_str(&format!("{}\nMSG: {}\n", "=".repeat(RULE), name.short()));
            }
            text.push_str(&definition);
            if !definition.ends_with('\n') {
                text.push('\n');
            }
            let mut nested: Vec<TypeName> = nested_types(&definition, &name.package);
            nested.reverse();
            open.append(&mut nested);
        }
        Ok(text)
    }

    /// The hash of a message type's description (`RIHS01_…`), as the middleware tells it; `None` where the package was built
    /// without, as before Iron.
    pub fn type_hash(&self, message_type: &str) -> Option<String> {
        let text = self.text_of(&file_of(&TypeName::parse(message_type, ""), "json"))?;
        let described: Described = serde_json::from_str(&text).ok()?;
        let mut hashes = described.type_hashes.into_iter();
        hashes
            .find(|hash| hash.type_name == message_type)
            .map(|hash| hash.hash_string)
    }

    fn text_of(&self, file: &Path) -> Option<String> {
        let mut prefixes = self.prefixes.iter();
        prefixes.find_map(|prefix| std::fs::read_to_string(prefix.join(file)).ok())
    }

    fn read(&self, name: &TypeName) -> Result<String, ConfigErrors> {
        let file = file_of(name, "msg");
        self.text_of(&file)
            .ok_or_else(|| {
                let prefixes: Vec<String> = self
                    .prefixes
                    .iter()
                    .map(|p| p.display().to_string())
                    .collect();
                ConfigErrors::from(format!(
                    "the definition of {} is not there: {} is in none of the folders of AMENT_PREFIX_PATH \
                     ({:?}); source the ROS 2 that has the package {}",
                    name.short(),
                    file.display(),
                    prefixes.join(":"),
                    name.package
                ))
            })
    }
}

/// What a package says of a type in a `.json` file.
#[derive(Deserialize)]
struct Described {
    type_hashes: Vec<TypeHash>,
}

#[derive(Deserialize)]
struct TypeHash {
    type_name: String,
    hash_string: String,
}

/// The file of a message type, from a prefix.
fn file_of(name: &TypeName, extension: &str) -> PathBuf {
    let folder = PathBuf::from("share").join(&name.package).join("msg");
    folder.join(format!("{}.{extension}", name.name))
}

/// The message types of the fields in a `.msg` file.
fn nested_types(definition: &str, package: &str) -> Vec<TypeName> {
    definition
        .lines()
        .filter_map(|line| {
            let line = line.split('#').next().unwrap_or_default();
            let word = line.split_whitespace().next()?;
            // Arrays and bounds follow the name: `Point[]`, `Point[<=3]`, `string<=10`.
            let name = word.split(['[', '<']).next()?;
            (!is_built_in(name)).then(|| TypeName::parse(name, package))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share() -> (tempfile::TempDir, Definitions) {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [
            (
                "a_msgs/msg/Outer.msg",
                "# A comment: Nothing here\nstd_msgs/Header header # Why\nInner[<=3] few\nb_msgs/Far far\nint32 LIMIT=3\nstring<=10 name",
            ),
            (
                "a_msgs/msg/Inner.msg",
                "float64[9] values\nb_msgs/Far again\n",
            ),
            ("b_msgs/msg/Far.msg", "uint8[] data\n"),
            (
                "std_msgs/msg/Header.msg",
                "builtin_interfaces/Time stamp\nstring frame_id\n",
            ),
            (
                "builtin_interfaces/msg/Time.msg",
                "int32 sec\nuint32 nanosec\n",
            ),
        ] {
            let path = folder.path().join("share").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let definitions = Definitions::new(vec!["nowhere".into(), folder.path().to_owned()]);
        (folder, definitions)
    }

    #[test]
    fn a_definition_carries_every_nested_type_once() {
        let (_folder, definitions) = share();
        let text = definitions.of("a_msgs/msg/Outer").unwrap();
        let line = "=".repeat(80);
        let parts: Vec<&str> = text.split(&format!("{line}\n")).collect();
        let heads: Vec<&str> = parts.iter().map(|p| p.lines().next().unwrap()).collect();
        assert_eq!(
            heads,
            [
                "# A comment: Nothing here",
                "MSG: std_msgs/Header",
                "MSG: builtin_interfaces/Time",
                "MSG: a_msgs/Inner",
                "MSG: b_msgs/Far"
            ]
        );
        assert_eq!(parts[4], "MSG: b_msgs/Far\nuint8[] data\n");
    }

    #[test]
    fn the_hash_is_the_types_own_and_not_that_of_a_type_inside_it() {
        let (folder, definitions) = share();
        assert_eq!(definitions.type_hash("a_msgs/msg/Outer"), None);
        let text = r#"{"type_description_msg": {}, "type_hashes": [
            {"type_name": "b_msgs/msg/Far", "hash_string": "RIHS01_2"},
            {"type_name": "a_msgs/msg/Outer", "hash_string": "RIHS01_1"}]}"#;
        let file = folder.path().join("share/a_msgs/msg/Outer.json");
        std::fs::write(&file, text).unwrap();
        let hash = definitions.type_hash("a_msgs/msg/Outer");
        assert_eq!(hash.as_deref(), Some("RIHS01_1"));
        std::fs::write(&file, "{").unwrap();
        assert_eq!(definitions.type_hash("a_msgs/msg/Outer"), None);
    }

    #[test]
    fn a_missing_definition_is_named_with_the_package_and_where_it_was_sought() {
        let (folder, definitions) = share();
        std::fs::remove_file(folder.path().join("share/b_msgs/msg/Far.msg")).unwrap();
        let text = definitions.of("a_msgs/msg/Outer").unwrap_err().to_string();
        for part in ["b_msgs/Far", "AMENT_PREFIX_PATH", "nowhere"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
