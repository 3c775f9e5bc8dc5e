//! The picture of a few samples, read back as numbers.

use super::*;
use crate::explain::figures::{ActionFigure, DecisionKind, Sample, StopCause, Vote, Weighing, Why};

/// A camera that is blind in the second of three samples, in the last of which the robot stands still.
fn figures() -> Figures {
    let sample = |i: usize, contributions: Option<[f64; 2]>, sees: bool| Sample {
        time_s: i as f64 * 0.5,
        decision: match contributions {
            Some(_) => DecisionKind::Act,
            None => DecisionKind::Stop,
        },
        stop: contributions.is_none().then(|| StopCause {
            cause: "joints too old".into(),
            reason: "joints: 0.612 s old, allowed 0.500 s".into(),
        }),
        ages_s: vec![sees.then_some(0.0), Some(0.1)],
        sentences: vec![None, None],
        command: vec![0.5],
        why: contributions.map(|values| Why {
            contributions: values.map(|value| vec![value]).into(),
            all: vec![values[0] + values[1]],
            nothing: vec![0.0],
            fusion: Some(Weighing::Weights(vec![0.25, 0.75])),
        }),
        expert: Some(vec![0.25]),
        recorded: None,
    };
    let mut figures = Figures {
        policy: "a <b> & c".into(),
        bag: "bag.mcap".into(),
        part: "episode 1 of 1 (success)".into(),
        step_s: 0.5,
        modalities: vec!["camera".into(), "joints".into()],
        actions: vec![ActionFigure {
            name: "speed".into(),
            unit: "m/s".into(),
        }],
        notes: vec!["something to know".into()],
        shares: vec![vec![0.0]; 2],
        samples: vec![],
    };
    figures.take(vec![
        sample(0, Some([3.0, -1.0]), true),
        sample(1, Some([0.0, -1.0]), false),
        sample(2, None, true),
    ]);
    figures
}

/// The paths of one class with their paint.
fn paths(picture: &str, class: &str, paint: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(picture).unwrap();
    let paths = document.descendants().filter(|node| {
        node.tag_name().name() == "path"
            && node.attribute("class") == Some(class)
            && (paint.is_empty() || node.attribute("fill") == Some(paint))
    });
    paths
        .map(|node| node.attribute("d").unwrap_or_default().to_owned())
        .collect()
}

/// The numbers of a path.
fn coordinates(path: &str) -> Vec<f64> {
    let numbers = path.split(|c: char| c.is_ascii_alphabetic() || c == ' ');
    numbers.filter_map(|number| number.parse().ok()).collect()
}

#[test]
fn shares_are_of_all_that_was_pushed() {
    let figures = figures();
    assert_eq!(figures.shares, [vec![0.6], vec![0.4]]);
    assert_eq!(figures.share(0), 0.6);
}

#[test]
fn areas_have_the_heights_of_the_contributions_and_gaps_where_one_was_absent() {
    let picture = draw(&figures(), &[]);
    let camera = &paths(&picture, "area", colour(0))[0];
    let joints = &paths(&picture, "area", colour(1))[0];
    let third = (RIGHT - LEFT) / 3.0;
    let (camera, joints) = (coordinates(camera), coordinates(joints));
    // M x top V top H right V bottom H left: one sample only.
    assert_eq!(camera.len(), 6);
    assert!((camera[3] - camera[0] - third).abs() < 0.11, "{camera:?}");
    // M x 'end' of −1, then two samples there and back.
    assert_eq!(joints.len(), 10);
    let (up, down) = (camera[4] - camera[1], joints[1] - camera[4]);
    assert!((up / down - 3.0).abs() < 0.05, "{up} {down}");
}

#[test]
fn what_stood_still_is_marked_and_said() {
    let picture = draw(&figures(), &[]);
    let document = roxmltree::Document::parse(&picture).unwrap();
    let class = |name: &str| {
        document
            .descendants()
            .filter(|node| node.attribute("class") == Some(name))
            .count()
    };
    // In the contributions, the actions and the weights.
    assert_eq!(class("halt"), 3);
    assert!(picture.contains("stopped: joints too old"));
    assert!(picture.contains("something to know"));
    assert!(picture.contains("a &lt;b&gt; &amp; c"));
    // In the legend and in the plot.
    assert_eq!(paths(&picture, "expert", "").len(), 2);
    assert_eq!(paths(&picture, "recorded", "").len(), 0);
}

#[test]
fn votes_have_lines_of_their_own() {
    let mut figures = figures();
    for why in figures.samples.iter_mut().filter_map(|m| m.why.as_mut()) {
        let vote = |voter: &str, weight: f64| Vote {
            voter: voter.into(),
            weight,
            action: vec![weight],
        };
        why.fusion = Some(Weighing::Votes(vec![vote("left", 1.0), vote("right", 0.0)]));
    }
    let picture = draw(&figures, &[]);
    // Who did not vote has no line.
    assert_eq!(paths(&picture, "vote", "").len(), 1);
    assert!(picture.contains(">votes<") && picture.contains(">right<"));
}

#[test]
fn a_single_moment_is_a_picture_too() {
    let mut figures = figures();
    figures.samples.truncate(1);
    let picture = draw(&figures, &[]);
    assert!(roxmltree::Document::parse(&picture).is_ok());
    assert!(!picture.contains("NaN") && !picture.contains("inf"));
}
