//! What made a feature, in one word: equal words mean equal numbers for equal messages.

use sha2::{Digest, Sha256};

use crate::spec::{ModalitySpec, Pooling, SourceSpec, Weights};

/// Changes whenever the same specification would give other numbers than before.
const FORMAT: &str = "late_fusion/2";

/// Bytes of the hash that are written out.
const SHOWN: usize = 16;

/// The fingerprint of what makes the features of a modality; `None` for numbers, which nothing makes.
///
/// `late_fusion/2/<kind>/<8 digits of the model's sha256>/<width>/<32 digits>`, where the last part is the beginning of
/// the SHA-256 over everything that decides the feature: the source as `policy.yaml` has it, without the places of its
/// files, as JSON with sorted keys; the width; and what a learned pooling has learned: each part behind its length.
pub fn fingerprint(modality: &ModalitySpec, weights: &Weights) -> Option<String> {
    let source = modality.source.canonical();
    let model = match &source {
        SourceSpec::Image { encoder } => &encoder.sha256,
        SourceSpec::Text { encoder } => &encoder.sha256,
        SourceSpec::Feature { encoder } => return Some(encoder.clone()),
        SourceSpec::Vector { .. } => return None,
    };
    let kind = source.kind();
    // The keys of a `Value` are sorted.
    let json = serde_json::to_value(&source).unwrap_or_default();
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(FORMAT.as_bytes());
    part(json.to_string().as_bytes());
    part(&(modality.width as u64).to_le_bytes());
    for (shape, values) in learned(modality, weights) {
        for size in shape {
            part(&(*size as u64).to_le_bytes());
        }
        for value in values {
            part(&value.to_le_bytes());
        }
    }
    let digest: String = hash.finalize()[..SHOWN]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let model = model.get(..8).unwrap_or(model);
    Some(format!(
        "{FORMAT}/{kind}/{model}/{}/{digest}",
        modality.width
    ))
}

/// The tensors of a learned pooling that its features depend on: not the bias of a keypoint, which moves all positions
/// alike.
fn learned<'a>(
    modality: &ModalitySpec,
    weights: &'a Weights,
) -> impl Iterator<Item = (&'a [usize], &'a [f32])> {
    let pooling = match &modality.source {
        SourceSpec::Image { encoder } => encoder.pooling,
        _ => Pooling::None,
    };
    let tensors: &[&str] = match pooling {
        Pooling::SpatialSoftmax => &["weight"],
        Pooling::Convolution => &["weight", "bias"],
        _ => &[],
    };
    let names = tensors
        .iter()
        .map(|tensor| format!("pool.{}.{tensor}", modality.name));
    names.filter_map(|name| weights.tensor(&name))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::spec::Activation;

    const SCENE: &str = "
name: scene
kind: image
encoder:
  model: model.onnx
  sha256: 6ff7eab7ce2ebfa374af5450cccb6952df54329a869c030d83b267d37553125f
  input: {name: pixels, type: f32, layout: nchw, width: 32, height: 24, channels: rgb, fit: stretch, rescale: 0.5,
          mean: [1, 2, 3], std: [4, 5, 6]}
  output: map
  pooling: spatial_softmax
  cells: 2
  keypoints: 3
  normalize: none
width: 6
";
    const WORDS: &str = "
name: words
kind: text
encoder:
  model: model.onnx
  sha256: 8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6
  tokenizer: tokenizer.json
  tokenizer_sha256: be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037
  max_tokens: 16
  output: hidden
  pooling: masked_mean
  normalize: l2
width: 8
";

    fn weights(first: f32) -> Weights {
        let mut weights = Weights::default();
        weights.insert(
            "pool.scene.weight",
            vec![3, 2],
            vec![first, 2., 3., 4., 5., 6.],
        );
        weights.insert("pool.scene.bias", vec![3], vec![0.0; 3]);
        weights
    }

    fn of(spec: &Value) -> String {
        let spec = serde_json::from_value(spec.clone()).unwrap();
        fingerprint(&spec, &weights(1.0)).unwrap()
    }

    fn read(yaml: &str) -> Value {
        let spec: ModalitySpec = serde_yaml::from_str(yaml).unwrap();
        serde_json::to_value(spec).unwrap()
    }

    /// Another value that is allowed in its place.
    fn another(value: &Value) -> Value {
        match value.as_str() {
            None => Value::from(value.as_u64().map_or(7, |number| number + 1)),
            Some(word) => Value::from(match word {
                "f32" => "u8",
                "nchw" => "nhwc",
                "rgb" => "bgr",
                "stretch" => "crop",
                "spatial_softmax" => "grid",
                "masked_mean" => "cls",
                "none" => "l2",
                "l2" => "none",
                other => return Value::from(format!("{other}0")),
            }),
        }
    }

    /// Where every key of a specification is, lists down to their numbers.
    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(keys) => {
                for (key, value) in keys {
                    places(value, &format!("{at}/{key}"), found);
                }
            }
            Value::Array(list) => {
                for (i, value) in list.iter().enumerate() {
                    places(value, &format!("{at}/{i}"), found);
                }
            }
            _ => found.push(at.to_owned()),
        }
    }

    #[test]
    fn every_key_changes_it_but_the_places_of_files() {
        for yaml in [SCENE, WORDS] {
            let spec = read(yaml);
            let whole = of(&spec);
            let mut keys = Vec::new();
            places(&spec, "", &mut keys);
            assert!(keys.len() > 9, "{keys:?}");
            // A modality under another name has other tensors as well.
            let fixed = ["/kind", "/name"];
            for key in keys.iter().filter(|key| !fixed.contains(&key.as_str())) {
                let mut changed = spec.clone();
                let value = changed.pointer_mut(key).unwrap();
                *value = another(value);
                let same = of(&changed) == whole;
                let place = key.ends_with("/model") || key.ends_with("/tokenizer");
                assert_eq!(same, place, "{key}: {changed}");
            }
        }
    }

    #[test]
    fn distances_change_it_and_so_does_their_range() {
        let with = |max_m: f32| {
            let mut spec = read(SCENE);
            spec["encoder"]["input"]["depth"] = serde_json::json!({ "max_m": max_m });
            of(&spec)
        };
        let all = [of(&read(SCENE)), with(4.0), with(5.0)];
        assert!(all[0] != all[1] && all[1] != all[2] && all[2] != all[0]);
    }

    #[test]
    fn learned_keypoints_change_it_and_what_becomes_of_the_feature_does_not() {
        let spec: ModalitySpec = serde_yaml::from_str(SCENE).unwrap();
        let whole = fingerprint(&spec, &weights(1.0));
        assert_ne!(whole, fingerprint(&spec, &weights(1.5)));
        let filters = SCENE
            .replace("spatial_softmax", "convolution")
            .replace("keypoints", "filters");
        let filters: ModalitySpec = serde_yaml::from_str(&filters).unwrap();
        let mut biased = weights(1.0);
        biased.insert("pool.scene.bias", vec![3], vec![0.1; 3]);
        assert_eq!(whole, fingerprint(&spec, &biased));
        let of_filters = fingerprint(&filters, &weights(1.0));
        assert_ne!(of_filters, fingerprint(&filters, &weights(1.5)));
        assert_ne!(of_filters, fingerprint(&filters, &biased));
        let fused = ModalitySpec {
            history: 3,
            moved_since: None,
            projection: Some(64),
            projection_hidden: vec![],
            projection_activation: Activation::None,
            ..spec
        };
        assert_eq!(whole, fingerprint(&fused, &weights(1.0)));
    }

    #[test]
    fn it_is_the_same_tomorrow_and_however_hashes_are_written() {
        // Reckoned by Python's hashlib and json.
        let image = "late_fusion/2/image/6ff7eab7/6/ebd84ef88b3276748bdcc1359ac3b21e";
        let text = "late_fusion/2/text/8199be6f/8/a007186b47cf01effe7d5864abebc617";
        assert_eq!(of(&read(SCENE)), image);
        assert_eq!(of(&read(WORDS)), text);
        let mut loud = read(WORDS);
        for key in ["sha256", "tokenizer_sha256"] {
            let hash = &mut loud["encoder"][key];
            *hash = Value::from(hash.as_str().unwrap().to_uppercase());
        }
        assert_eq!(of(&loud), text);
    }

    #[test]
    fn numbers_have_none_and_a_feature_made_elsewhere_its_own() {
        let of = |yaml: &str| {
            let spec: ModalitySpec = serde_yaml::from_str(yaml).unwrap();
            fingerprint(&spec, &Weights::default())
        };
        assert_eq!(
            of("{name: joints, kind: vector, names: [a], width: 1}"),
            None
        );
        let touch = of("{name: touch, kind: feature, encoder: tactile v2, width: 5}");
        assert_eq!(touch.as_deref(), Some("tactile v2"));
    }
}
