//! A small world to learn from: a point that is to be moved to where it is told, recorded as a robot's would be.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use late_fusion::bag::{TopicId, Writer};
use late_fusion::encoder::{FeatureExtractor, Runtime, SessionOptions};
use late_fusion::message::cdr;
use late_fusion::message::{ActionMapping, MessageType, PointTimes, encode_text};
use late_fusion::spec::{PolicySpec, Weights};
use late_fusion::time::Stamp;
use late_fusion::train::Options;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tempfile::TempDir;

/// Where the point is comes as a JointState, where it should go as an array; the label is the velocity towards it.
pub const POINT: &str = "
name: point
modalities:
  - {name: place, topic: joint_states, kind: vector, names: [x, y]}
  - {name: goal, topic: goal, kind: vector, names: [x, y], max_age_s: .inf, projection: 8}
action:
  topic: expert_action
  message: trajectory_msgs/msg/JointTrajectory
  fields: {vx: velocities.x, vy: velocities.y}
actions:
  - {name: vx, unit: m/s, min: -1, max: 1}
  - {name: vy, unit: m/s, min: -1, max: 1}
episodes: {topic: episode}
fusion: {method: concat}
head: {kind: mlp, hidden: [32, 32]}
training: {epochs: 60, batch_size: 32, learning_rate: 0.01, weight_decay: 0.0001, validation_fraction: 0.2, seed: 1}
";

/// An Image of `rgb8`, row by row.
pub fn rgb8(
    stamp: Stamp,
    [width, height]: [usize; 2],
    numbers: impl Iterator<Item = u8>,
) -> Vec<u8> {
    let mut writer = cdr::Writer::new();
    writer.header(stamp, "camera");
    writer.u32(height as u32);
    writer.u32(width as u32);
    writer.string("rgb8");
    writer.u8(0);
    writer.u32(3 * width as u32);
    writer.length(3 * width * height);
    let mut message = writer.finish();
    message.extend(numbers);
    message
}

/// A camera of 48 × 32 pixels, whose small encoder gives every picture's `features`.
pub fn camera() -> String {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
    format!(
        "
  - name: scene
    topic: camera
    kind: image
    encoder:
      model: {models}/image_u8_nhwc.onnx
      input: {{name: image, type: u8, layout: nhwc, width: {WIDTH}, height: {HEIGHT}}}
      output: features
      pooling: flatten",
        models = models.display(),
        WIDTH = CAMERA[0],
        HEIGHT = CAMERA[1]
    )
}

/// Width and height of its pictures.
pub const CAMERA: [usize; 2] = [48, 32];

/// What makes the features of one modality of a policy that was trained.
pub fn extractor_of(policy: &Path, modality: usize) -> FeatureExtractor {
    let spec = PolicySpec::load(policy).unwrap();
    FeatureExtractor::load(
        &spec.modalities[modality],
        policy,
        &Weights::default(),
        &Runtime::load(None).unwrap(),
        &SessionOptions::default(),
    )
    .unwrap()
}

/// The modality `instruction` of a training file, with a small text encoder and what else it is given.
pub fn instruction(more: &str) -> String {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
    format!(
        "
  - name: instruction
    topic: instruction
    kind: text{more}
    encoder:
      model: {models}/text_i32.onnx
      tokenizer: {models}/tokenizer.json
      max_tokens: 16
      output: last_hidden_state
      pooling: masked_mean",
        models = models.display()
    )
}

/// The files of a cache, the largest first: those of pictures.
pub fn kept_features(cache: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(cache).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort_by_key(|path| (Reverse(path.metadata().unwrap().len()), path.clone()));
    files
}

/// A folder with a training file, to be filled with bags.
pub struct Workshop {
    folder: TempDir,
    pub options: Options,
}

impl Workshop {
    pub fn new(training_file: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("training.yaml"), training_file).unwrap();
        std::fs::create_dir(at("bags")).unwrap();
        let options = Options {
            file: at("training.yaml"),
            bags: vec![at("bags")],
            out: at("policy"),
            cache: at("cache"),
            onnxruntime: None,
            seed: None,
            force: false,
            checkpoint_every: std::time::Duration::from_secs(60),
        };
        Self { folder, options }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn bag(&self, name: &str) -> PathBuf {
        self.path("bags").join(name)
    }

    /// What training says when it cannot work.
    pub fn refusal(&self) -> String {
        let refusal = late_fusion::train::train(&self.options);
        let text = refusal.expect_err("this must be refused").to_string();
        assert!(!self.options.out.exists(), "a refusal leaves no policy");
        text
    }
}

/// Writes messages, each a millisecond after the one before.
pub struct Recorder {
    writer: Writer,
    topics: Vec<(String, TopicId)>,
    now: i64,
}

impl Recorder {
    pub fn new(path: &Path) -> Self {
        Self {
            writer: Writer::create(path).unwrap(),
            topics: Vec::new(),
            now: 1_000_000_000,
        }
    }

    pub fn now(&self) -> Stamp {
        Stamp::from_nanos(self.now)
    }

    /// Lets the next message be recorded at this time.
    pub fn go_to(&mut self, time: Stamp) {
        self.now = time.nanos() - 1_000_000;
    }

    pub fn wait(&mut self, milliseconds: i64) {
        self.now += milliseconds * 1_000_000;
    }

    pub fn write(&mut self, topic: &str, message: MessageType, bytes: &[u8]) {
        let known = self.topics.iter().find(|(name, _)| name == topic);
        let id = match known {
            Some((_, id)) => *id,
            None => {
                let (name, definition) = (message.ros_name(), message.definition());
                let id = self.writer.add_topic(topic, name, definition).unwrap();
                self.topics.push((topic.to_owned(), id));
                id
            }
        };
        self.wait(1);
        self.writer.write(id, self.now(), bytes).unwrap();
    }

    pub fn mark(&mut self, marker: &str) {
        self.write("/episode", MessageType::String, &encode_text(marker));
    }

    pub fn say(&mut self, sentence: &str) {
        self.write("/instruction", MessageType::String, &encode_text(sentence));
    }

    pub fn numbers(&mut self, topic: &str, numbers: &[f64]) {
        let mut message = cdr::Writer::new();
        message.length(0);
        message.u32(0);
        message.length(numbers.len());
        for value in numbers {
            message.f64(*value);
        }
        self.write(topic, MessageType::Float64MultiArray, &message.finish());
    }

    pub fn place(&mut self, stamp: Stamp, place: [f64; 2]) {
        // In another order than the training file has it.
        let message = joint_state(stamp, &[("y", place[1]), ("x", place[0])]);
        self.write("/joint_states", MessageType::JointState, &message);
    }

    pub fn label(&mut self, stamp: Stamp, velocity: [f64; 2]) {
        let fields = [("vx", "velocities.x"), ("vy", "velocities.y")];
        let fields = fields.map(|(action, field)| (action.to_owned(), field.to_owned()));
        let message = MessageType::JointTrajectory;
        let mapping = ActionMapping::new("action", message, &["vx", "vy"], &fields.into()).unwrap();
        let mut template = mapping.template("", PointTimes::one(0.025));
        let bytes = template.encode(stamp, &velocity).to_vec();
        self.write("/expert_action", message, &bytes);
    }

    pub fn finish(self) {
        self.writer.finish().unwrap();
    }
}

pub fn joint_state(stamp: Stamp, joints: &[(&str, f64)]) -> Vec<u8> {
    let mut message = cdr::Writer::new();
    message.header(stamp, "base");
    message.length(joints.len());
    for (name, _) in joints {
        message.string(name);
    }
    message.length(joints.len());
    for (_, position) in joints {
        message.f64(*position);
    }
    message.length(0);
    message.length(0);
    message.finish()
}

/// What a demonstrator does: towards the goal, no faster than 1 m/s.
pub fn velocity(place: [f64; 2], goal: [f64; 2]) -> [f64; 2] {
    [0, 1].map(|i| (2.0 * (goal[i] - place[i])).clamp(-1.0, 1.0))
}

/// Records one episode of the point from a random place to a random goal.
pub fn demonstrate(recorder: &mut Recorder, random: &mut StdRng, end: &str) {
    let mut somewhere = || [0, 1].map(|_| random.random_range(-1.0..1.0));
    let (mut place, goal) = (somewhere(), somewhere());
    recorder.numbers("/goal", &goal);
    recorder.mark("start");
    for _ in 0..20 {
        let stamp = recorder.now();
        recorder.place(stamp, place);
        let velocity = velocity(place, goal);
        recorder.label(stamp, velocity);
        for i in 0..2 {
            place[i] += 0.1 * velocity[i];
        }
        recorder.wait(25);
    }
    recorder.mark(end);
}

/// Records a bag of episodes that succeed.
pub fn record(path: &Path, episodes: usize, seed: u64) {
    let mut recorder = Recorder::new(path);
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..episodes {
        demonstrate(&mut recorder, &mut random, "success");
    }
    recorder.finish();
}

/// The same, with a topic beside it whose number is always the same.
pub fn record_with_constant(path: &Path, episodes: usize) {
    let mut recorder = Recorder::new(path);
    let mut random = StdRng::seed_from_u64(1);
    for _ in 0..episodes {
        recorder.numbers("/constant", &[0.5]);
        demonstrate(&mut recorder, &mut random, "success");
    }
    recorder.finish();
}

/// The features of a modality, sample after sample.
pub fn features(data: &late_fusion::train::Dataset, modality: usize) -> Vec<Vec<f32>> {
    let samples: Vec<u32> = (0..data.len() as u32).collect();
    let rows = data.features_of(modality, &samples);
    rows.map(|row| row.unwrap().into_owned()).collect()
}

/// Fails unless a message names all of these.
pub fn assert_names(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}
