//! A problem that can be learned is learned, the same way every time, and the node can run what comes out.

use std::fs;

use late_fusion::policy::Policy;
use late_fusion::train::train;

use super::support::*;

#[test]
fn what_was_demonstrated_is_learned_and_can_be_run() {
    let workshop = Workshop::new(POINT);
    record(&workshop.bag("monday.mcap"), 60, 1);
    record(&workshop.bag("tuesday.mcap"), 40, 2);
    let report = train(&workshop.options).unwrap();
    assert_eq!(report.split.training.episodes, 80);
    assert_eq!(report.split.validation.samples, 400);
    let last = report.epochs.last().unwrap();
    let validation_loss = last.validation_loss.unwrap();
    assert!(validation_loss < 0.01, "{validation_loss}");
    for action in &report.actions {
        assert!(action.rms_error < 0.1 * action.rms_of_mean, "{action:?}");
    }

    let mut policy = Policy::load(&workshop.options.out).unwrap();
    assert_eq!(policy.spec().name, "point");
    for (place, goal) in [
        ([0.0, 0.0], [0.2, -0.3]),
        ([0.4, -0.6], [-0.5, -0.5]),
        ([-0.7, 0.1], [0.7, 0.3]),
    ] {
        let mut action = [0.0; 2];
        let features = [place, goal].map(|pair| pair.map(|v| v as f32));
        policy.act(
            &[Some(&features[0]), Some(&features[1])],
            &[0.0; 2],
            &mut action,
        );
        let wanted = velocity(place, goal);
        for i in 0..2 {
            let off = (action[i] - wanted[i]).abs();
            assert!(off < 0.25, "{place:?} to {goal:?}: {action:?}");
        }
    }
    for projection in policy.projections() {
        let mut projection = projection.clone();
        let mut times = |feature| {
            projection.project(feature);
            projection.times_usual_distance().unwrap()
        };
        assert!(times(&[0.4, -0.4]) < 1.0, "as in training");
        assert!(times(&[20.0, 20.0]) > 5.0, "nothing of that kind was there");
    }
    let json = fs::read_to_string(workshop.options.out.join("report.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["epochs"].as_array().unwrap().len(), 60);
    assert_eq!(json["bags"][1]["succeeded"], 40);
    let page = fs::read_to_string(workshop.options.out.join("report.html")).unwrap();
    assert_names(&page, &["<svg", "validation", "vx", "monday.mcap"]);
}

#[test]
fn one_seed_gives_the_same_bytes_and_another_seed_others() {
    let weights = |in_file: u64, instead: Option<u64>| {
        let brief = POINT.replace("epochs: 60", "epochs: 3");
        let mut workshop = Workshop::new(&brief.replace("seed: 1", &format!("seed: {in_file}")));
        workshop.options.seed = instead;
        record(&workshop.bag("bag.mcap"), 20, 3);
        train(&workshop.options).unwrap();
        fs::read(workshop.options.out.join("weights.safetensors")).unwrap()
    };
    let first = weights(7, None);
    assert!(first == weights(7, None), "the same seed");
    assert!(first != weights(8, None), "another seed");
    assert!(
        first == weights(8, Some(7)),
        "the option wins over the file"
    );
}
