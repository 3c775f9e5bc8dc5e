//! What the page asks of a node.

use futures::future::BoxFuture;

/// What became of a request, in words.
pub type Answer = Result<String, String>;

/// A node, as far as the page can ask it for something. What there is to see of it comes through a
/// [`crate::display::SightSlot`].
pub trait Node: Send + Sync + 'static {
    /// Says a sentence on the topic of a modality, as anybody on the ROS graph could.
    fn instruct(&self, modality: &str, sentence: &str) -> Answer;

    /// Lets the robot be moved, or stops it, at once.
    fn enable(&self, enabled: bool) -> Answer;

    /// Has the policy in a folder take over.
    fn load(&self, folder: String) -> BoxFuture<'static, Answer>;
}
