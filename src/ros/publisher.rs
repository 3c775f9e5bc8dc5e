//! The command topic, as the control thread and the supervisor send to it.

use r2r::QosProfile;

use crate::config::NodeConfig;
use crate::errors::ConfigErrors;
use crate::safety::CommandSink;

/// A publisher of serialized commands.
pub struct CommandPublisher(r2r::PublisherUntyped);

impl CommandPublisher {
    /// Offers the command topic: reliable, the newest command alone.
    ///
    /// # Errors
    /// The topic that ROS refuses.
    pub fn new(node: &mut r2r::Node, config: &NodeConfig) -> Result<Self, ConfigErrors> {
        let (topic, message) = (&config.action.topic, config.action.message);
        let qos = QosProfile::default().keep_last(1);
        let publisher = node
            .create_publisher_untyped(topic, message.ros_name(), qos)
            .map_err(|e| format!("topic {topic}: cannot publish: {e}"))?;
        Ok(Self(publisher))
    }
}

impl CommandSink for CommandPublisher {
    fn send(&mut self, message: &[u8]) -> bool {
        self.0.publish_raw(message).is_ok()
    }
}
