//! What a publisher offers, in rosbag2's words.

use r2r::QosProfile;
use r2r::qos::{DurabilityPolicy, HistoryPolicy, LivelinessPolicy, ReliabilityPolicy};

use crate::bag::OfferedQos;

const SYSTEM_DEFAULT: &str = "system_default";
const UNKNOWN: &str = "unknown";

/// A publisher's profile as a recording keeps it.
pub fn offered_qos(profile: &QosProfile) -> OfferedQos {
    OfferedQos {
        history: match profile.history {
            HistoryPolicy::KeepLast => "keep_last",
            HistoryPolicy::KeepAll => "keep_all",
            HistoryPolicy::SystemDefault => SYSTEM_DEFAULT,
            HistoryPolicy::Unknown => UNKNOWN,
        },
        depth: profile.depth,
        // A publisher that exists has chosen, so that no other policy is met.
        reliability: match profile.reliability {
            ReliabilityPolicy::Reliable => "reliable",
            ReliabilityPolicy::BestEffort => "best_effort",
            ReliabilityPolicy::SystemDefault => SYSTEM_DEFAULT,
            _ => UNKNOWN,
        },
        durability: match profile.durability {
            DurabilityPolicy::TransientLocal => "transient_local",
            DurabilityPolicy::Volatile => "volatile",
            DurabilityPolicy::SystemDefault => SYSTEM_DEFAULT,
            _ => UNKNOWN,
        },
        deadline: profile.deadline.into(),
        lifespan: profile.lifespan.into(),
        liveliness: match profile.liveliness {
            LivelinessPolicy::Automatic => "automatic",
            LivelinessPolicy::ManualByTopic => "manual_by_topic",
            LivelinessPolicy::SystemDefault => SYSTEM_DEFAULT,
            _ => UNKNOWN,
        },
        liveliness_lease_duration: profile.liveliness_lease_duration.into(),
        avoid_ros_namespace_conventions: profile.avoid_ros_namespace_conventions,
    }
}
