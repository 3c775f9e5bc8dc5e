//! A training file has no key that means nothing.

use super::*;

/// Every key of a training file.
const WHOLE: &str = "
name: whole
description: every key
modalities:
  - name: scene
    topic: camera
    kind: image
    projection: 8
    projection_hidden: [4]
    projection_activation: tanh
    max_age_s: 0.5
    encoder:
      model: m.onnx
      input: {name: p, type: f32, layout: nchw, width: 8, height: 8, channels: rgb, fit: crop, rescale: 1.0,
              mean: [0, 0, 0], std: [1, 1, 1]}
      output: o
      pooling: grid
      cells: 2
      normalize: l2
  - name: words
    topic: instruction
    kind: text
    encoder: {model: m.onnx, tokenizer: t.json, max_tokens: 16, output: o, pooling: cls, normalize: none}
  - {name: joints, topic: joint_states, kind: vector, names: [a, b], history: 2}
  - {name: touch, topic: touch, kind: feature, width: 2, encoder: skin v1}
action: {topic: expert_action, message: trajectory_msgs/msg/JointTrajectory, fields: {speed: velocities.x}}
actions:
  - {name: speed, unit: m/s, min: -1, max: 1, stop: 0}
episodes: {topic: episode, use: all}
fusion: {method: concat}
head: {kind: mlp, hidden: [4], chunk: {steps: 2, step_s: 0.1}}
training:
  epochs: 1
  batch_size: 1
  learning_rate: 0.01
  weight_decay: 0.0
  input_noise: 0.1
  dropout: 0.1
  modality_dropout: 0.1
  paraphrase_augmentation: true
  augment: {copies: 1, shift: [-0.1, 0.1], modalities: {scene: {zoom: [0.9, 1.1]}}}
  validation_fraction: 0.2
  seed: 1
";

fn loaded(text: &str) -> Result<TrainingFile, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("train.yaml");
    std::fs::write(&path, text).unwrap();
    TrainingFile::load(&path).map_err(|found| found.to_string())
}

/// The file with one more key in each of its mappings, each time in another.
fn with_a_surprise(value: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    match value {
        Value::Mapping(keys) => {
            let mut more = keys.clone();
            // Beside texts a text, so that it is the key that is refused.
            let value = match keys.values().all(Value::is_string) {
                true => Value::from("surprise"),
                false => Value::from(1),
            };
            more.insert("surprise".into(), value);
            found.push(Value::Mapping(more));
            for (key, inner) in keys {
                for inner in with_a_surprise(inner) {
                    let mut changed = keys.clone();
                    changed.insert(key.clone(), inner);
                    found.push(Value::Mapping(changed));
                }
            }
        }
        Value::Sequence(list) => {
            for (i, inner) in list.iter().enumerate() {
                for inner in with_a_surprise(inner) {
                    let mut changed = list.clone();
                    changed[i] = inner;
                    found.push(Value::Sequence(changed));
                }
            }
        }
        _ => {}
    }
    found
}

#[test]
fn an_unknown_key_is_refused_by_name_wherever_it_stands() {
    loaded(WHOLE).unwrap();
    let wrong = with_a_surprise(&serde_yaml::from_str(WHOLE).unwrap());
    assert_eq!(wrong.len(), 19);
    for wrong in wrong {
        let text = serde_yaml::to_string(&wrong).unwrap();
        let refusal = loaded(&text).expect_err(&text);
        assert!(refusal.contains("surprise"), "{refusal}\n{text}");
    }
}

#[test]
fn what_was_meant_is_guessed() {
    for (right, wrong, guess) in [
        ("projection: 8", "porjection: 8", "projection"),
        ("max_age_s: 0.5", "max_age: 0.5", "max_age_s"),
        ("pooling: grid", "poolin: grid", "pooling"),
        ("epochs: 1", "epoch: 1", "epochs"),
        ("copies: 1", "copys: 1", "copies"),
        ("shift: [-0.1", "shfit: [-0.1", "shift"),
        ("augment: {", "augmnt: {", "augment"),
        ("episodes: {topic", "episode: {topic", "episodes"),
        ("use: all", "uses: all", "use"),
        ("fields: {", "field: {", "fields"),
    ] {
        assert!(WHOLE.contains(right), "{right}");
        let refusal = loaded(&WHOLE.replace(right, wrong)).unwrap_err();
        assert!(
            refusal.contains(&format!("did you mean `{guess}`?")),
            "{refusal}"
        );
    }
}
