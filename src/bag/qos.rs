//! The quality of service that a topic was published with, in rosbag2's words: a player publishes with it again.

use std::time::Duration;

use serde::Serialize;

/// What a publisher offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfferedQos {
    /// `keep_last`, `keep_all`, `system_default` or `unknown`, as for most middlewares, which tell others nothing of it.
    pub history: &'static str,
    /// Messages that are kept with `keep_last`.
    pub depth: usize,
    /// `reliable`, `best_effort`, `system_default` or `unknown`.
    pub reliability: &'static str,
    /// `transient_local`, `volatile`, `system_default` or `unknown`.
    pub durability: &'static str,
    /// The longest time between two messages.
    pub deadline: QosTime,
    /// How long a message counts.
    pub lifespan: QosTime,
    /// `automatic`, `manual_by_topic`, `system_default` or `unknown`.
    pub liveliness: &'static str,
    /// Within which time the publisher shows that it is alive.
    pub liveliness_lease_duration: QosTime,
    /// Whether the topic has its name without what ROS adds in the middleware.
    pub avoid_ros_namespace_conventions: bool,
}

/// A duration as rosbag2 writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct QosTime {
    sec: u64,
    nsec: u32,
}

impl From<Duration> for QosTime {
    fn from(duration: Duration) -> Self {
        Self {
            sec: duration.as_secs(),
            nsec: duration.subsec_nanos(),
        }
    }
}
