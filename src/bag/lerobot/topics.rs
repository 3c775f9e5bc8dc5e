//! The topics of a dataset.

use std::collections::BTreeMap;

use super::info::{Info, Kind};
use crate::bag::chunk::append_topic;
use crate::message::MessageType;

/// The topics of sentences and of markers.
const TASK: &str = "task";
const EPISODE: &str = "episode";

const STRING: &str = "string data\n";

const HEADER: &str = "
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
";

/// What a robot was told to do, by LeRobot's name; its parts have that name before a dot.
const ACTION: &str = "action";

const JOINT_TRAJECTORY: &str = "std_msgs/Header header
string[] joint_names
trajectory_msgs/JointTrajectoryPoint[] points
================================================================================
MSG: trajectory_msgs/JointTrajectoryPoint
float64[] positions
float64[] velocities
float64[] accelerations
float64[] effort
builtin_interfaces/Duration time_from_start
================================================================================
MSG: builtin_interfaces/Duration
int32 sec
uint32 nanosec";

const JOINT_STATE: &str = "std_msgs/Header header
string[] name
float64[] position
float64[] velocity
float64[] effort";

const IMAGE: &str = "std_msgs/Header header
uint32 height
uint32 width
string encoding
uint8 is_bigendian
uint32 step
uint8[] data";

const COMPRESSED_IMAGE: &str = "std_msgs/Header header
string format
uint8[] data";

/// The topics of a dataset, numbered as its features are; behind them `task` and `episode`.
pub(super) struct TopicNumbers {
    /// Their schemas and channels.
    pub records: Vec<u8>,
    pub task: u16,
    pub episode: u16,
}

impl TopicNumbers {
    /// Of these features.
    ///
    /// # Errors
    /// More of them than there are numbers.
    pub fn of(info: &Info) -> Result<Self, String> {
        let mut records = Vec::new();
        let mut names = BTreeMap::new();
        let mut count = 0_u16;
        for feature in &info.features {
            let (message, definition) = match feature.kind {
                Kind::Numbers(_) if is_action(&feature.name) => {
                    (MessageType::JointTrajectory, JOINT_TRAJECTORY)
                }
                Kind::Numbers(_) => (MessageType::JointState, JOINT_STATE),
                Kind::Picture => (MessageType::CompressedImage, COMPRESSED_IMAGE),
                Kind::Video => (MessageType::Image, IMAGE),
            };
            let name = topic_of(&feature.name);
            let definition = format!("{definition}{HEADER}");
            let schema = (message.ros_name(), "ros2msg", definition.as_str());
            append_topic(&mut records, count, &name, "cdr", schema)?;
            count += 1;
            if let Some(other) = names.insert(name.clone(), &feature.name) {
                let feature = &feature.name;
                return Err(format!(
                    "the features {other} and {feature} would both be the topic {name}"
                ));
            }
        }
        for name in [TASK, EPISODE] {
            let schema = (MessageType::String.ros_name(), "ros2msg", STRING);
            append_topic(&mut records, count, name, "cdr", schema)?;
            count += 1;
        }
        Ok(Self {
            records,
            task: count - 2,
            episode: count - 1,
        })
    }
}

/// The topic of a feature: its name, with the dots between its parts as a topic has them, and nothing in it that a
/// topic may not have.
fn topic_of(feature: &str) -> String {
    let part = |part: &str| {
        let legal = part.chars().map(|c| match c.is_ascii_alphanumeric() {
            true => c,
            false => '_',
        });
        let legal: String = legal.collect();
        match legal.starts_with(|c: char| c.is_ascii_digit()) || legal.is_empty() {
            true => format!("n{legal}"),
            false => legal,
        }
    };
    feature.split('.').map(part).collect::<Vec<_>>().join("/")
}

/// Whether a feature is what a robot was told to do.
pub(super) fn is_action(feature: &str) -> bool {
    feature.split('.').next() == Some(ACTION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bag::lerobot::info::Feature;

    #[test]
    fn topics_have_names_that_ros_allows() {
        for (feature, topic) in [
            ("observation.images.top", "observation/images/top"),
            ("observation.images.cam-1", "observation/images/cam_1"),
            ("observation.images.0", "observation/images/n0"),
            ("action", "action"),
        ] {
            assert_eq!(topic_of(feature), topic);
        }
    }

    #[test]
    fn two_features_are_not_one_topic() {
        let feature = |name: &str| Feature {
            name: name.to_owned(),
            kind: Kind::Picture,
        };
        let info = Info {
            is_v3: true,
            fps: 30.0,
            features: vec![feature("a-b"), feature("a+b")],
            chunks_size: 1000,
            video_path: None,
        };
        let told = TopicNumbers::of(&info).err().unwrap();
        assert!(told.contains("a-b and a+b"), "{told}");
    }
}
