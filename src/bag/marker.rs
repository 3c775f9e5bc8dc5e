//! Episode markers: where in a recording something was shown.

/// What a marker says. Its first word counts; what follows is the demonstrator's own note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// An episode begins.
    Start,
    /// From here on something else is meant.
    Change,
    /// The episode ends, and what was meant is done.
    Success,
    /// The episode ends, and what was meant is not done.
    Failure,
}

impl Marker {
    /// The marker that a text is; `None` for another text.
    pub fn of(text: &str) -> Option<Self> {
        match text.split_whitespace().next()? {
            "start" => Some(Self::Start),
            "change" => Some(Self::Change),
            "success" => Some(Self::Success),
            "failure" => Some(Self::Failure),
            _ => None,
        }
    }
}
