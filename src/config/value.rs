//! The value of a parameter, whether it came from ROS or straight from a file.

use std::fmt;

/// A parameter's value, of one of the types that ROS 2 parameters have.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a decimal point.
    Double(f64),
    /// Text.
    String(String),
    /// A list, an empty value or anything else that no parameter of this node takes, in words.
    Other(String),
}

impl Value {
    /// The name of its type, as people write it.
    pub fn type_name(&self) -> &str {
        match self {
            Self::Bool(_) => "bool",
            Self::Integer(_) => "integer",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Other(words) => words,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(v) => write!(f, "{v}"),
            Self::Integer(v) => write!(f, "{v}"),
            Self::Double(v) => write!(f, "{v:?}"),
            Self::String(v) => write!(f, "{v:?}"),
            Self::Other(words) => write!(f, "{words}"),
        }
    }
}
