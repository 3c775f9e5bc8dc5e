//! The parameters of the recorder's own topics.

use super::declaration::Declarations;
use super::topic::topic;

/// What `late_fusion record` listens to besides the modalities.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordConfig {
    /// The demonstrator's action, of the type of the command topic; where there are several of those, the demonstrator
    /// commands on them.
    pub expert_action_topic: String,
    /// Episode markers, `std_msgs/msg/String`: `start`, then `success` or `failure`; `change` where something
    /// else is meant from there on.
    pub episode_topic: String,
}

impl RecordConfig {
    pub(super) fn declare(d: &mut Declarations) -> Self {
        Self {
            expert_action_topic: topic(
                d,
                "record.expert_action_topic",
                "expert_action",
                "The demonstrator's action while recording, of the type action.message. With action.commands the command \
                 topics themselves are recorded.",
            ),
            episode_topic: topic(
                d,
                "record.episode_topic",
                "episode",
                "Episode markers while recording, std_msgs/msg/String: start, then success or failure; change where \
                 something else is meant from there on.",
            ),
        }
    }
}
