//! A folder with a policy of small encoders, the node's parameters and a recording.

use std::fs;
use std::path::{Path, PathBuf};

use late_fusion::config::RosArguments;
use late_fusion::encoder::sha256_of;
use late_fusion::explain::{Explanation, Options, explain};
use late_fusion::spec::Weights;
use tempfile::TempDir;

use super::recording::record;

/// How long everything but an instruction holds: two steps, and a bit.
pub const MAX_AGE_S: f64 = 0.12;

pub const PARAMETERS: &str = "
late_fusion:
  ros__parameters:
    control_rate_hz: 20.0
    modalities:
      scene: {topic: camera, message: sensor_msgs/msg/Image, required: false, max_age_s: 0.12}
      instruction: {topic: instruction, message: std_msgs/msg/String}
      joints: {topic: joint_states, message: sensor_msgs/msg/JointState, max_age_s: 0.12}
    action: {topic: action}
";

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

pub const WIDTHS: [(&str, usize); 3] = [("scene", 3), ("instruction", 8), ("joints", 2)];

pub struct Workshop {
    folder: TempDir,
    pub weights: Weights,
}

impl Workshop {
    /// A policy with small encoders, random weights and this way of fusing, and a recording.
    pub fn new(fusion: &str, projection: Option<usize>) -> Self {
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
        let align_line = projection.map_or(String::new(), |width| format!(", projection: {width}"));
        let policy = format!(
            "{{format: 3, name: small, modalities: [\
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
                format!("standardize.{name}.mean"),
                vec![width],
                vec![0.0; width],
            );
            // Colours are large numbers.
            let std = if name == "scene" { 100.0 } else { 1.0 };
            weights.insert(
                format!("standardize.{name}.std"),
                vec![width],
                vec![std; width],
            );
            let fused = projection.unwrap_or(width);
            weights.insert(format!("missing.{name}"), vec![fused], random(fused));
            if let Some(projection) = projection {
                let shape = vec![projection, width];
                weights.insert(
                    format!("projection.{name}.weight"),
                    shape,
                    random(projection * width),
                );
                weights.insert(
                    format!("projection.{name}.bias"),
                    vec![projection],
                    random(projection),
                );
            }
        }
        weights.insert("action.mean", vec![2], vec![0.125, -0.25]);
        weights.insert("action.std", vec![2], vec![1.5, 0.5]);
        Self { folder, weights }
    }

    pub fn add(&mut self, name: &str, shape: &[usize]) -> Vec<f32> {
        let seed = 11 + name.len() as u32;
        let values = numbers(seed)(shape.iter().product());
        self.weights.insert(name, shape.to_vec(), values.clone());
        values
    }

    /// The same, whose joints say how far they have moved since the newest picture.
    pub fn with_movement(mut self) -> Self {
        let path = self.path("policy/policy.yaml");
        let policy = fs::read_to_string(&path).unwrap();
        let joints = "names: [left, right]";
        assert!(policy.contains(joints));
        let moving = format!("{joints}, moved_since: scene");
        fs::write(path, policy.replace(joints, &moving)).unwrap();
        for (part, number) in [("mean", 0.0), ("std", 1.0)] {
            let name = format!("standardize.joints.{part}");
            self.weights.insert(name, vec![4], vec![number; 4]);
        }
        let missing = numbers(7)(4);
        self.weights.insert("missing.joints", vec![4], missing);
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn options(&self) -> Options {
        self.weights
            .save(&self.path("policy/weights.safetensors"))
            .unwrap();
        Options {
            parameters: RosArguments::of_files([self.path("node.yaml")]),
            policy: Some(self.path("policy")),
            bag: self.folder.path().to_owned(),
            out: self.path("out"),
            episode: Some(2),
            from_s: None,
            to_s: None,
            every: None,
        }
    }

    pub fn explain(&self) -> Explanation {
        explain(&self.options()).unwrap_or_else(|errors| panic!("{errors}"))
    }
}
