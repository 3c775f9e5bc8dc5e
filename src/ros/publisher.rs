//! The command topics, as the control thread and the supervisor send to it.

use r2r::QosProfile;

use super::logger;
use super::subscription::hint;
use crate::config::{CommandConfig, NodeConfig};
use crate::errors::ConfigErrors;
use crate::safety::CommandSink;

/// A publisher of serialized commands for each command topic. Cheap to clone; all clones are the same publishers.
#[derive(Clone)]
pub struct CommandPublisher(Vec<r2r::PublisherUntyped>);

impl CommandPublisher {
    /// Offers the command topics: reliable, the newest command alone.
    ///
    /// # Errors
    /// Every topic that ROS refuses.
    pub fn new(node: &mut r2r::Node, config: &NodeConfig) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let mut publishers = Vec::new();
        for CommandConfig { topic, message, .. } in &config.action.commands {
            let qos = QosProfile::default().keep_last(1);
            match node.create_publisher_untyped(topic, message.ros_name(), qos) {
                Ok(publisher) => publishers.push(publisher),
                Err(e) => {
                    let hint = hint(&e, message.ros_name());
                    errors.add(format!(
                        "topic {topic} ({}): cannot publish: {e}{hint}",
                        message.ros_name()
                    ));
                }
            }
        }
        errors.or(Self(publishers))
    }

    /// The same publishers, to be asked who listens to them.
    pub fn publishers(&self) -> impl Iterator<Item = r2r::PublisherUntyped> {
        self.0.iter().cloned()
    }
}

impl CommandSink for CommandPublisher {
    fn send(&mut self, topic: usize, message: &[u8]) -> bool {
        // r2r would log a failure, and the log may wait for the console.
        logger::without_log(|| self.0[topic].publish_raw(message)).is_ok()
    }
}
