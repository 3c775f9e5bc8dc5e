//! A recording explained: what the node would have seen and done, what adds up, and a picture that can be opened.

mod recording;
mod workshop;

use std::fs;

use late_fusion::explain::{DecisionKind, Explanation, Options, Weighing, explain};

use recording::*;
use workshop::*;

/// Whether the explanation of every sample adds up, and the picture is one that stands alone.
fn check(explanation: &Explanation) {
    let figures = &explanation.figures;
    assert_eq!(figures.samples.len() as i64, END / STEP_MS + 1);
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&explanation.numbers).unwrap()).unwrap();
    let mut acted = 0;
    for sample in json["samples"].as_array().unwrap() {
        assert_eq!(sample["decision"] == "act", sample["why"].is_object());
        let Some(why) = sample["why"].as_object() else {
            continue;
        };
        acted += 1;
        for action in 0..2 {
            let of_each = why["contributions"].as_array().unwrap().iter();
            let sum: f64 = of_each.map(|m| m[action].as_f64().unwrap()).sum();
            let number = |name: &str| why[name][action].as_f64().unwrap();
            let difference = number("all") - number("nothing");
            assert!((sum - difference).abs() < 1e-4, "{sum} {difference}");
        }
    }
    assert!(acted > 30, "{acted}");
    let text = fs::read_to_string(&explanation.picture).unwrap();
    let picture = roxmltree::Document::parse(&text).unwrap();
    let mut frames = 0;
    for element in picture.descendants().filter(roxmltree::Node::is_element) {
        let link = element.attribute("href");
        frames += usize::from(element.has_tag_name(("http://www.w3.org/2000/svg", "image")));
        assert!(link.is_none_or(|link| link.starts_with("data:image/jpeg;base64,")));
        for attribute in element.attributes() {
            assert!(!attribute.value().contains("NaN"), "{attribute:?}");
        }
    }
    assert_eq!(frames, 12);
    for part in [
        "open the drawer",
        "close the drawer",
        "stopped: joints too old",
        "rad/s",
    ] {
        assert!(text.contains(part), "{part:?} is not in the picture");
    }
}

#[test]
fn every_moment_is_what_the_node_would_have_seen_and_adds_up() {
    let mut workshop = Workshop::new("{method: concat}", None);
    let weight = workshop.add("head.0.weight", &[2, 13]);
    workshop.add("head.0.bias", &[2]);
    let explanation = workshop.explain();
    check(&explanation);
    let figures = &explanation.figures;
    assert_eq!(figures.part, "episode 2 of 2 (success)");
    assert_eq!(figures.modalities, ["scene", "instruction", "joints"]);
    let absent = workshop
        .weights
        .vector::<f64>("missing.joints", 2, &mut Default::default());
    let absent = absent.unwrap();
    for (i, sample) in figures.samples.iter().enumerate() {
        let ms = i as i64 * STEP_MS;
        assert!((sample.time_s - ms as f64 * 1e-3).abs() < 1e-9);
        let newest_picture = match ms {
            DAMAGED => ms - STEP_MS,
            DARK_FROM..DARK_TO => DARK_FROM,
            _ => ms,
        };
        let dark_s = (ms - newest_picture) as f64 * 1e-3;
        let expected = (dark_s <= MAX_AGE_S).then_some(dark_s);
        let near = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-9,
            (a, b) => a == b,
        };
        assert!(
            near(sample.ages_s[0], expected),
            "{ms}: {:?}",
            sample.ages_s
        );
        let sentence = match ms < SENTENCE_CHANGES {
            true => "open the drawer",
            false => "close the drawer",
        };
        assert_eq!(sample.sentences, [None, Some(sentence.to_owned()), None]);
        assert_eq!(sample.expert, Some(vec![ms as f64 * 1e-3, 0.25]));
        assert_eq!(sample.recorded, None);
        let joints_old_s = (ms - ms.min(JOINTS_END)) as f64 * 1e-3;
        let Some(why) = &sample.why else {
            assert!(joints_old_s > MAX_AGE_S, "{ms}");
            assert_eq!(sample.decision, DecisionKind::Stop);
            let stop = sample.stop.as_ref().unwrap();
            assert_eq!(stop.cause, "joints too old");
            assert!(stop.reason.contains("allowed 0.120 s"), "{stop:?}");
            assert_eq!(sample.command, [0.0, 0.5]);
            continue;
        };
        assert!(joints_old_s <= MAX_AGE_S, "{ms}");
        for action in 0..2 {
            if sample.ages_s[0].is_none() {
                assert_eq!(why.contributions[0][action], 0.0);
            }
            // Of a sum each term contributes its own difference to what stands in for it.
            let joints = joints_at(ms.min(JOINTS_END));
            let term = |j: usize| f64::from(weight[action * 13 + 11 + j]) * (joints[j] - absent[j]);
            let expected = [1.5, 0.5][action] * (term(0) + term(1));
            assert!((why.contributions[2][action] - expected).abs() < 1e-4);
            assert!((why.all[action] - sample.command[action]).abs() < 1e-6);
        }
    }
    let [unlimited, unreadable] = &figures.notes[..] else {
        panic!("{:?}", figures.notes)
    };
    assert!(unlimited.starts_with("actions drive, turn: no limit of rate or acceleration"));
    assert!(unreadable.starts_with("modality scene: messages that could not be read: 1"));
    let of_drive: f64 = figures.shares.iter().map(|shares| shares[0]).sum();
    assert!((of_drive - 1.0).abs() < 1e-9);
}

#[test]
fn joints_have_moved_since_the_newest_picture() {
    for behind_s in [0, 10_000] {
        let mut workshop = Workshop::new("{method: concat}", None).with_movement();
        fs::remove_file(workshop.path("bag.mcap")).unwrap();
        record(&workshop.path("bag.mcap"), behind_s);
        let weight = workshop.add("head.0.weight", &[2, 15]);
        workshop.add("head.0.bias", &[2]);
        let absent = workshop
            .weights
            .vector::<f64>("missing.joints", 4, &mut Default::default());
        let absent = absent.unwrap();
        let mut moved = 0;
        for (i, sample) in workshop.explain().figures.samples.iter().enumerate() {
            let Some(why) = &sample.why else { continue };
            let ms = i as i64 * STEP_MS;
            let picture_ms = match ms {
                DAMAGED => ms - STEP_MS,
                DARK_FROM..DARK_TO => DARK_FROM,
                _ => ms,
            };
            let [now, then] = [ms, picture_ms].map(|ms| joints_at(ms.min(JOINTS_END)));
            let joints = [now[0], now[1], now[0] - then[0], now[1] - then[1]];
            moved += usize::from(joints[2] > 0.01);
            for action in 0..2 {
                let term =
                    |j: usize| f64::from(weight[action * 15 + 11 + j]) * (joints[j] - absent[j]);
                let expected = [1.5, 0.5][action] * (0..4).map(term).sum::<f64>();
                let found = why.contributions[2][action];
                assert!((found - expected).abs() < 1e-4, "{ms}: {found} {expected}");
            }
        }
        assert!(moved > 2, "{moved}");
    }
}

#[test]
fn the_stamps_of_another_clock_are_not_taken_for_ages() {
    let mut workshop = Workshop::new("{method: concat}", None);
    workshop.add("head.0.weight", &[2, 13]);
    workshop.add("head.0.bias", &[2]);
    let of_one_clock = workshop.explain().figures;
    fs::remove_file(workshop.path("bag.mcap")).unwrap();
    record(&workshop.path("bag.mcap"), 900);
    let of_two = workshop.explain().figures;
    assert!(
        of_two.notes[0].contains("different clocks"),
        "{:?}",
        of_two.notes
    );
    assert_eq!(of_two.samples.len(), of_one_clock.samples.len());
    for (one, two) in of_one_clock.samples.iter().zip(&of_two.samples) {
        assert_eq!((&one.ages_s, &one.why), (&two.ages_s, &two.why));
    }
}

#[test]
fn weights_are_shown_where_the_method_has_them() {
    let fusion = "{method: weighted, weights: {kind: attention_across, hidden: 3}}";
    let mut workshop = Workshop::new(fusion, Some(4));
    workshop.add("fusion.weight", &[3, 4]);
    workshop.add("fusion.vector", &[3]);
    workshop.add("head.0.weight", &[2, 4]);
    workshop.add("head.0.bias", &[2]);
    let explanation = workshop.explain();
    check(&explanation);
    for why in explanation
        .figures
        .samples
        .iter()
        .filter_map(|m| m.why.as_ref())
    {
        let Some(Weighing::Weights(weights)) = &why.fusion else {
            panic!("{why:?}")
        };
        assert!(
            (weights.iter().sum::<f64>() - 1.0).abs() < 1e-5,
            "{weights:?}"
        );
    }
}

#[test]
fn votes_are_shown_where_the_method_has_them() {
    let mut workshop = Workshop::new("{method: vote, rule: soft, bins: 3}", None);
    for (name, width) in WIDTHS {
        workshop.add(&format!("vote.{name}.0.weight"), &[6, width]);
        workshop.add(&format!("vote.{name}.0.bias"), &[6]);
    }
    workshop.add("vote.centres", &[2, 3]);
    let explanation = workshop.explain();
    check(&explanation);
    for sample in &explanation.figures.samples {
        let Some(why) = &sample.why else { continue };
        let Some(Weighing::Votes(votes)) = &why.fusion else {
            panic!("{why:?}")
        };
        let took_part: Vec<bool> = votes.iter().map(|vote| vote.weight > 0.0).collect();
        let there: Vec<bool> = sample.ages_s.iter().map(Option::is_some).collect();
        assert_eq!(took_part, there, "every modality is a voter");
    }
}

#[test]
fn a_part_can_be_looked_at_and_thinned() {
    let mut workshop = Workshop::new("{method: concat}", None);
    workshop.add("head.0.weight", &[2, 13]);
    workshop.add("head.0.bias", &[2]);
    let part = Options {
        from_s: Some(0.5),
        to_s: Some(1.0),
        every: Some(2),
        ..workshop.options()
    };
    let figures = explain(&part).unwrap().figures;
    let times: Vec<f64> = figures.samples.iter().map(|m| m.time_s).collect();
    for (time, expected) in times.iter().zip([0.5, 0.6, 0.7, 0.8, 0.9, 1.0]) {
        assert!((time - expected).abs() < 1e-9, "{times:?}");
    }
    assert_eq!(times.len(), 6);
    assert!(
        figures
            .samples
            .iter()
            .all(|m| m.decision == DecisionKind::Act)
    );
}

#[test]
fn everything_wrong_is_named_at_once() {
    let mut workshop = Workshop::new("{method: concat}", None);
    workshop.add("head.0.weight", &[2, 13]);
    workshop.add("head.0.bias", &[2]);
    let params_file = workshop.path("node.yaml");
    let elsewhere = PARAMETERS
        .replace("topic: joint_states", "topic: arm_states")
        .replace("topic: instruction,", "topic: camera,");
    fs::write(&params_file, elsewhere).unwrap();
    let wrong = Options {
        episode: Some(9),
        ..workshop.options()
    };
    let text = explain(&wrong).unwrap_err().to_string();
    for part in [
        "arm_states",
        "modality instruction",
        "--episode is 9",
        "1 to 2",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    fs::write(
        &params_file,
        "late_fusion: {ros__parameters: {contorl_rate_hz: 2.0}}",
    )
    .unwrap();
    let wrong = Options {
        bag: workshop.path("no.mcap"),
        ..workshop.options()
    };
    let text = explain(&wrong).unwrap_err().to_string();
    for part in ["no.mcap", "contorl_rate_hz"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(!workshop.path("out").exists());
}

#[test]
fn joints_in_messages_of_their_own_are_the_same_joints() {
    let samples = |in_parts, behind_s| {
        let mut workshop = Workshop::new("{method: concat}", None);
        workshop.add("head.0.weight", &[2, 13]);
        workshop.add("head.0.bias", &[2]);
        let bag = workshop.path("bag.mcap");
        fs::remove_file(&bag).unwrap();
        record_as(&bag, behind_s, in_parts);
        let numbers = fs::read_to_string(workshop.explain().numbers).unwrap();
        let json: serde_json::Value = serde_json::from_str(&numbers).unwrap();
        json["samples"].as_array().unwrap().clone()
    };
    for behind_s in [0, 500] {
        let whole = samples(false, behind_s);
        assert!(whole.iter().filter(|m| m["decision"] == "act").count() > 30);
        assert_eq!(samples(true, behind_s), whole);
    }
}

#[test]
fn where_the_node_would_not_have_trusted_its_joints_it_says_so() {
    let mut workshop = Workshop::new("{method: concat}", None);
    workshop.add("head.0.weight", &[2, 13]);
    workshop.add("head.0.bias", &[2]);
    let usual = "standardize.joints.usual_distance";
    workshop.weights.insert(usual, vec![1], vec![0.01]);
    let limited = PARAMETERS.replace(
        "message: sensor_msgs/msg/JointState,",
        "message: sensor_msgs/msg/JointState, max_distance: 1.5,",
    );
    fs::write(workshop.path("node.yaml"), limited).unwrap();
    let figures = workshop.explain().figures;
    let stops = figures.samples.iter().filter_map(|s| s.stop.as_ref());
    let unlike: Vec<_> = stops
        .filter(|stop| stop.cause == "joints unlike the training data")
        .collect();
    assert!(unlike.len() > 20, "{}", unlike.len());
    assert!(
        unlike[0].reason.ends_with("of it, allowed 1.5"),
        "{}",
        unlike[0].reason
    );
}
