//! The states of a managed node, and the transitions between them, as the ROS 2 design defines them
//! (<https://design.ros2.org/articles/node_lifecycle.html>). Numbers, labels and their order are those of `lifecycle_msgs`
//! and `rcl_lifecycle`. What is to be done in a transition is somebody else's business.

use std::fmt;

/// A state of a managed node: four primary ones, in which it stays until it is asked for a transition, and those in which
/// it is while a transition is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not set; no node is ever in it.
    Unknown = 0,
    /// Nothing is loaded.
    Unconfigured = 1,
    /// Everything is loaded and checked, and no command leaves.
    Inactive = 2,
    /// The control loop runs.
    Active = 3,
    /// The process is about to end.
    Finalized = 4,
    /// On the way from unconfigured to inactive.
    Configuring = 10,
    /// On the way from inactive to unconfigured.
    CleaningUp = 11,
    /// On the way to finalized.
    ShuttingDown = 12,
    /// On the way from inactive to active.
    Activating = 13,
    /// On the way from active to inactive.
    Deactivating = 14,
    /// A transition met an error.
    ErrorProcessing = 15,
}

impl State {
    /// Every state, in the order in which `rcl_lifecycle` lists them.
    pub const ALL: [Self; 11] = [
        Self::Unknown,
        Self::Unconfigured,
        Self::Inactive,
        Self::Active,
        Self::Finalized,
        Self::Configuring,
        Self::CleaningUp,
        Self::ShuttingDown,
        Self::Activating,
        Self::Deactivating,
        Self::ErrorProcessing,
    ];

    /// Its number in `lifecycle_msgs/msg/State`.
    pub fn id(self) -> u8 {
        self as u8
    }

    /// Its label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Unconfigured => "unconfigured",
            Self::Inactive => "inactive",
            Self::Active => "active",
            Self::Finalized => "finalized",
            Self::Configuring => "configuring",
            Self::CleaningUp => "cleaningup",
            Self::ShuttingDown => "shuttingdown",
            Self::Activating => "activating",
            Self::Deactivating => "deactivating",
            Self::ErrorProcessing => "errorprocessing",
        }
    }

    /// Whether the node stays in it until it is asked for a transition.
    pub fn is_primary(self) -> bool {
        matches!(
            self,
            Self::Unconfigured | Self::Inactive | Self::Active | Self::Finalized
        )
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// How the work of a transition ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// It was done.
    Success,
    /// It could not be done, and nothing has changed.
    Failure,
    /// Something went wrong on the way that has to be cleaned up.
    Error,
}

/// A transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Its number in `lifecycle_msgs/msg/Transition`.
    pub id: u8,
    /// Its label; several transitions can share one, from different states.
    pub label: &'static str,
    /// The state before it.
    pub start: State,
    /// The state after it.
    pub goal: State,
}

const fn transition(id: u8, label: &'static str, start: State, goal: State) -> Transition {
    Transition {
        id,
        label,
        start,
        goal,
    }
}

const SUCCESS: &str = "transition_success";
const FAILURE: &str = "transition_failure";
const ERROR: &str = "transition_error";

/// Every transition, in the order in which `rcl_lifecycle` lists them.
pub const TRANSITIONS: [Transition; 25] = {
    use State::*;
    [
        transition(1, "configure", Unconfigured, Configuring),
        transition(10, SUCCESS, Configuring, Inactive),
        transition(11, FAILURE, Configuring, Unconfigured),
        transition(12, ERROR, Configuring, ErrorProcessing),
        transition(2, "cleanup", Inactive, CleaningUp),
        transition(20, SUCCESS, CleaningUp, Unconfigured),
        transition(21, FAILURE, CleaningUp, Inactive),
        transition(22, ERROR, CleaningUp, ErrorProcessing),
        transition(3, "activate", Inactive, Activating),
        transition(30, SUCCESS, Activating, Active),
        transition(31, FAILURE, Activating, Inactive),
        transition(32, ERROR, Activating, ErrorProcessing),
        transition(4, "deactivate", Active, Deactivating),
        transition(40, SUCCESS, Deactivating, Inactive),
        transition(41, FAILURE, Deactivating, Active),
        transition(42, ERROR, Deactivating, ErrorProcessing),
        transition(5, "shutdown", Unconfigured, ShuttingDown),
        transition(6, "shutdown", Inactive, ShuttingDown),
        transition(7, "shutdown", Active, ShuttingDown),
        transition(50, SUCCESS, ShuttingDown, Finalized),
        transition(51, FAILURE, ShuttingDown, Finalized),
        transition(52, ERROR, ShuttingDown, ErrorProcessing),
        transition(60, SUCCESS, ErrorProcessing, Unconfigured),
        transition(61, FAILURE, ErrorProcessing, Finalized),
        transition(62, ERROR, ErrorProcessing, Finalized),
    ]
};

/// The state machine of one managed node.
#[derive(Debug)]
pub struct Lifecycle {
    state: State,
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self {
            state: State::Unconfigured,
        }
    }
}

impl Lifecycle {
    /// The state now.
    pub fn state(&self) -> State {
        self.state
    }

    /// The transitions that lead out of the state now; while one is under way, the ways in which it can end.
    pub fn available(&self) -> impl Iterator<Item = &'static Transition> {
        let state = self.state;
        TRANSITIONS.iter().filter(move |t| t.start == state)
    }

    /// Begins a transition that somebody asks for, by its label where one is given, otherwise by its number.
    ///
    /// # Errors
    /// In one sentence why it cannot begin: another one is under way, or it does not lead out of this state.
    pub fn begin(&mut self, id: u8, label: &str) -> Result<&'static Transition, String> {
        let state = self.state;
        let asked = match label {
            "" => format!("transition {id}"),
            label => format!("transition {label:?}"),
        };
        if !state.is_primary() {
            return Err(format!(
                "{asked} is refused: the node is {state}; ask again when that has ended"
            ));
        }
        let is_meant = |t: &&Transition| match label {
            "" => t.id == id,
            label => t.label == label,
        };
        let Some(found) = self.available().find(is_meant) else {
            let allowed: Vec<String> = self
                .available()
                .map(|t| format!("{} ({})", t.label, t.id))
                .collect();
            return Err(format!(
                "{asked} is refused: it does not lead out of the state {state}; allowed: {}",
                match allowed.is_empty() {
                    true => "none".to_owned(),
                    false => allowed.join(", "),
                }
            ));
        };
        self.state = found.goal;
        Ok(found)
    }

    /// Ends the transition that is under way, and returns how; `None`, and nothing done, where none is.
    pub fn complete(&mut self, completion: Completion) -> Option<&'static Transition> {
        if self.state.is_primary() {
            return None;
        }
        let label = match completion {
            Completion::Success => SUCCESS,
            Completion::Failure => FAILURE,
            Completion::Error => ERROR,
        };
        let ended = self.available().find(|t| t.label == label)?;
        self.state = ended.goal;
        Some(ended)
    }
}

#[cfg(test)]
mod tests;
