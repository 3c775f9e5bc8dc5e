//! Which messages can feed which kind of modality.

use crate::message::MessageType;
use crate::spec::SourceSpec;

/// Whether messages of a type can feed a modality of that kind.
///
/// # Errors
/// A sentence that names the types which can.
pub fn accepts(source: &SourceSpec, message_type: MessageType) -> Result<(), String> {
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
    format!("{} can feed it", names.join(", "))
}
