//! Training from the numbers of any message, by paths to its fields.

use late_fusion::message::{MessageType, cdr};
use late_fusion::spec::{PolicySpec, SourceSpec};
use late_fusion::time::Stamp;
use late_fusion::train::{dataset, train};

use super::support::*;

const DEFINITION: &str = "std_msgs/Header header\nfloat64 speed\nfloat64[4] corners\n\
    ================================================================================\nMSG: std_msgs/Header\n\
    builtin_interfaces/Time stamp\nstring frame_id\n\
    ================================================================================\nMSG: builtin_interfaces/Time\n\
    int32 sec\nuint32 nanosec\n";

/// The point, whose goal is in a message that nobody here knows.
fn sensed(names: &str) -> Workshop {
    let goal = "kind: vector, names: [x, y], max_age_s: .inf";
    let file = POINT.replace(goal, &format!("kind: vector, names: {names}"));
    assert_ne!(file, POINT);
    Workshop::new(&file.replace("epochs: 60", "epochs: 2"))
}

fn message(stamp: Stamp, speed: f64) -> Vec<u8> {
    let mut writer = cdr::Writer::new();
    writer.header(stamp, "base");
    for number in [speed, 1.0, 2.0, 3.0, 4.0] {
        writer.f64(number);
    }
    writer.finish()
}

/// An episode of three labels.
fn record(workshop: &Workshop, definition: &str) {
    let mut recorder = Recorder::new(&workshop.bag("a.mcap"));
    let base = MessageType::defined("base_msgs/msg/Base", definition).unwrap();
    recorder.mark("start");
    for i in 0..3 {
        let stamp = recorder.now();
        recorder.write("/goal", base, &message(stamp, f64::from(i)));
        recorder.place(stamp, [0.0, 0.0]);
        recorder.label(stamp, [0.125, 0.0]);
        recorder.wait(25);
    }
    recorder.mark("success");
    recorder.finish();
}

#[test]
fn a_bag_brings_the_definition_that_its_numbers_are_found_by() {
    let workshop = sensed("[speed, 'corners[1:4:2]']");
    record(&workshop, DEFINITION);
    let data = dataset(&workshop.options).unwrap();
    let rows = features(&data, 1);
    assert_eq!(rows, [[0.0, 2.0, 4.0], [1.0, 2.0, 4.0], [2.0, 2.0, 4.0]]);

    train(&workshop.options).unwrap();
    let spec = PolicySpec::load(&workshop.options.out).unwrap();
    let names = ["speed", "corners[1]", "corners[3]"].map(str::to_owned);
    assert_eq!(
        spec.modalities[1].source,
        SourceSpec::Vector {
            names: names.into()
        }
    );
    assert_eq!(spec.modalities[1].width, 3);
}

#[test]
fn a_path_that_leads_nowhere_is_told_with_the_bag_and_the_topic() {
    let workshop = sensed("[velocity, 'corners[7]']");
    record(&workshop, DEFINITION);
    assert_names(
        &workshop.refusal(),
        &[
            "a.mcap",
            "modality goal: topic goal",
            "has no field velocity; it has header, speed, corners",
            "corners has 4 elements",
        ],
    );
}
