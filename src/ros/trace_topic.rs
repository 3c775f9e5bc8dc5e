//! `~/trace`: what the node does, moment by moment, for as long as somebody listens.

use std::time::Instant;

use r2r::QosProfile;

use super::graph;
use crate::control::Collector;
use crate::errors::ConfigErrors;
use crate::message::{MessageType, encode_text};
use crate::trace::Batch;

const TOPIC: &str = "~/trace";

/// Batches that are kept for a listener that is slow: ten seconds.
pub(super) const DEPTH: usize = 100;

/// Publishes what is recorded, a `std_msgs/msg/String` of JSON per batch.
pub struct TraceTopic {
    publisher: r2r::PublisherUntyped,
    node: String,
    collector: Collector,
}

impl TraceTopic {
    /// Offers the topic.
    ///
    /// # Errors
    /// The topic, when ROS refuses it.
    pub fn new(node: &mut r2r::Node, collector: Collector) -> Result<Self, ConfigErrors> {
        let qos = QosProfile::default().keep_last(DEPTH);
        let publisher = node
            .create_publisher_untyped(TOPIC, MessageType::String.ros_name(), qos)
            .map_err(|e| format!("topic {TOPIC}: cannot publish: {e}"))?;
        Ok(Self {
            publisher,
            node: graph::own_name(node),
            collector,
        })
    }

    /// Looks whether anybody listens, and publishes what there is for them. To be called many times a second.
    pub fn look(&mut self, now: Instant) {
        let listeners = self.publisher.get_inter_process_subscription_count();
        let is_heard = listeners.is_ok_and(|count| count > 0);
        if let Some(batch) = self.collector.collect(now, is_heard) {
            self.publish(batch);
        }
    }

    fn publish(&self, mut batch: Batch) {
        batch.node.clone_from(&self.node);
        // Text, numbers and lists can always be written; publishing fails only when the node is gone.
        if let Ok(text) = serde_json::to_string(&batch) {
            let _ = self.publisher.publish_raw(&encode_text(&text));
        }
    }
}

impl Drop for TraceTopic {
    /// The last ticks, among them the stop, are of the most interest.
    fn drop(&mut self) {
        if let Some(batch) = self.collector.rest() {
            self.publish(batch);
        }
    }
}
