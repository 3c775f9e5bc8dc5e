//! Serialized messages, as the middleware and bags bring them.

use std::path::Path;
use std::sync::OnceLock;

use late_fusion::message::{
    CompressedImageView, FeatureView, ImageView, JointStateView, JointTrajectoryView, JoyView,
    MessageType, Numbers, Quantity, TwistView, clock, diagnostics, frame_id, header_stamp, text,
};

use crate::memory::bounded;
use crate::mutate::{spoil, try_out};

/// Every golden message, little-endian and big-endian.
pub fn samples() -> &'static [Vec<u8>] {
    static SAMPLES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files
            .filter(|path| path.extension().is_some_and(|e| e == "cdr"))
            .collect();
        files.sort();
        let files = files.iter().map(|path| std::fs::read(path).unwrap());
        files.chain(images("Image")).collect()
    })
}

/// The golden pictures of a type, of every encoding.
pub fn images(message_type: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/images.json");
    let golden: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let golden = golden.as_array().unwrap().iter();
    golden
        .filter(|picture| picture["type"] == message_type)
        .map(|picture| base64::decode(picture["message"].as_str().unwrap()).unwrap())
        .collect()
}

pub const TYPES: [MessageType; 13] = [
    MessageType::Image,
    MessageType::CompressedImage,
    MessageType::String,
    MessageType::JointState,
    MessageType::Float32MultiArray,
    MessageType::Float64MultiArray,
    MessageType::PointCloud2,
    MessageType::Twist,
    MessageType::TwistStamped,
    MessageType::JointTrajectory,
    MessageType::Clock,
    MessageType::Bool,
    MessageType::Joy,
];

/// Reads bytes as every message that there is, to the last number.
fn read_all(bytes: &[u8]) {
    for message_type in TYPES {
        let _ = message_type.check(bytes);
    }
    let _ = (
        clock(bytes),
        frame_id(bytes),
        header_stamp(bytes),
        diagnostics(bytes),
        text(bytes),
        TwistView::parse(bytes),
    );
    let _ = TwistView::parse_stamped(bytes);
    if let Ok(view) = ImageView::parse(bytes) {
        let planes = view.rows().map(<[u8]>::len).sum::<usize>() + view.second_plane().len();
        assert!(planes <= bytes.len());
    }
    if let Ok(view) = CompressedImageView::parse(bytes) {
        assert!(view.data.len() + view.format.len() <= bytes.len());
    }
    if let Ok(view) = JointStateView::parse(bytes) {
        let mut found = Vec::new();
        let wanted = |name: &str| ["left", "", "hand_x"].iter().position(|w| *w == name);
        if view.positions_of(wanted, &mut found).is_ok() {
            assert!(found.len() <= 3, "a joint that is named twice is refused");
        }
    }
    if let Ok(view) = JointTrajectoryView::parse(bytes) {
        for quantity in [
            Quantity::Positions,
            Quantity::Velocities,
            Quantity::Accelerations,
            Quantity::Effort,
        ] {
            let _ = view.value_of("hand_x", quantity);
        }
    }
    for numbers in [Numbers::float32(bytes), Numbers::float64(bytes)]
        .into_iter()
        .flatten()
    {
        assert!(numbers.values.iter().count() <= bytes.len() / 4);
    }
    if let Ok(view) = JoyView::parse(bytes) {
        for button in [0, 2, u32::MAX] {
            let _ = view.is_pressed(button);
        }
    }
    if let Ok(view) = FeatureView::parse(bytes) {
        assert!(view.values.iter().count() <= bytes.len() / 4);
    }
}

#[test]
fn no_message_panics_or_costs_memory() {
    try_out(20_000, |which, edits| {
        let samples = samples();
        let bytes = spoil(samples[usize::from(which) % samples.len()].clone(), edits);
        // A message is looked at where it lies; only what is said of a bad one takes memory.
        bounded(64 << 10, || read_all(&bytes));
    });
}
