//! How a pass over a recording ended.

/// What a pass over a recording came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What could not be read, if anything.
    pub truncated: Option<String>,
    /// A word that is another one wherever the messages are others, after a pass to the end.
    pub digest: Option<String>,
}
