//! Why there is no proposal.

use crate::errors::ConfigErrors;

/// What keeps it from being made.
#[derive(Debug)]
pub enum Undecided {
    /// Several topics could hold the labels: these.
    Actions(Vec<String>),
    /// Something is wrong.
    Wrong(ConfigErrors),
}

impl From<ConfigErrors> for Undecided {
    fn from(errors: ConfigErrors) -> Self {
        Self::Wrong(errors)
    }
}
