//! The topics `~/contributions` and `~/fusion`, on which it is said why the robot moves.

use r2r::QosProfile;

use crate::control::AttributionMessages;
use crate::errors::ConfigErrors;
use crate::message::MessageType;
use crate::runtime::ExplanationSink;

/// The two topics. Cheap to clone.
#[derive(Clone)]
pub struct ExplainerTopics {
    contributions: r2r::PublisherUntyped,
    fusion: r2r::PublisherUntyped,
}

impl ExplainerTopics {
    /// Offers them.
    ///
    /// # Errors
    /// The topic that ROS refuses.
    pub fn new(node: &mut r2r::Node) -> Result<Self, ConfigErrors> {
        let mut offer = |topic: &str| {
            let qos = QosProfile::default().keep_last(1);
            node.create_publisher_untyped(topic, MessageType::Float64MultiArray.ros_name(), qos)
                .map_err(|e| ConfigErrors::from(format!("topic {topic}: cannot publish: {e}")))
        };
        Ok(Self {
            contributions: offer("~/contributions")?,
            fusion: offer("~/fusion")?,
        })
    }
}

impl ExplanationSink for ExplainerTopics {
    fn send(&mut self, messages: &AttributionMessages) {
        // Publishing fails only when the node is gone.
        let _ = self.contributions.publish_raw(&messages.contributions);
        let _ = self.fusion.publish_raw(&messages.fusion);
    }
}
