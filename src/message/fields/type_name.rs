//! Names of message types.

/// The name of a message type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeName {
    /// `sensor_msgs`.
    pub package: String,
    /// `Image`.
    pub name: String,
}

impl TypeName {
    /// `sensor_msgs/msg/Image`, `sensor_msgs/Image`, or `Image` inside of `package`.
    pub fn parse(name: &str, package: &str) -> Self {
        let (package, name) = match name.rsplit_once('/') {
            Some((front, name)) => (front.split('/').next().unwrap_or(front), name),
            // The one short name that means a type of another package.
            None if name == "Header" => ("std_msgs", name),
            None => (package, name),
        };
        Self {
            package: package.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The name as ROS has it, `sensor_msgs/msg/Image`, of one with or without `msg/`; `None` where it is none.
    pub fn full(name: &str) -> Option<String> {
        let (package, short) = name.split_once('/')?;
        let short = short.strip_prefix("msg/").unwrap_or(short);
        let is_word = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        (is_word(package) && is_word(short)).then(|| format!("{package}/msg/{short}"))
    }

    /// The form that definitions use: `sensor_msgs/Image`.
    pub fn short(&self) -> String {
        format!("{}/{}", self.package, self.name)
    }
}
