//! Where the messages of a node come in and go out, whatever policy is active.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::modality::MessageFanout;

/// Where the messages of each modality come in, by its name: the topics of the parameters, whatever policy is active.
pub type MessageFanouts = BTreeMap<String, Arc<MessageFanout>>;

/// What the policies of a node read and write, one after the other: `C` takes their commands, `E` what explains them.
pub struct Ports<C, E> {
    /// Where the messages of each modality come in.
    pub fanouts: MessageFanouts,
    /// Where commands go, for the control thread.
    pub commands: C,
    /// The same once more, for the supervisor.
    pub stops: C,
    /// Where contributions are said, where the parameters ask for them.
    pub explanations: Option<E>,
}
