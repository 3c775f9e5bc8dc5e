//! One message of a recording, and where it is.

use std::sync::Arc;

use crate::time::Stamp;

/// One message of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The topic it was recorded from, such as `/camera/image_raw`.
    pub topic: Arc<str>,
    /// Its type, such as `sensor_msgs/msg/Image`.
    pub message_type: Arc<str>,
    /// When it was recorded.
    pub log_time: Stamp,
    /// The serialized message.
    pub bytes: Vec<u8>,
}

/// One message of a recording where it lies in memory.
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'a> {
    /// See [`Record::topic`].
    pub topic: &'a Arc<str>,
    /// See [`Record::message_type`].
    pub message_type: &'a Arc<str>,
    /// The definition of that type, as ROS 2 writes it; empty where the recording has none.
    pub definition: &'a Arc<str>,
    /// See [`Record::log_time`].
    pub log_time: Stamp,
    /// See [`Record::bytes`].
    pub bytes: &'a [u8],
    /// Where it can be fetched from once more.
    pub place: Place,
}

/// Where a message is in its recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub(super) block: u32,
    pub(super) offset: u32,
}

impl Place {
    /// Of a message that is in no recording.
    pub const NONE: Self = Self {
        block: u32::MAX,
        offset: u32::MAX,
    };
}
