//! Golden messages of another CDR implementation, and messages that lie.

use self::commands::trajectory_mapping;
use super::*;
use crate::time::Stamp;

/// A golden message, little-endian and big-endian; `tests/golden/make.py` says what is in it.
macro_rules! golden {
    ($name:literal) => {
        [
            include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/golden/",
                $name,
                ".cdr"
            ))
            .as_slice(),
            include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/golden/",
                $name,
                ".be.cdr"
            ))
            .as_slice(),
        ]
    };
}

mod command_set;
mod commands;
mod features;
mod images;
mod switches;

const STAMP: Stamp = Stamp::from_ros(12, 345_678_901);
const JOINTS: [&str; 4] = ["hand_x", "hand_y", "hand_z", "gripper"];

/// One valid message of every type.
fn valid() -> Vec<(MessageType, &'static [u8])> {
    let mut all = Vec::new();
    for (message, bytes) in [
        (MessageType::Image, golden!("image_rgb8")),
        (MessageType::CompressedImage, golden!("compressed_image")),
        (MessageType::String, golden!("string")),
        (MessageType::JointState, golden!("joint_state")),
        (
            MessageType::Float32MultiArray,
            golden!("float32_multi_array"),
        ),
        (
            MessageType::Float64MultiArray,
            golden!("float64_multi_array"),
        ),
        (MessageType::PointCloud2, golden!("feature")),
        (MessageType::Twist, golden!("twist")),
        (MessageType::TwistStamped, golden!("twist_stamped")),
        (MessageType::JointTrajectory, golden!("joint_trajectory")),
        (MessageType::Clock, golden!("clock")),
        (MessageType::Bool, golden!("bool")),
        (MessageType::Joy, golden!("joy")),
    ] {
        all.extend(bytes.map(|bytes| (message, bytes)));
    }
    all
}

/// An `Image` as a publisher could send it, right or wrong.
fn image(width: u32, height: u32, encoding: &str, step: u32, data: usize) -> Vec<u8> {
    let mut writer = cdr::Writer::new();
    writer.header(STAMP, "camera");
    writer.u32(height);
    writer.u32(width);
    writer.string(encoding);
    writer.u8(0);
    writer.u32(step);
    writer.length(data);
    let mut message = writer.finish();
    message.resize(message.len() + data, 7);
    message
}

#[test]
fn names_of_types_are_read_in_both_forms() {
    for message in MessageType::ALL {
        let name = message.ros_name();
        assert_eq!(MessageType::from_ros_name(name), Some(message));
        let short = name.replace("/msg/", "/");
        assert_eq!(MessageType::from_ros_name(&short), Some(message));
    }
    for unknown in [
        "Image",
        "std_msgs/msg/Image",
        "sensor_msgs/srv/Image",
        "sensor_msgs/msg/Imag",
    ] {
        assert_eq!(MessageType::from_ros_name(unknown), None, "{unknown}");
    }
}

#[test]
fn text_is_read_as_it_was_typed() {
    for bytes in golden!("string") {
        assert_eq!(text(bytes), Ok("Öffne die Schublade 🤖"));
    }
    for bytes in golden!("string_empty") {
        assert_eq!(text(bytes), Ok(""));
    }
    assert_eq!(text(&encode_text("close")), Ok("close"));
    assert_eq!(encode_text("Öffne die Schublade 🤖"), golden!("string")[0]);
    assert_eq!(
        text(&[0, 1, 0, 0, 0, 0, 0, 0]),
        Ok(""),
        "a string without bytes"
    );
}

#[test]
fn text_with_nul_or_not_utf8_is_refused_whole() {
    let mut nul = encode_text("open close");
    nul[12] = 0;
    let mut latin1 = encode_text("open");
    latin1[9] = 0xe9;
    let mut open_end = encode_text("open");
    *open_end.last_mut().unwrap() = b'!';
    for (message, part) in [
        (nul, "NUL at byte 4"),
        (latin1, "UTF-8"),
        (open_end, "closing NUL"),
    ] {
        let error = text(&message).unwrap_err().to_string();
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    }
    assert_eq!(text(&encode_text("a\0b")), Ok("a\u{2400}b"));
}

/// The positions of some joints, by their place in `wanted`.
fn positions(message: &[u8], wanted: &[&str]) -> Result<Vec<(usize, f64)>, String> {
    let view = JointStateView::parse(message).unwrap();
    let mut found = vec![(9, 9.0)];
    let index = |name: &str| wanted.iter().position(|wanted| *wanted == name);
    let read = view.positions_of(index, &mut found);
    read.map(|()| found).map_err(|e| e.to_string())
}

fn joint_state(names: &[&str], positions: &[f64]) -> Vec<u8> {
    let mut writer = cdr::Writer::new();
    writer.header(STAMP, "");
    writer.length(names.len());
    names.iter().for_each(|name| writer.string(name));
    writer.length(positions.len());
    for number in positions {
        writer.f64(*number);
    }
    writer.length(0);
    writer.length(0);
    writer.finish()
}

#[test]
fn joints_are_found_by_name_and_nan_is_passed_on() {
    for bytes in golden!("joint_state") {
        let view = JointStateView::parse(bytes).unwrap();
        assert_eq!(view.stamp, STAMP);
        assert_eq!(view.names.iter().collect::<Vec<_>>(), JOINTS);
        let found = positions(bytes, &["elbow", "gripper", "hand_z"]).unwrap();
        assert_eq!(found[0], (2, 0.3));
        assert!(found[1].0 == 1 && found[1].1.is_nan() && found.len() == 2);
    }
}

#[test]
fn a_joint_without_a_position_or_with_two_is_said() {
    for (names, numbers, parts) in [
        (
            &["a", "b"][..],
            &[0.5][..],
            ["1 numbers", "b is name 2 of 2"],
        ),
        (&["b"], &[], ["0 numbers", "b is name 1 of 1"]),
        (
            &["a", "b"],
            &[0.5, 1.0, 2.0],
            ["3 numbers", "b is name 2 of 2"],
        ),
        (
            &["b", "a", "b"],
            &[0.0; 3],
            ["b more than once", "b is name 3 of 3"],
        ),
    ] {
        let text = positions(&joint_state(names, numbers), &["b"]).unwrap_err();
        for part in parts {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
    // Whoever is not asked for may be as odd as they like.
    let others = joint_state(&["a", "a"], &[]);
    assert_eq!(positions(&others, &["b"]), Ok(vec![]));
}

#[test]
fn arrays_of_either_width_are_read_behind_their_offset() {
    for bytes in golden!("float32_multi_array") {
        let values = Numbers::float32(bytes).unwrap().values;
        assert_eq!(values.iter().collect::<Vec<_>>(), [9.0, 0.5, -1.25, 3.0]);
    }
    for bytes in golden!("float64_multi_array") {
        let values = Numbers::float64(bytes).unwrap().values;
        assert_eq!(values.iter().collect::<Vec<_>>(), [0.5, -1.25, 3.0]);
        assert_eq!(
            (values.len(), values.get(2), values.get(3)),
            (3, Some(3.0), None)
        );
    }
}

#[test]
fn a_stamp_is_found_in_every_message_that_has_one() {
    for (message, bytes) in valid() {
        let stamp = message.check(bytes).unwrap();
        let stamped = !matches!(
            message,
            MessageType::String
                | MessageType::Float32MultiArray
                | MessageType::Float64MultiArray
                | MessageType::Twist
                | MessageType::Bool
        );
        assert_eq!(stamp, stamped.then_some(STAMP), "{message:?}");
    }
}

#[test]
fn no_part_of_a_message_passes_for_the_whole_and_none_panics() {
    for (message, bytes) in valid() {
        for end in 0..bytes.len() {
            assert!(
                message.check(&bytes[..end]).is_err(),
                "{message:?} cut at {end}"
            );
        }
    }
}

#[test]
fn flipped_bits_and_lying_lengths_never_panic() {
    // A small generator of our own: the same flips in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let mut mapping = trajectory_mapping();
    for (message, bytes) in valid() {
        for _ in 0..20_000 {
            let mut broken = bytes.to_vec();
            for _ in 0..1 + random() % 4 {
                let at = random() % broken.len();
                broken[at] ^= 1 << (random() % 8);
            }
            let _ = message.check(&broken);
            let _ = mapping.decode(&broken, &mut [0.0; 4]);
        }
        for at in (4..bytes.len() - 3).step_by(4) {
            let mut broken = bytes.to_vec();
            broken[at..at + 4].fill(0xff);
            let _ = message.check(&broken);
        }
    }
}

#[test]
fn a_length_of_four_billion_is_an_error_and_not_an_allocation() {
    let mut writer = cdr::Writer::new();
    writer.header(STAMP, "");
    writer.u32(u32::MAX);
    let message = writer.finish();
    let expected = MessageError::Truncated {
        field: "name",
        needed: 4,
        left: 0,
    };
    assert_eq!(JointStateView::parse(&message).unwrap_err(), expected);
    let mut data = encode_text("");
    data[4..8].fill(0xff);
    let text = text(&data).unwrap_err().to_string();
    assert!(text.contains("needs 4294967295 more bytes"), "{text}");
}

#[test]
fn what_is_no_cdr_is_refused() {
    for start in [&[][..], &[0, 1], &[0, 7, 0, 0, 0, 0, 0, 0], b"hello"] {
        let error = text(start).unwrap_err();
        assert!(matches!(error, MessageError::Encapsulation(_)), "{error}");
    }
}

#[test]
fn diagnostics_and_log_are_byte_for_byte_what_another_implementation_writes() {
    let status = |level, name: &str, message: &str, values| Status {
        level,
        name: name.into(),
        message: message.into(),
        values,
    };
    let statuses = [
        status(
            Level::Error,
            "late_fusion: control",
            "scene: 0.61 s old, allowed 0.50 s",
            vec![],
        ),
        status(
            Level::Warn,
            "late_fusion: scene",
            "",
            vec![("age_s".into(), "0.61".into())],
        ),
    ];
    assert_eq!(
        encode_diagnostics(STAMP, &statuses),
        include_bytes!("../../tests/golden/diagnostics.cdr")
    );
    assert_eq!(
        encode_log(
            STAMP,
            LogLevel::Warn,
            "late_fusion",
            "scene: 0.61 s old",
            "src/ros/node.rs",
            42
        ),
        include_bytes!("../../tests/golden/log.cdr")
    );
}
