//! Every problem at once: checks collect what they find instead of stopping at the first.

use std::fmt;

/// The errors that one check found, each a sentence that names the thing, its value and what is allowed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<String>);

impl ConfigErrors {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one problem.
    pub fn add(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    /// Adds another check's errors, each prefixed with where they were found.
    pub fn add_all(&mut self, place: &str, other: ConfigErrors) {
        self.0
            .extend(other.0.into_iter().map(|p| format!("{place}: {p}")));
    }

    /// Adds another check's errors as they are.
    pub fn extend(&mut self, other: ConfigErrors) {
        self.0.extend(other.0);
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sentences, in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// `Ok(value)` when nothing was found, all errors otherwise.
    ///
    /// # Errors
    /// The list itself, when it is not empty.
    pub fn or<T>(self, value: T) -> Result<T, ConfigErrors> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl From<String> for ConfigErrors {
    fn from(problem: String) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "  - {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
