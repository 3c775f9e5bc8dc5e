//! Subscriptions of serialized messages, drained at once so that only the newest is kept.

use futures::{FutureExt, Stream, StreamExt};
use r2r::QosProfile;

use crate::errors::ConfigErrors;
use crate::message::MessageType;

/// A subscription with what is to be done with each message. r2r's channel keeps the oldest messages when
/// it is full, so it is emptied after every spin, and never does work here.
pub struct Subscription {
    stream: Box<dyn Stream<Item = Vec<u8>> + Unpin + Send>,
    deliver: Box<dyn FnMut(Vec<u8>) + Send>,
}

impl Subscription {
    /// Subscribes to `topic`.
    ///
    /// # Errors
    /// The topic and type, when ROS refuses the subscription.
    pub fn new(
        node: &mut r2r::Node,
        topic: &str,
        message: MessageType,
        qos: QosProfile,
        deliver: impl FnMut(Vec<u8>) + Send + 'static,
    ) -> Result<Self, ConfigErrors> {
        Self::of_type(node, topic, message.ros_name(), qos, deliver)
    }

    /// The same by the name of a type, such as `std_msgs/msg/String`.
    ///
    /// # Errors
    /// As for [`Subscription::new`].
    pub fn of_type(
        node: &mut r2r::Node,
        topic: &str,
        message: &str,
        qos: QosProfile,
        deliver: impl FnMut(Vec<u8>) + Send + 'static,
    ) -> Result<Self, ConfigErrors> {
        let stream = node.subscribe_raw(topic, message, qos).map_err(|e| {
            let hint = hint(&e, message);
            format!("topic {topic} ({message}): cannot subscribe: {e}{hint}")
        })?;
        Ok(Self {
            stream: Box::new(stream),
            deliver: Box::new(deliver),
        })
    }

    /// Delivers everything that has arrived, and says whether anything had.
    pub fn drain(&mut self) -> bool {
        let mut any = false;
        while let Some(Some(bytes)) = self.stream.next().now_or_never() {
            (self.deliver)(bytes);
            any = true;
        }
        any
    }
}

/// What to do about an error of r2r, where that is known: it makes code for messages when it is built.
pub(super) fn hint(error: &r2r::Error, message: &str) -> String {
    if !matches!(error, r2r::Error::InvalidMessageType { .. }) {
        return String::new();
    }
    let package = message.split('/').next().unwrap_or(message);
    format!(
        "; late_fusion was built without the messages of {package}. With that package installed, add it to \
         IDL_PACKAGE_FILTER in .cargo/config.toml and build again"
    )
}
