//! What a proposal is asked for.

use std::path::PathBuf;

use crate::message::MessageType;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The topics of the labels, where several could be. Every message of the first is a
    /// label.
    pub actions: Vec<String>,
    /// The folder with the encoders `efficientnet_lite0` and `minilm_l6`.
    pub encoders: PathBuf,
    /// The folder that the policy will be trained to.
    pub policy: PathBuf,
    /// The message that joint positions are commanded by, where the labels are joint states.
    pub positions_by: MessageType,
}
