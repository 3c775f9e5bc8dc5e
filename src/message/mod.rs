//! ROS messages as bytes. The core knows them only in their serialized form (CDR, as the middleware carries
//! and bags store them), so the node, the recorder and the trainer share one decoder and no ROS library.
//!
//! Written by hand because every view borrows: an image stays where the middleware put it, and a message that
//! lies about its lengths is refused before anything is copied or allocated.

mod action;
mod boolean;
pub mod cdr;
mod clock;
mod command;
mod command_field;
mod command_set;
mod compressed_image;
mod diagnostics;
mod error;
mod feature;
mod fields;
mod image;
mod image_encoding;
mod joint_state;
mod joint_trajectory;
mod joy;
mod log;
mod message_type;
mod multi_array;
mod numbers;
mod sequence;
mod text;
mod twist;

pub use action::ActionMapping;
pub use boolean::boolean;
pub use clock::clock;
pub use command::{CommandTemplate, PointTimes};
pub use command_field::COMMANDS;
pub use command_set::{Carried, CommandSet, CommandTemplates, Timing, share_out};
pub use compressed_image::{CompressedImageView, encode_jpeg};
pub use diagnostics::{
    DIAGNOSTICS_NAME, Level, Status, diagnostics, encode_diagnostics, encode_diagnostics_of,
};
pub use error::MessageError;
pub use feature::{FeatureTemplate, FeatureView, frame_id, header_stamp};
pub use fields::{
    DefinedType, Definitions, FieldReader, Laid, Layout, Path, TypeName, is_path, msg_of_idl,
};
pub use image::{ImageView, MAX_MEGAPIXELS};
pub use image_encoding::{
    ChannelOrder, DepthUnit, ImageEncoding, Mosaic, SampleSize, SemiPlanar, Yuv422,
};
pub use joint_state::JointStateView;
pub use joint_trajectory::{JointTrajectoryView, Quantity};
pub use joy::JoyView;
pub use log::{LOG_NAME, LogLevel, encode_log};
pub use message_type::MessageType;
pub use multi_array::{Dimension, encode_multi_array};
pub use numbers::Numbers;
pub use sequence::{Floats, Names};
pub use text::{encode_text, text};
pub use twist::TwistView;

#[cfg(test)]
mod tests;
