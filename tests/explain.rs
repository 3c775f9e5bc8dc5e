//! A recording in which a camera falls silent for a while, the sentence changes and the joints end early, explained.

use std::fs;
use std::path::{Path, PathBuf};

use late_fusion::bag::{TopicId, Writer};
use late_fusion::encoder::sha256_of;
use late_fusion::explain::{Conduct, Explanation, Options, Weighing, explain};
use late_fusion::message::{MessageType, cdr, encode_text};
use late_fusion::policy::Weights;
use late_fusion::time::Stamp;
use tempfile::TempDir;

const STEP_MS: i64 = 50;

/// How long everything but an instruction holds: two steps, and a bit.
const MAX_AGE_S: f64 = 0.12;

const PARAMETERS: &str = "
late_fusion:
  ros__parameters:
    control_rate_hz: 20.0
    modalities:
      scene: {topic: camera, message: sensor_msgs/msg/Image, required: false, max_age_s: 0.12}
      instruction: {topic: instruction, message: std_msgs/msg/String}
      joints: {topic: joint_states, message: sensor_msgs/msg/JointState, max_age_s: 0.12}
    action: {topic: action}
";

/// When things happen, in milliseconds from the start of the episode.
const DAMAGED: i64 = 300;
const DARK_FROM: i64 = 1000;
const DARK_TO: i64 = 1500;
const SENTENCE_CHANGES: i64 = 800;
const JOINTS_END: i64 = 1800;
const END: i64 = 2000;

struct Recorder {
    writer: Writer,
    topics: Vec<(&'static str, TopicId)>,
    now: Stamp,
    /// How far the stamps of the messages are behind the times of recording.
    behind_s: i64,
}

impl Recorder {
    fn stamp(&self) -> Stamp {
        Stamp::from_nanos(self.now.nanos() - self.behind_s * 1_000_000_000)
    }

    fn write(&mut self, topic: &'static str, message: MessageType, bytes: &[u8]) {
        let known = self.topics.iter().find(|(name, _)| *name == topic);
        let id = known.map(|(_, id)| *id).unwrap_or_else(|| {
            let id = self.writer.add_topic(topic, message.ros_name(), "");
            self.topics.push((topic, id.unwrap()));
            self.topics[self.topics.len() - 1].1
        });
        self.writer.write(id, self.now, bytes).unwrap();
    }

    fn say(&mut self, topic: &'static str, text: &str) {
        self.write(topic, MessageType::String, &encode_text(text));
    }

    fn picture(&mut self, red: u8, damaged: bool) {
        let mut message = cdr::Writer::new();
        message.header(self.stamp(), "camera");
        message.u32(24);
        message.u32(32);
        message.string("rgb8");
        message.u8(0);
        message.u32(96);
        message.length(96 * 24);
        for byte in [red, 10, 20].iter().cycle().take(96 * 24) {
            message.u8(*byte);
        }
        let bytes = message.finish();
        let whole = bytes.len() - if damaged { 100 } else { 0 };
        self.write("/camera", MessageType::Image, &bytes[..whole]);
    }

    fn joints(&mut self, joints: [f64; 2]) {
        let mut message = cdr::Writer::new();
        message.header(self.stamp(), "base");
        message.length(2);
        message.string("left");
        message.string("right");
        message.length(2);
        joints.iter().for_each(|position| {
            message.f64(*position);
        });
        message.length(0);
        message.length(0);
        self.write("/joint_states", MessageType::JointState, &message.finish());
    }

    fn expert(&mut self, action: [f64; 2]) {
        let mut message = cdr::Writer::new();
        message.length(0);
        message.u32(0);
        message.length(2);
        action.iter().for_each(|number| {
            message.f64(*number);
        });
        let bytes = message.finish();
        self.write("/expert_action", MessageType::Float64MultiArray, &bytes);
    }
}

fn joints_at(ms: i64) -> [f64; 2] {
    [ms as f64 * 1e-3, 0.5 - ms as f64 * 5e-4]
}

/// An episode that failed at once, and the one that is explained.
fn record(path: &Path, behind_s: i64) {
    let mut recorder = Recorder {
        writer: Writer::create(path).unwrap(),
        topics: Vec::new(),
        now: Stamp::from_ros(990, 0),
        behind_s,
    };
    recorder.say("/episode", "start");
    recorder.say("/episode", "failure");
    recorder.say("/instruction", "open the drawer");
    for ms in (0..=END).step_by(STEP_MS as usize) {
        recorder.now = Stamp::from_nanos(1_000_000_000_000 + ms * 1_000_000);
        if ms == 0 {
            recorder.say("/episode", "start");
        }
        if ms == SENTENCE_CHANGES {
            recorder.say("/instruction", "close the drawer");
        }
        if !(DARK_FROM + 1..DARK_TO).contains(&ms) {
            recorder.picture((ms / 10) as u8, ms == DAMAGED);
        }
        if ms <= JOINTS_END {
            recorder.joints(joints_at(ms));
        }
        recorder.expert([ms as f64 * 1e-3, 0.25]);
    }
    recorder.say("/episode", "success");
    recorder.writer.finish().unwrap();
}

/// The same numbers again and again, none of them zero and none alike.
fn numbers(seed: u32) -> impl FnMut(usize) -> Vec<f32> {
    let mut state = seed;
    move |count| {
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * 0.5
        };
        (0..count).map(next).collect()
    }
}

const WIDTHS: [(&str, usize); 3] = [("scene", 3), ("instruction", 8), ("joints", 2)];

struct Workshop {
    folder: TempDir,
    weights: Weights,
}

impl Workshop {
    /// A policy with small encoders, random weights and this way of fusing, and a recording.
    fn new(fusion: &str, align: Option<usize>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
        let file = |name: &str| {
            let path = models.join(name);
            let hash = sha256_of(&path).unwrap();
            (path.display().to_string(), hash)
        };
        let ((image, image_hash), (text, text_hash), (tokens, tokens_hash)) = (
            file("image_log.onnx"),
            file("text_i32.onnx"),
            file("tokenizer.json"),
        );
        let align_line = align.map_or(String::new(), |width| format!(", align: {width}"));
        let policy = format!(
            "{{format: 2, name: small, modalities: [\
             {{name: scene, kind: image, width: 3{align_line}, encoder: {{model: {image}, sha256: {image_hash}, \
             input: {{name: pixel_values, width: 16, height: 12, rescale: 1.0}}, output: mean}}}}, \
             {{name: instruction, kind: text, width: 8{align_line}, encoder: {{model: {text}, sha256: {text_hash}, \
             tokenizer: {tokens}, tokenizer_sha256: {tokens_hash}, max_tokens: 16, output: last_hidden_state, \
             pooling: masked_mean}}}}, \
             {{name: joints, kind: vector, names: [left, right], width: 2{align_line}}}], fusion: {fusion}, \
             head: {{kind: mlp, hidden: []}}, actions: [{{name: drive, unit: m/s, min: -50, max: 50}}, \
             {{name: turn, unit: rad/s, min: -50, max: 50, stop: 0.5}}]}}"
        );
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("policy")).unwrap();
        fs::write(at("policy/policy.yaml"), policy).unwrap();
        fs::write(at("node.yaml"), PARAMETERS).unwrap();
        record(&at("bag.mcap"), 0);
        let mut weights = Weights::default();
        let mut random = numbers(5);
        for (name, width) in WIDTHS {
            weights.insert(
                format!("standardise.{name}.mean"),
                vec![width],
                vec![0.0; width],
            );
            // Colours are large numbers.
            let std = if name == "scene" { 100.0 } else { 1.0 };
            weights.insert(
                format!("standardise.{name}.std"),
                vec![width],
                vec![std; width],
            );
            let fused = align.unwrap_or(width);
            weights.insert(format!("absent.{name}"), vec![fused], random(fused));
            if let Some(align) = align {
                let shape = vec![align, width];
                weights.insert(format!("align.{name}.weight"), shape, random(align * width));
                weights.insert(format!("align.{name}.bias"), vec![align], random(align));
            }
        }
        weights.insert("action.mean", vec![2], vec![0.125, -0.25]);
        weights.insert("action.std", vec![2], vec![1.5, 0.5]);
        Self { folder, weights }
    }

    fn add(&mut self, name: &str, shape: &[usize]) -> Vec<f32> {
        let seed = 11 + name.len() as u32;
        let values = numbers(seed)(shape.iter().product());
        self.weights.insert(name, shape.to_vec(), values.clone());
        values
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn options(&self) -> Options {
        self.weights
            .save(&self.path("policy/weights.safetensors"))
            .unwrap();
        Options {
            params_file: self.path("node.yaml"),
            policy: Some(self.path("policy")),
            bag: self.folder.path().to_owned(),
            out: self.path("out"),
            episode: Some(2),
            from_s: None,
            to_s: None,
            every: None,
        }
    }

    fn explain(&self) -> Explanation {
        explain(&self.options()).unwrap_or_else(|problems| panic!("{problems}"))
    }
}

/// Whether the explanation of every moment adds up, and the picture is one that stands alone.
fn check(explanation: &Explanation) {
    let figures = &explanation.figures;
    assert_eq!(figures.moments.len() as i64, END / STEP_MS + 1);
    let json: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&explanation.numbers).unwrap()).unwrap();
    let mut acted = 0;
    for moment in json["moments"].as_array().unwrap() {
        assert_eq!(moment["conduct"] == "act", moment["why"].is_object());
        let Some(why) = moment["why"].as_object() else {
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
        .vector::<f64>("absent.joints", 2, &mut Default::default());
    let absent = absent.unwrap();
    for (i, moment) in figures.moments.iter().enumerate() {
        let ms = i as i64 * STEP_MS;
        assert!((moment.time_s - ms as f64 * 1e-3).abs() < 1e-9);
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
            near(moment.ages_s[0], expected),
            "{ms}: {:?}",
            moment.ages_s
        );
        let sentence = match ms < SENTENCE_CHANGES {
            true => "open the drawer",
            false => "close the drawer",
        };
        assert_eq!(moment.sentences, [None, Some(sentence.to_owned()), None]);
        assert_eq!(moment.expert, Some(vec![ms as f64 * 1e-3, 0.25]));
        assert_eq!(moment.recorded, None);
        let joints_old_s = (ms - ms.min(JOINTS_END)) as f64 * 1e-3;
        let Some(why) = &moment.why else {
            assert!(joints_old_s > MAX_AGE_S, "{ms}");
            assert_eq!(moment.conduct, Conduct::Stop);
            let halt = moment.halt.as_ref().unwrap();
            assert_eq!(halt.cause, "joints too old");
            assert!(halt.reason.contains("allowed 0.120 s"), "{halt:?}");
            assert_eq!(moment.command, [0.0, 0.5]);
            continue;
        };
        assert!(joints_old_s <= MAX_AGE_S, "{ms}");
        for action in 0..2 {
            if moment.ages_s[0].is_none() {
                assert_eq!(why.contributions[0][action], 0.0);
            }
            // Of a sum each term contributes its own difference to what stands in for it.
            let joints = joints_at(ms.min(JOINTS_END));
            let term = |j: usize| f64::from(weight[action * 13 + 11 + j]) * (joints[j] - absent[j]);
            let expected = [1.5, 0.5][action] * (term(0) + term(1));
            assert!((why.contributions[2][action] - expected).abs() < 1e-4);
            assert!((why.all[action] - moment.command[action]).abs() < 1e-6);
        }
    }
    assert_eq!(figures.notes.len(), 1, "{:?}", figures.notes);
    assert!(figures.notes[0].starts_with("modality scene: messages that could not be read: 1"));
    let of_drive: f64 = figures.shares.iter().map(|shares| shares[0]).sum();
    assert!((of_drive - 1.0).abs() < 1e-9);
}

#[test]
fn the_stamps_of_another_clock_are_not_taken_for_ages() {
    let mut workshop = Workshop::new("{method: concat}", None);
    workshop.add("head.0.weight", &[2, 13]);
    workshop.add("head.0.bias", &[2]);
    let of_one_clock = workshop.explain().figures;
    record(&workshop.path("bag.mcap"), 900);
    let of_two = workshop.explain().figures;
    assert!(of_two.notes[0].contains("two clocks"), "{:?}", of_two.notes);
    assert_eq!(of_two.moments.len(), of_one_clock.moments.len());
    for (one, two) in of_one_clock.moments.iter().zip(&of_two.moments) {
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
        .moments
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
    for moment in &explanation.figures.moments {
        let Some(why) = &moment.why else { continue };
        let Some(Weighing::Votes(votes)) = &why.fusion else {
            panic!("{why:?}")
        };
        let took_part: Vec<bool> = votes.iter().map(|vote| vote.weight > 0.0).collect();
        let there: Vec<bool> = moment.ages_s.iter().map(Option::is_some).collect();
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
    let times: Vec<f64> = figures.moments.iter().map(|m| m.time_s).collect();
    for (time, expected) in times.iter().zip([0.5, 0.6, 0.7, 0.8, 0.9, 1.0]) {
        assert!((time - expected).abs() < 1e-9, "{times:?}");
    }
    assert_eq!(times.len(), 6);
    assert!(figures.moments.iter().all(|m| m.conduct == Conduct::Act));
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
