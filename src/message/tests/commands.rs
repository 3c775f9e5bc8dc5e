//! Commands: laid out once, filled in, and read back as labels.

use std::collections::BTreeMap;

use super::super::*;
use super::{JOINTS, STAMP};

fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(action, field)| (action.to_string(), field.to_string()))
        .collect()
}

pub(super) fn trajectory_mapping() -> ActionMapping {
    let velocities = JOINTS.map(|joint| format!("velocities.{joint}"));
    let pairs: Vec<(&str, &str)> = JOINTS
        .into_iter()
        .zip(velocities.iter().map(String::as_str))
        .collect();
    ActionMapping::new(
        "action",
        MessageType::JointTrajectory,
        &JOINTS,
        &fields(&pairs),
    )
    .unwrap()
}

#[test]
fn a_command_is_byte_for_byte_what_another_implementation_writes() {
    let mut template = trajectory_mapping().template("", PointTimes::one(0.025));
    let action = [0.25, -0.5, 0.75, -1.0];
    assert_eq!(
        template.encode(STAMP, &action),
        golden!("joint_trajectory")[0]
    );

    let names = ["turn", "forward"];
    let given = fields(&[("turn", "angular.z"), ("forward", "linear.x")]);
    let stamped = ActionMapping::new("action", MessageType::TwistStamped, &names, &given).unwrap();
    let mut template = stamped.template("base_link", PointTimes::one(0.1));
    assert_eq!(
        template.encode(STAMP, &[-1.5, 0.5]),
        golden!("twist_stamped")[0]
    );
    let plain = ActionMapping::new("action", MessageType::Twist, &names, &given).unwrap();
    assert_eq!(
        plain
            .template("", PointTimes::one(0.1))
            .encode(STAMP, &[-1.5, 0.5]),
        golden!("twist")[0]
    );
}

#[test]
fn what_is_encoded_is_decoded() {
    let names = ["a", "b", "c"];
    let pairs: [(MessageType, &[(&str, &str)]); 6] = [
        (MessageType::Float64MultiArray, &[]),
        (
            MessageType::Float64MultiArray,
            &[("a", "data.2"), ("c", "data.0"), ("b", "data.1")],
        ),
        (MessageType::JointTrajectory, &[]),
        (
            MessageType::JointTrajectory,
            &[
                ("a", "positions.arm"),
                ("b", "effort.arm"),
                ("c", "velocities.arm"),
            ],
        ),
        (
            MessageType::Twist,
            &[("a", "linear.x"), ("b", "linear.y"), ("c", "angular.z")],
        ),
        (
            MessageType::TwistStamped,
            &[("a", "linear.x"), ("b", "linear.y"), ("c", "angular.z")],
        ),
    ];
    for (message, given) in pairs {
        let mut mapping = ActionMapping::new("action", message, &names, &fields(given)).unwrap();
        let mut template = mapping.template("frame", PointTimes::one(0.05));
        let mut action = [0.0; 3];
        for values in [[1.0, -2.0, 3.5], [0.125, 0.25, f64::MIN_POSITIVE]] {
            let stamp = mapping
                .decode(template.encode(STAMP, &values), &mut action)
                .unwrap();
            assert_eq!(action, values, "{message:?} {given:?}");
            let stamped = matches!(
                message,
                MessageType::TwistStamped | MessageType::JointTrajectory
            );
            assert_eq!(stamp, stamped.then_some(STAMP));
        }
    }
}

#[test]
fn labels_are_read_from_joints_in_any_order_and_a_missing_one_is_said() {
    let names = ["gripper", "hand_y"];
    let given = fields(&[
        ("gripper", "velocities.gripper"),
        ("hand_y", "velocities.hand_y"),
    ]);
    let mut mapping =
        ActionMapping::new("action", MessageType::JointTrajectory, &names, &given).unwrap();
    let mut action = [0.0; 2];
    for bytes in golden!("joint_trajectory") {
        assert_eq!(mapping.decode(bytes, &mut action), Ok(Some(STAMP)));
        assert_eq!(action, [-1.0, -0.5]);
    }
    let mut positions = ActionMapping::new(
        "action",
        MessageType::JointTrajectory,
        &names,
        &BTreeMap::new(),
    )
    .unwrap();
    let text = positions
        .decode(golden!("joint_trajectory")[0], &mut action)
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("points[0].positions") && text.contains("gripper"),
        "{text}"
    );
}

#[test]
fn a_mapping_that_leaves_something_open_is_refused_with_every_problem() {
    use MessageType::*;
    let names = ["a", "b"];
    for (message, given, parts) in [
        (
            Twist,
            fields(&[("a", "linear.x")]),
            vec!["action.fields.b is missing", "angular.z"],
        ),
        (
            Twist,
            fields(&[("a", "linear.w"), ("b", "x")]),
            vec!["fields.a is \"linear.w\"", "fields.b is \"x\""],
        ),
        (
            Twist,
            fields(&[("a", "linear.x"), ("b", "linear.x")]),
            vec!["a and b both go to linear.x"],
        ),
        (
            JointTrajectory,
            fields(&[("a", "speed.a")]),
            vec!["speed.a", "velocities.<joint>"],
        ),
        (
            JointTrajectory,
            fields(&[("a", "effort.")]),
            vec!["effort.", "effort.<joint>"],
        ),
        (
            JointTrajectory,
            fields(&[("a", "positions.a"), ("b", "velocities.b")]),
            vec![
                "positions.a is given, but not positions.b",
                "velocities.b is given, but not velocities.a",
            ],
        ),
        (
            Float64MultiArray,
            fields(&[("a", "data.5")]),
            vec!["data.1 is given, but not data.0"],
        ),
        (
            Float64MultiArray,
            fields(&[("a", "data.-1")]),
            vec!["data.-1", "data.<index>"],
        ),
        (
            Float64MultiArray,
            fields(&[("z", "data.0")]),
            vec!["no action \"z\"", "a, b"],
        ),
        (
            Image,
            fields(&[]),
            vec![
                "sensor_msgs/msg/Image",
                "trajectory_msgs/msg/JointTrajectory",
            ],
        ),
    ] {
        let text = ActionMapping::new("action", message, &names, &given)
            .unwrap_err()
            .to_string();
        for part in parts {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
    }
}

#[test]
fn a_command_of_any_type_is_what_another_implementation_writes() {
    let rule = "=".repeat(80);
    let definition = format!(
        "std_msgs/Header header\nstring[] name\nfloat64[] position\nfloat64[] velocity\nfloat64[] effort\n{rule}\n\
         MSG: std_msgs/Header\nbuiltin_interfaces/Time stamp\nstring frame_id\n{rule}\n\
         MSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n"
    );
    let joint_state = MessageType::defined("sensor_msgs/msg/JointState", &definition).unwrap();
    let pairs: Vec<(&str, String)> = JOINTS
        .into_iter()
        .map(|joint| (joint, format!("position[{joint}]")))
        .collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (*a, b.as_str())).collect();
    let mut mapping = ActionMapping::new("action", joint_state, &JOINTS, &fields(&pairs)).unwrap();
    let mut template = mapping.template("", PointTimes::one(0.1));
    let action = [0.1, -0.2, 0.3, f64::NAN];
    assert_eq!(template.encode(STAMP, &action), golden!("joint_state")[0]);
    assert!(mapping.quantities().all(|q| q == Some(Quantity::Positions)));
    let joints: Vec<Option<&str>> = mapping.joints().collect();
    assert_eq!(joints, JOINTS.map(Some));
    let mut read = [0.0; 4];
    let stamp = mapping.decode(golden!("joint_state")[1], &mut read);
    assert_eq!((stamp.unwrap(), &read[..3]), (Some(STAMP), &action[..3]));
}

#[test]
fn what_no_action_chooses_is_what_the_definition_says_and_whole_numbers_are_brought_to_their_range()
{
    let definition = "bool on false\nint8 small 3\nuint16 gear\nfloat32 speed\nfloat64 w 1\nfloat64[] more\nint64[2] pair\n";
    let message = MessageType::defined("a_msgs/msg/Drive", definition).unwrap();
    let names = ["on", "gear", "speed", "first", "second", "last"];
    let places = ["on", "gear", "speed", "more[1]", "more[0]", "pair[1]"];
    let given: Vec<(&str, &str)> = names.into_iter().zip(places).collect();
    let mapping = ActionMapping::new("action", message, &names, &fields(&given)).unwrap();
    mapping.check_command().unwrap();
    let mut template = mapping.template("", PointTimes::one(0.1));
    let bytes = template
        .encode(STAMP, &[0.7, -3.0, 1.5, 0.25, 0.5, -1e30])
        .to_vec();
    let all = [
        "on", "small", "gear", "speed", "w", "more[0]", "more[1]", "pair[0]", "pair[1]",
    ];
    let MessageType::Defined(defined) = message else {
        panic!("defined")
    };
    let mut reader = FieldReader::new(defined.layout(), &all.map(str::to_owned)).unwrap();
    let mut read = [f64::NAN; 9];
    reader.read(&bytes, |i, value| read[i] = value).unwrap();
    let least = i64::MIN as f64;
    assert_eq!(read, [1.0, 3.0, 0.0, 1.5, 1.0, 0.5, 0.25, 0.0, least]);
}

#[test]
fn a_command_of_any_type_that_cannot_be_whole_is_refused() {
    let definition =
        "string[] name\nfloat64[] position\nfloat64[] velocity\nfloat64[] axes\nfloat64[3] xyz\n";
    let message = MessageType::defined("a_msgs/msg/Arm", definition).unwrap();
    let refusal = |places: &[&str]| {
        let names = &["a", "b", "c"][..places.len()];
        let given: Vec<(&str, &str)> = names.iter().copied().zip(places.iter().copied()).collect();
        let mapping = ActionMapping::new("action", message, names, &fields(&given));
        let checked = mapping.and_then(|mapping| mapping.check_command());
        checked.unwrap_err().to_string()
    };
    for (places, part) in [
        (&["axes[0]", "axes[2]"][..], "axes[1] has no action"),
        (
            &["position[pan]", "velocity[tilt]"],
            "for all of them or none",
        ),
        (&["xyz[1]", "xyz[1]"], "both go to xyz[1]"),
        (&["min(axes[0:2])"], "not a number that can be commanded"),
        (
            &["speed"],
            "has no field speed; it has name, position, velocity, axes, xyz",
        ),
        (&["axes[0:2]"], "2 numbers where one is needed"),
    ] {
        let told = refusal(places);
        assert!(told.contains(part), "{part} in\n{told}");
    }
    let error = ActionMapping::new("action", message, &["a"], &fields(&[]))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("action.fields.a is missing") && error.contains("the path of a number"),
        "{error}"
    );
}
