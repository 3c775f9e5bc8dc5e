//! The messages that are understood.

use super::TypeName;
use super::{
    CompressedImageView, DefinedType, Definitions, FeatureView, FieldReader, ImageView,
    JointStateView, JointTrajectoryView, JoyView, MessageError, Numbers, TwistView, boolean, clock,
    text,
};
use crate::errors::ConfigErrors;
use crate::time::Stamp;

/// A message type of ROS that this crate reads or writes as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MessageType {
    /// A picture as pixels.
    Image,
    /// A picture as jpeg or png.
    CompressedImage,
    /// Text.
    String,
    /// Joints by name.
    JointState,
    /// An array of 32-bit numbers.
    Float32MultiArray,
    /// An array of 64-bit numbers.
    Float64MultiArray,
    /// A feature that was made elsewhere.
    PointCloud2,
    /// A velocity command.
    Twist,
    /// A velocity command with its time.
    TwistStamped,
    /// A command to joints by name.
    JointTrajectory,
    /// The simulator's time.
    Clock,
    /// Yes or no.
    Bool,
    /// The state of a joystick.
    Joy,
    /// Any other type, whose numbers are found by its definition.
    Defined(&'static DefinedType),
}

impl MessageType {
    /// All that are known without a definition.
    pub const ALL: [Self; 13] = [
        Self::Image,
        Self::CompressedImage,
        Self::String,
        Self::JointState,
        Self::Float32MultiArray,
        Self::Float64MultiArray,
        Self::PointCloud2,
        Self::Twist,
        Self::TwistStamped,
        Self::JointTrajectory,
        Self::Clock,
        Self::Bool,
        Self::Joy,
    ];

    /// Its name in ROS: `sensor_msgs/msg/Image`.
    pub fn ros_name(self) -> &'static str {
        match self {
            Self::Image => "sensor_msgs/msg/Image",
            Self::CompressedImage => "sensor_msgs/msg/CompressedImage",
            Self::String => "std_msgs/msg/String",
            Self::JointState => "sensor_msgs/msg/JointState",
            Self::Float32MultiArray => "std_msgs/msg/Float32MultiArray",
            Self::Float64MultiArray => "std_msgs/msg/Float64MultiArray",
            Self::PointCloud2 => "sensor_msgs/msg/PointCloud2",
            Self::Twist => "geometry_msgs/msg/Twist",
            Self::TwistStamped => "geometry_msgs/msg/TwistStamped",
            Self::JointTrajectory => "trajectory_msgs/msg/JointTrajectory",
            Self::Clock => "rosgraph_msgs/msg/Clock",
            Self::Bool => "std_msgs/msg/Bool",
            Self::Joy => "sensor_msgs/msg/Joy",
            Self::Defined(defined) => defined.name(),
        }
    }

    /// The type of that name, written in full or without `msg/`.
    pub fn from_ros_name(name: &str) -> Option<Self> {
        let (package, short) = name.split_once('/')?;
        let short = short.strip_prefix("msg/").unwrap_or(short);
        Self::ALL.into_iter().find(|message| {
            let full = message.ros_name();
            full.strip_prefix(package)
                .and_then(|rest| rest.strip_prefix("/msg/"))
                == Some(short)
        })
    }

    /// The type of that name, of the installed packages, with its definition.
    ///
    /// # Errors
    /// What is no name of a type, and a type that is not installed or cannot be read.
    pub fn installed(name: &str) -> Result<Self, ConfigErrors> {
        let Some(name) = TypeName::full(name) else {
            return Err(format!(
                "{name:?} is not a message type; one looks like nav_msgs/msg/Odometry"
            )
            .into());
        };
        let definition = Definitions::of_environment().of(&name)?;
        DefinedType::get(&name, &definition).map(Self::Defined)
    }

    /// The type of that name with the definition that came with its messages, otherwise with that of the installed packages.
    ///
    /// # Errors
    /// As for [`MessageType::installed`].
    pub fn defined(name: &str, definition: &str) -> Result<Self, ConfigErrors> {
        match (definition.trim().is_empty(), TypeName::full(name)) {
            (false, Some(name)) => DefinedType::get(&name, definition).map(Self::Defined),
            (true, Some(_)) => Self::installed(name).map_err(|found| {
                let mut errors = ConfigErrors::new();
                let place = format!(
                    "{name} came without a definition that can be read (encoding ros2msg, or ros2idl as ROS 2 writes it)"
                );
                errors.add_all(&place, found);
                errors
            }),
            (_, None) => Self::installed(name),
        }
    }

    /// The definition that its numbers are found by; empty where it is known without.
    pub fn definition(self) -> &'static str {
        match self {
            Self::Defined(defined) => defined.definition(),
            _ => "",
        }
    }

    /// Whether a message begins with a `std_msgs/msg/Header`.
    pub fn has_header(self) -> bool {
        match self {
            Self::Image
            | Self::CompressedImage
            | Self::JointState
            | Self::PointCloud2
            | Self::TwistStamped
            | Self::JointTrajectory
            | Self::Joy => true,
            Self::String
            | Self::Float32MultiArray
            | Self::Float64MultiArray
            | Self::Twist
            | Self::Clock
            | Self::Bool => false,
            Self::Defined(defined) => defined.layout().has_header(),
        }
    }

    /// Reads a message as its users will, and returns its stamp where the type has one.
    ///
    /// # Errors
    /// What is wrong with the message.
    pub fn check(self, message: &[u8]) -> Result<Option<Stamp>, MessageError> {
        Ok(match self {
            Self::Image => Some(ImageView::parse(message)?.stamp),
            Self::CompressedImage => Some(CompressedImageView::parse(message)?.stamp),
            Self::String => text(message).map(|_| None)?,
            Self::JointState => Some(JointStateView::parse(message)?.stamp),
            Self::Float32MultiArray => Numbers::float32(message).map(|_| None)?,
            Self::Float64MultiArray => Numbers::float64(message).map(|_| None)?,
            Self::PointCloud2 => Some(FeatureView::parse(message)?.stamp),
            Self::Twist => TwistView::parse(message)?.stamp,
            Self::TwistStamped => TwistView::parse_stamped(message)?.stamp,
            Self::JointTrajectory => Some(JointTrajectoryView::parse(message)?.stamp),
            Self::Clock => Some(clock(message)?),
            Self::Bool => boolean(message).map(|_| None)?,
            Self::Joy => Some(JoyView::parse(message)?.stamp),
            Self::Defined(defined) => {
                FieldReader::whole(defined.layout()).read(message, |_, _| {})?
            }
        })
    }
}
