//! The command topic, as the control thread and the supervisor send to it.

use r2r::QosProfile;

use super::logger;
use super::subscription::hint;
use crate::config::NodeConfig;
use crate::errors::ConfigErrors;
use crate::safety::CommandSink;

/// A publisher of serialized commands. Cheap to clone; all clones are one publisher.
#[derive(Clone)]
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
            .map_err(|e| {
                let hint = hint(&e, message.ros_name());
                format!(
                    "topic {topic} ({}): cannot publish: {e}{hint}",
                    message.ros_name()
                )
            })?;
        Ok(Self(publisher))
    }

    /// The same publisher, to be asked who listens to it.
    pub fn publisher(&self) -> r2r::PublisherUntyped {
        self.0.clone()
    }
}

impl CommandSink for CommandPublisher {
    fn send(&mut self, message: &[u8]) -> bool {
        // r2r would log a failure, and the log may wait for the console.
        logger::without_log(|| self.0.publish_raw(message)).is_ok()
    }
}
