//! Which messages can feed which kind of modality.

use crate::errors::ConfigErrors;
use crate::message::{FieldReader, MessageType, is_path};
use crate::spec::SourceSpec;

/// As which type messages feed a modality of that kind, where `name` is what ROS calls their type and `definition` what came
/// with them.
///
/// # Errors
/// A sentence that names the types which can, or says why the numbers of this one cannot be found.
pub fn message_for(
    source: &SourceSpec,
    name: &str,
    definition: &str,
) -> Result<MessageType, ConfigErrors> {
    let known = MessageType::from_ros_name(name);
    let has_paths = match source {
        SourceSpec::Vector { names } => names.iter().any(|name| is_path(name)),
        _ => false,
    };
    let message = match known {
        Some(known) if accepted(source.kind()).contains(&known) && !has_paths => known,
        _ if matches!(source, SourceSpec::Vector { .. }) => MessageType::defined(name, definition)?,
        Some(known) => known,
        None => {
            let kind = source.kind();
            let allowed = allowed_types(kind);
            return Err(format!(
                "message is {name}, and the modality is of kind {kind}; {allowed}"
            )
            .into());
        }
    };
    accepts(source, message)?;
    Ok(message)
}

/// Whether messages of a type can feed a modality of that kind.
///
/// # Errors
/// A sentence that names the types which can.
pub fn accepts(source: &SourceSpec, message_type: MessageType) -> Result<(), String> {
    if let (SourceSpec::Vector { names }, MessageType::Defined(defined)) = (source, message_type) {
        return FieldReader::new(defined.layout(), names)
            .map(|_| ())
            .map_err(|errors| {
                format!(
                    "message is {}, and the modality is of kind vector, whose names lead to no numbers in it:\n{errors}",
                    message_type.ros_name()
                )
            });
    }
    if accepted(source.kind()).contains(&message_type) {
        Ok(())
    } else {
        Err(format!(
            "message is {}, and the modality is of kind {}; {}",
            message_type.ros_name(),
            source.kind(),
            allowed_types(source.kind())
        ))
    }
}

fn accepted(kind: &str) -> &'static [MessageType] {
    match kind {
        "image" => &[
            MessageType::Image,
            MessageType::CompressedImage,
            MessageType::PointCloud2,
        ],
        "text" => &[MessageType::String, MessageType::PointCloud2],
        "feature" => &[MessageType::PointCloud2],
        _ => &[
            MessageType::JointState,
            MessageType::Float32MultiArray,
            MessageType::Float64MultiArray,
        ],
    }
}

pub(super) fn allowed_types(kind: &str) -> String {
    let names: Vec<&str> = accepted(kind).iter().map(|t| t.ros_name()).collect();
    let more = match kind {
        "vector" => {
            ", and any other type with numbers, which are named by paths such as twist.twist.linear.x,"
        }
        _ => "",
    };
    format!("{}{more} can feed it", names.join(", "))
}
