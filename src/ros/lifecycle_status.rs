//! The lifecycle state on its way from the main thread to the status.

use std::sync::{Arc, Mutex, PoisonError};

use crate::control::State;
use crate::message::{Level, Status};
use crate::runtime::pairs;

/// The state and, where the last transition failed, why. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct LifecycleStatus(Arc<Mutex<Seen>>);

/// What is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The state.
    pub state: State,
    /// Why the last transition did not succeed; empty where it did.
    pub errors: Vec<String>,
}

impl Default for LifecycleStatus {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Seen {
            state: State::Unconfigured,
            errors: Vec::new(),
        })))
    }
}

impl LifecycleStatus {
    /// What is to be shown now.
    pub fn get(&self) -> Seen {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone()
    }

    /// The node is in this state, and the last transition failed for these reasons, if it did.
    pub fn set(&self, state: State, errors: Vec<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Seen { state, errors };
    }
}

impl Seen {
    /// How the node is while no policy is loaded.
    pub fn status(&self, node_name: &str) -> Status {
        let (level, message) = match self.errors.is_empty() {
            true => (Level::Ok, self.state.label().to_owned()),
            false => (
                Level::Error,
                format!("{}: {}", self.state, self.errors.join("; ")),
            ),
        };
        Status {
            level,
            name: format!("{node_name}: control"),
            message,
            values: pairs(&[
                ("lifecycle", self.state.label().to_owned()),
                ("policy", String::new()),
                ("policy_folder", String::new()),
                ("instruction", String::new()),
            ]),
        }
    }
}
