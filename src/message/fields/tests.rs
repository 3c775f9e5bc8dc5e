//! Numbers of many types, by paths, beside what another implementation says of the same messages.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::message::cdr::Writer;
use crate::message::{MessageError, MessageType};
use crate::time::Stamp;

/// What `tests/golden/fields.py` wrote.
#[derive(Deserialize)]
struct Golden {
    #[serde(rename = "type")]
    name: String,
    definition: String,
    /// The same in IDL, of some.
    idl: Option<String>,
    little: String,
    big: String,
    numbers: BTreeMap<String, f64>,
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("../../../tests/golden/fields.json")).unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    base64::decode(text).unwrap()
}

fn layout(name: &str, definition: &str) -> &'static Layout {
    DefinedType::get(name, definition).unwrap().layout()
}

fn reader(name: &str, definition: &str, paths: &[&str]) -> FieldReader {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    FieldReader::new(layout(name, definition), &paths).unwrap()
}

fn read(reader: &mut FieldReader, message: &[u8], count: usize) -> Result<Vec<f64>, MessageError> {
    let mut numbers = vec![f64::NAN; count];
    reader.read(message, |i, value| numbers[i] = value)?;
    Ok(numbers)
}

/// A number as it counts: that of a range finder between its nearest and its farthest.
fn measured(numbers: &BTreeMap<String, f64>, path: &str, value: f64) -> f64 {
    let limits = match path.split('[').next() {
        Some("ranges") => ["range_min", "range_max"],
        Some("range") => ["min_range", "max_range"],
        _ => return value,
    };
    let [nearest, farthest] = limits.map(|limit| numbers[limit]);
    if value < nearest {
        nearest
    } else {
        value.min(farthest)
    }
}

#[test]
fn a_definition_in_idl_leads_to_the_same_numbers() {
    let mut tried = 0;
    for case in golden() {
        let Some(idl) = &case.idl else {
            continue;
        };
        let paths: Vec<&str> = case.numbers.keys().map(String::as_str).collect();
        let numbers = |definition: &str| {
            let mut reader = reader(&case.name, definition, &paths);
            read(&mut reader, &bytes(&case.little), paths.len()).unwrap()
        };
        let msg = msg_of_idl(idl).unwrap();
        assert_eq!(numbers(&msg), numbers(&case.definition), "{}", case.name);
        tried += 1;
    }
    assert_eq!(tried, 5);
}

#[test]
fn every_number_of_every_type_is_found_in_both_byte_orders() {
    for case in golden() {
        let paths: Vec<&str> = case.numbers.keys().map(String::as_str).collect();
        let mut reader = reader(&case.name, &case.definition, &paths);
        for message in [&case.little, &case.big] {
            let numbers = read(&mut reader, &bytes(message), paths.len()).unwrap();
            for ((path, expected), number) in case.numbers.iter().zip(numbers) {
                let expected = measured(&case.numbers, path, *expected);
                // JSON is read to the last digit but one.
                let is_it = (number - expected).abs() <= 1e-15 * expected.abs();
                assert!(is_it, "{} {path}: {number}, not {expected}", case.name);
            }
        }
        assert_eq!(
            layout(&case.name, &case.definition).has_header(),
            case.numbers.contains_key("header.stamp.sec"),
            "{}",
            case.name
        );
    }
}

#[test]
fn no_message_that_is_cut_off_is_read_and_none_panics() {
    for case in golden() {
        let paths: Vec<&str> = case.numbers.keys().map(String::as_str).collect();
        let mut reader = reader(&case.name, &case.definition, &paths);
        let whole = bytes(&case.little);
        let mut whole_of_it = FieldReader::whole(layout(&case.name, &case.definition));
        for end in 0..whole.len() {
            // What is behind the last number may be missing.
            let cut = read(&mut reader, &whole[..end], paths.len());
            assert!(
                cut.is_err(),
                "{} of {} bytes of {}",
                end,
                whole.len(),
                case.name
            );
        }
        for at in 4..whole.len() {
            let mut spoilt = whole.clone();
            spoilt[at] ^= 0xff;
            let _ = read(&mut reader, &spoilt, paths.len());
            let _ = whole_of_it.read(&spoilt, |_, _| {});
        }
    }
}

const JOINTS: &str = "std_msgs/Header header\nstring[] name\nfloat64[] position\nfloat64[] velocity\nfloat64[] effort\n\
    ================================================================================\nMSG: std_msgs/Header\n\
    builtin_interfaces/Time stamp\nstring frame_id\n\
    ================================================================================\nMSG: builtin_interfaces/Time\n\
    int32 sec\nuint32 nanosec\n";

fn joints(names: &[&str], numbers: [&[f64]; 3]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.header(Stamp::from_ros(12, 5), "");
    writer.length(names.len());
    for name in names {
        writer.string(name);
    }
    for values in numbers {
        writer.length(values.len());
        for value in values {
            writer.f64(*value);
        }
    }
    writer.finish()
}

#[test]
fn joints_are_found_by_their_names_wherever_they_stand() {
    let paths = [
        "velocity[pan]",
        "position[arm.tilt]",
        "position[pan]",
        "effort[0]",
    ];
    let mut reader = reader("sensor_msgs/msg/JointState", JOINTS, &paths);
    let mut numbers = vec![0.0; 4];
    let message = joints(
        &["grip", "pan", "arm.tilt"],
        [&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], &[7.0]],
    );
    let stamp = reader
        .read(&message, |i, value| numbers[i] = value)
        .unwrap();
    assert_eq!(stamp, Some(Stamp::from_ros(12, 5)));
    assert_eq!(numbers, [5.0, 3.0, 2.0, 7.0]);
    for (message, part) in [
        (
            joints(&["grip", "pan"], [&[1.0, 2.0], &[4.0, 5.0], &[7.0]]),
            "position[arm.tilt]",
        ),
        (
            joints(&["arm.tilt", "pan"], [&[1.0, 2.0], &[], &[7.0]]),
            "velocity[pan]",
        ),
        (joints(&[], [&[], &[], &[7.0]]), "velocity[pan]"),
    ] {
        let error = read(&mut reader, &message, 4).unwrap_err().to_string();
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn a_range_finder_says_how_near_and_how_far_it_sees() {
    let scan = "float32 range_min\nfloat32 range_max\nfloat32[] ranges\n";
    let mut writer = Writer::new();
    let mut message = {
        writer.u32(0.1_f32.to_bits());
        writer.u32(10.0_f32.to_bits());
        let ranges = [
            f32::INFINITY,
            f32::NAN,
            0.0,
            3.5,
            11.0,
            f32::NEG_INFINITY,
            7.25,
        ];
        writer.length(ranges.len());
        for range in ranges {
            writer.u32(range.to_bits());
        }
        writer.finish()
    };
    let paths = [
        "ranges[0]",
        "ranges[1]",
        "ranges[2]",
        "ranges[3]",
        "ranges[4]",
        "ranges[5]",
        "min(ranges[3:7:3])",
        "min(ranges[0:2])",
    ];
    let near = f64::from(0.1_f32);
    let mut reader = reader("a_msgs/msg/Scan", scan, &paths);
    let seen = read(&mut reader, &message, paths.len()).unwrap();
    assert!(seen[1].is_nan(), "it does not say that nothing is there");
    assert_eq!(seen[0], 10.0);
    assert_eq!(seen[2..], [near, 3.5, 10.0, near, 3.5, 10.0]);
    // One range less than is asked for.
    message.truncate(message.len() - 4);
    message[12] = 6;
    let error = read(&mut reader, &message, paths.len())
        .unwrap_err()
        .to_string();
    assert!(error.contains("min(ranges[3:7:3])"), "{error}");
}

#[test]
fn a_path_that_leads_nowhere_is_told_what_there_is() {
    let odometry = golden().remove(0);
    let paths = [
        (
            "twist.twist.linear.w",
            "geometry_msgs/Vector3 has no field w; it has x, y, z",
        ),
        ("twist.twist", "inside it are linear, angular"),
        (
            "pose.covariance",
            "say which element, such as covariance[0]",
        ),
        ("pose.covariance[36]", "covariance has 36 elements"),
        ("header[0]", "header is not an array"),
        ("header.frame_id", "is a text, not a number"),
        ("header.stamp.sec.x", "sec is a number"),
        ("pose.covariance[pan]", "has no names to look for pan in"),
        ("a b", "is not a path"),
    ];
    let all: Vec<String> = paths.iter().map(|(path, _)| (*path).to_owned()).collect();
    let told = FieldReader::new(layout(&odometry.name, &odometry.definition), &all)
        .unwrap_err()
        .to_string();
    for (_, part) in paths {
        assert!(told.contains(part), "{part} in\n{told}");
    }
}

#[test]
fn a_type_is_one_whoever_asks_for_it_and_another_by_another_definition() {
    let get = |definition| MessageType::defined("a_msgs/A", definition).unwrap();
    assert_eq!(get("int8 x\n"), get("int8 x\n"));
    assert_ne!(get("int8 x\n"), get("int16 x\n"));
    assert_eq!(get("int8 x\n").ros_name(), "a_msgs/msg/A");
    assert_eq!(get("int8 x\n").check(&[0, 1, 0, 0, 7]), Ok(None));
    assert!(get("int16 x\n").check(&[0, 1, 0, 0, 7]).is_err());
    for name in ["Odometry", "a b/C", "a/b/C", ""] {
        let error = MessageType::installed(name).unwrap_err().to_string();
        assert!(error.contains("is not a message type"), "{name}: {error}");
    }
}
