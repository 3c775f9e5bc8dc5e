//! Numbers out of joint states and arrays.

use late_fusion::encoder::accepts;
use late_fusion::message::MessageType;
use late_fusion::message::cdr::Writer;
use late_fusion::spec::SourceSpec;

use crate::support::*;

fn joints() -> SourceSpec {
    SourceSpec::Vector {
        names: ["elbow", "wrist", "gripper"].map(String::from).to_vec(),
    }
}

fn joint_state(joints: &[(&str, f64)]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.header(TAKEN, "");
    writer.length(joints.len());
    for (name, _) in joints {
        writer.string(name);
    }
    writer.length(joints.len());
    for (_, position) in joints {
        writer.f64(*position);
    }
    writer.length(0);
    writer.length(0);
    writer.finish()
}

fn float64_array(numbers: &[f64]) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.length(0);
    writer.u32(0);
    writer.length(numbers.len());
    for number in numbers {
        writer.f64(*number);
    }
    writer.finish()
}

#[test]
fn joints_are_picked_by_name_in_any_order() {
    let mut extractor = extractor(joints());
    let message = joint_state(&[
        ("base", 9.0),
        ("gripper", 3.0),
        ("elbow", 1.0),
        ("wrist", 2.0),
    ]);
    let (found, extraction) = feature(&mut extractor, MessageType::JointState, &message).unwrap();
    assert_eq!(found, [1.0, 2.0, 3.0]);
    assert_eq!((extraction.stamp, extraction.present), (Some(TAKEN), true));
}

#[test]
fn a_missing_joint_is_named_with_those_that_came_and_may_come_later() {
    let mut extractor = extractor(joints());
    let message = joint_state(&[("elbow", 1.0), ("wrist", 2.0), ("thumb", 0.0)]);
    let (_, extraction) = feature(&mut extractor, MessageType::JointState, &message).unwrap();
    assert!(extraction.relevant && !extraction.present);
    let reason = extractor.reason().unwrap();
    assert_names(&reason, &["joint gripper", "elbow, wrist, thumb"]);
    let message = joint_state(&[("gripper", 3.0)]);
    let (found, extraction) = feature(&mut extractor, MessageType::JointState, &message).unwrap();
    assert_eq!((found, extraction.present), (vec![1.0, 2.0, 3.0], true));
    assert_eq!((extraction.behind_ns, extractor.reason()), (0, None));
    extractor.forget();
    let (_, extraction) = feature(&mut extractor, MessageType::JointState, &message).unwrap();
    assert!(
        !extraction.present,
        "another recording knows nothing of the one before"
    );
}

#[test]
fn joint_states_about_other_joints_say_nothing() {
    let mut extractor = extractor(joints());
    let message = joint_state(&[("wheel", 1.0)]);
    let (_, extraction) = feature(&mut extractor, MessageType::JointState, &message).unwrap();
    assert!(!extraction.relevant);
    assert_names(
        &extractor.reason().unwrap(),
        &["joints elbow, wrist, gripper", "wheel"],
    );
}

#[test]
fn a_position_that_is_not_finite_is_refused_by_name() {
    let mut extractor = extractor(joints());
    for (bad, shown) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (1e300, "1")] {
        let message = joint_state(&[("elbow", 1.0), ("wrist", bad), ("gripper", 0.0)]);
        let error = feature(&mut extractor, MessageType::JointState, &message).unwrap_err();
        assert_names(&error.to_string(), &["position of wrist", shown, "finite"]);
    }
}

#[test]
fn an_array_gives_its_numbers_in_order_and_must_have_exactly_as_many() {
    let mut extractor = extractor(joints());
    let mut read = |numbers: &[f64]| {
        let message = float64_array(numbers);
        feature(&mut extractor, MessageType::Float64MultiArray, &message)
    };
    let (found, extraction) = read(&[1.0, 2.0, 3.0]).unwrap();
    assert_eq!(
        (found.as_slice(), extraction.stamp),
        (&[1.0, 2.0, 3.0][..], None)
    );
    for wrong in [&[1.0, 2.0][..], &[1.0, 2.0, 3.0, 4.0], &[]] {
        let error = read(wrong).unwrap_err().to_string();
        let came = format!("{} numbers", wrong.len());
        assert_names(&error, &[&came, "exactly 3", "elbow, wrist, gripper"]);
    }
    let error = read(&[1.0, f64::NEG_INFINITY, 3.0])
        .unwrap_err()
        .to_string();
    assert_names(&error, &["data[1] (wrist)", "-inf"]);
}

#[test]
fn an_array_of_small_numbers_is_read_alike_and_refused_where_one_is_not_finite() {
    let mut extractor = extractor(joints());
    let mut read = |numbers: [f32; 3]| {
        let mut writer = Writer::new();
        writer.length(0);
        writer.u32(0);
        writer.length(numbers.len());
        for number in numbers {
            writer.u32(number.to_bits());
        }
        feature(
            &mut extractor,
            MessageType::Float32MultiArray,
            &writer.finish(),
        )
    };
    assert_eq!(read([1.0, 2.0, 3.5]).unwrap().0, [1.0, 2.0, 3.5]);
    for (bad, shown) in [(f32::NAN, "NaN"), (f32::NEG_INFINITY, "-inf")] {
        let error = read([0.0, 1.0, bad]).unwrap_err().to_string();
        assert_names(&error, &["data[2] (gripper)", shown, "finite"]);
    }
}

#[test]
fn a_message_type_that_cannot_feed_a_modality_is_refused_with_those_that_can() {
    let error = accepts(&joints(), MessageType::Image).unwrap_err();
    assert_names(
        &error,
        &[
            "sensor_msgs/msg/Image",
            "vector",
            "sensor_msgs/msg/JointState",
        ],
    );
    assert_eq!(accepts(&joints(), MessageType::Float32MultiArray), Ok(()));
    let mut extractor = extractor(joints());
    let error = feature(&mut extractor, MessageType::Image, &[]).unwrap_err();
    assert_names(
        &error.to_string(),
        &["sensor_msgs/msg/Image", "sensor_msgs/msg/JointState"],
    );
}
