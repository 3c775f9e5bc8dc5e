//! What `late_fusion init` proposes for recordings, trained from and loaded by the node's own checks.

use std::path::Path;

use late_fusion::config::{Loaded, NODE_NAME, NodeConfig, Overrides, RosArguments};
use late_fusion::message::{ActionMapping, MessageType, PointTimes};
use late_fusion::proposal::{Options, Proposal, Recordings, Undecided};
use late_fusion::spec::PolicySpec;
use late_fusion::time::Stamp;
use late_fusion::train::{dataset, train};

use super::support::*;

fn options(workshop: &Workshop, actions: &[&str]) -> Options {
    Options {
        actions: actions.iter().map(|topic| (*topic).to_owned()).collect(),
        encoders: Path::new(env!("CARGO_MANIFEST_DIR")).join("models/encoders"),
        policy: workshop.options.out.clone(),
        positions_by: MessageType::JointTrajectory,
    }
}

fn propose(workshop: &Workshop, actions: &[&str]) -> Result<Proposal, Undecided> {
    Recordings::look(&workshop.options.bags)?.propose(&options(workshop, actions))
}

fn picture(stamp: Stamp, shade: u8) -> Vec<u8> {
    rgb8(stamp, [8, 6], (0..144).map(|i| (i * 7) as u8 ^ shade))
}

fn drive(stamp: Stamp, speed: f64, turn: f64) -> Vec<u8> {
    let fields = [("speed", "linear.x"), ("turn", "angular.z")];
    let fields = fields.map(|(action, field)| (action.to_owned(), field.to_owned()));
    let mapping = ActionMapping::new(
        "action",
        MessageType::Twist,
        &["speed", "turn"],
        &fields.into(),
    );
    let mut template = mapping.unwrap().template("", PointTimes::one(0.1));
    template.encode(stamp, &[speed, turn]).to_vec()
}

/// A base that somebody drove, twice, with a camera, an instruction and its joints; nobody marked any episode.
fn driven(workshop: &Workshop) {
    let mut recorder = Recorder::new(&workshop.bag("a.mcap"));
    for round in 0..2 {
        recorder.say("drive on");
        for step in 0..8_u8 {
            let stamp = recorder.now();
            let image = picture(stamp, step);
            recorder.write("/front/image_raw", MessageType::Image, &image);
            recorder.place(stamp, [f64::from(step), 0.25]);
            let command = drive(stamp, 0.1 * f64::from(step), 0.3 - 0.1 * f64::from(step));
            recorder.write("/cmd_vel", MessageType::Twist, &command);
            recorder.wait(93);
        }
        recorder.wait(3_000 * (1 - round));
    }
    recorder.finish();
}

#[test]
fn a_foreign_recording_is_learned_from_and_the_node_takes_what_was_learned() {
    let workshop = Workshop::new(POINT);
    driven(&workshop);
    let proposal = propose(&workshop, &[]).unwrap();
    let notes = proposal.notes.join("\n");
    for part in [
        "cameras: /front/image_raw",
        "sentences: /instruction",
        "joints: /joint_states",
        "labels: /cmd_vel (16 messages, 10 Hz)",
        "linear.y, linear.z, angular.x, angular.y never change",
    ] {
        assert!(notes.contains(part), "{part} in\n{notes}");
    }
    // The file as it is, but for its length.
    let training = proposal.training.replace("epochs: 40", "epochs: 1");
    assert_ne!(training, proposal.training);
    std::fs::write(&workshop.options.file, training).unwrap();
    let data = dataset(&workshop.options).unwrap();
    // At the first label of an episode, no picture that is 50 ms late has arrived.
    assert_eq!(
        (data.len(), data.episodes.len()),
        (14, 2),
        "{}",
        proposal.training
    );
    train(&workshop.options).unwrap();
    let page = std::fs::read_to_string(workshop.options.out.join("report.html")).unwrap();
    assert_names(
        &page,
        &[
            "<h2>Altered copies</h2>",
            "<h3>front</h3>",
            "perspective 0.",
        ],
    );
    let spec = PolicySpec::load(&workshop.options.out).unwrap();
    let names: Vec<&str> = spec.modalities.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["front", "instruction", "joint_states"]);
    assert_eq!(spec.modalities[2].moved_since.as_deref(), Some("front"));
    let limits: Vec<(&str, f64, f64, Option<f64>)> = spec
        .actions
        .iter()
        .map(|a| (a.name.as_str(), a.min, a.max, a.stop))
        .collect();
    assert_eq!(
        limits,
        [
            ("linear_x", 0.0, 0.7, Some(0.0)),
            ("angular_z", -0.4, 0.3, Some(0.0))
        ]
    );

    let file = workshop.path("node.param.yaml");
    std::fs::write(&file, &proposal.parameters).unwrap();
    let arguments = RosArguments::of_files([file]);
    let given = Overrides::read(&arguments)
        .unwrap()
        .of(&arguments.node(NODE_NAME))
        .unwrap();
    let checked = NodeConfig::from_parameters(given).unwrap();
    assert_eq!(checked.warnings, Vec::<String>::new());
    assert_eq!(checked.config.control_rate_hz, 10.0);
    let loaded = Loaded::new(&checked.config).unwrap();
    assert_eq!(
        loaded.warnings,
        Vec::<String>::new(),
        "limits of rate are proposed as well"
    );
}

#[test]
fn where_nobody_commanded_the_joints_a_little_later_are_the_labels() {
    let workshop = Workshop::new(POINT);
    let mut recorder = Recorder::new(&workshop.bag("a.mcap"));
    for step in 0..20 {
        let stamp = recorder.now();
        recorder.say("go");
        recorder.place(stamp, [0.1 * f64::from(step), 0.25 * f64::from(step)]);
        recorder.wait(98);
    }
    recorder.finish();
    // Joint states are known by their definition where ROS is installed.
    if MessageType::installed("sensor_msgs/msg/JointState").is_err() {
        return;
    }
    let proposal = propose(&workshop, &[]).unwrap();
    for part in ["ahead_s: 0.1", "y: \"position[y]\"", "each: bag"] {
        assert!(
            proposal.training.contains(part),
            "{part} in\n{}",
            proposal.training
        );
    }
    for part in ["trajectory_msgs/msg/JointTrajectory", "x: \"positions.x\""] {
        assert!(
            proposal.parameters.contains(part),
            "{part} in\n{}",
            proposal.parameters
        );
    }
    std::fs::write(&workshop.options.file, &proposal.training).unwrap();
    assert!(dataset(&workshop.options).unwrap().len() > 10);
}

#[test]
fn where_a_leader_arm_is_is_a_command_and_nothing_to_sense() {
    if MessageType::installed("sensor_msgs/msg/JointState").is_err() {
        return;
    }
    let workshop = Workshop::new(POINT);
    let mut recorder = Recorder::new(&workshop.bag("a.mcap"));
    for step in 0..20 {
        let stamp = recorder.now();
        let place = [0.1 * f64::from(step), 0.25 * f64::from(step)];
        recorder.place(stamp, place);
        let leader = joint_state(stamp, &[("x", place[0] + 0.1), ("y", place[1])]);
        recorder.write("/leader/joint_states", MessageType::JointState, &leader);
        recorder.wait(98);
    }
    recorder.finish();
    let Err(Undecided::Actions(topics)) = propose(&workshop, &[]) else {
        panic!("either could be the leader")
    };
    assert_eq!(topics, ["/joint_states", "/leader/joint_states"]);
    let proposal = propose(&workshop, &["leader/joint_states"]).unwrap();
    for text in [&proposal.training, &proposal.parameters] {
        assert_eq!(text.matches("/leader/joint_states").count(), 1, "{text}");
        assert!(text.contains("topic: \"/joint_states\""), "{text}");
    }
    assert!(
        !proposal.training.contains("ahead_s"),
        "{}",
        proposal.training
    );
    let shown = "expert_action_topic: \"/leader/joint_states\"\n      expert_action_message: sensor_msgs/msg/JointState";
    assert!(
        proposal.parameters.contains(shown),
        "{}",
        proposal.parameters
    );
    assert!(
        proposal
            .notes
            .iter()
            .any(|note| note.contains("leader arm"))
    );
    std::fs::write(&workshop.options.file, &proposal.training).unwrap();
    let data = dataset(&workshop.options).unwrap();
    assert_eq!(data.features.len(), 1);
}

#[test]
fn several_that_command_are_asked_about_and_nothing_at_all_is_told() {
    let workshop = Workshop::new(POINT);
    driven(&workshop);
    let mut recorder = Recorder::new(&workshop.bag("b.mcap"));
    recorder.numbers("/gripper", &[0.5]);
    recorder.finish();
    let Err(Undecided::Actions(topics)) = propose(&workshop, &[]) else {
        panic!("two could")
    };
    assert_eq!(topics, ["/cmd_vel", "/gripper"]);
    let chosen = propose(&workshop, &["gripper"]).unwrap();
    assert!(
        chosen.training.contains("topic: \"/gripper\""),
        "{}",
        chosen.training
    );
    let Err(Undecided::Wrong(errors)) = propose(&workshop, &["arm"]) else {
        panic!("there is none")
    };
    assert_names(
        &errors.to_string(),
        &["--action is \"arm\"", "/cmd_vel", "/gripper"],
    );

    let refused = propose(&workshop, &["gripper", "/gripper"]);
    let Err(Undecided::Wrong(errors)) = refused else {
        panic!("it is one topic")
    };
    assert_names(&errors.to_string(), &["\"/gripper\" is given twice"]);

    let empty = Workshop::new(POINT);
    let mut recorder = Recorder::new(&empty.bag("a.mcap"));
    recorder.say("hello");
    recorder.finish();
    let Err(Undecided::Wrong(errors)) = propose(&empty, &[]) else {
        panic!("nothing commands")
    };
    assert_names(
        &errors.to_string(),
        &["no topic can provide labels", "/instruction"],
    );
}
