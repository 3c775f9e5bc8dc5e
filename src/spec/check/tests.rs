//! A policy.yaml has no key that means nothing: whoever wrote it meant something by it.

use serde_yaml::Value;

use super::*;

/// Everything that a modality can have, with `{fusion}` for the fusion and `{chunk}` for the chunk.
const WHOLE: &str = "
format: 3
name: whole
description: every key
modalities:
  - name: scene
    kind: image
    width: 32
    projection: 8
    projection_hidden: [4]
    projection_activation: tanh
    encoder:
      model: m.onnx
      sha256: 0000000000000000000000000000000000000000000000000000000000000000
      external_data: {m.data: 0000000000000000000000000000000000000000000000000000000000000000}
      input: {name: p, type: f32, layout: nchw, width: 8, height: 8, channels: rgb, region: {left: 0, top: 0.1, width: 0.5, height: 0.9}, fit: crop, rescale: 1.0,
              mean: [0, 0, 0], std: [1, 1, 1], depth: {max_m: 4}}
      output: o
      pooling: grid
      cells: 2
      normalize: l2
  - name: words
    kind: text
    width: 8
    projection: 8
    encoder:
      model: m.onnx
      sha256: 0000000000000000000000000000000000000000000000000000000000000000
      external_data: {m.data: 0000000000000000000000000000000000000000000000000000000000000000}
      tokenizer: t.json
      tokenizer_sha256: 0000000000000000000000000000000000000000000000000000000000000000
      max_tokens: 16
      output: o
      pooling: masked_mean
      normalize: l2
  - {name: joints, kind: vector, width: 2, names: [a, b], history: 2, projection: 8}
  - {name: touch, kind: feature, width: 2, encoder: skin v1, projection: 8}
fusion: FUSION
head: {kind: mlp, hidden: [4], chunk: {steps: 2, step_s: 0.1}}
actions:
  - {name: speed, unit: m/s, min: -1, max: 1, stop: 0}
";

/// Every way to fuse, with every key that it can have.
const FUSIONS: &[&str] = &[
    "{method: concat}",
    "{method: weighted, tau_s: {scene: 1}, weights: {kind: fixed, values: {scene: 1, words: 1, joints: 1, touch: 1}}}",
    "{method: weighted, weights: {kind: learned, per: modality}}",
    "{method: weighted, weights: {kind: attention_within}}",
    "{method: weighted, weights: {kind: attention_across, hidden: 3}}",
    "{method: bilinear, rank: 2, pairs: [[scene, words]]}",
    "{method: vote, rule: soft, bins: 3, voters: [{name: all, modalities: [scene, words, joints, touch]}], weights: {all: 1}}",
    "{method: vote, rule: majority, choices: [{name: go, action: [1]}, {name: stop, action: [0]}]}",
];

/// A map that is attended to has no projection.
fn whole(fusion: &str) -> Value {
    let text = WHOLE.replace("FUSION", fusion);
    serde_yaml::from_str(&text).unwrap()
}

fn with_cross_attention() -> Value {
    let mut spec = whole("{method: cross_attention, maps: {scene: 2}, queries: [words], heads: 1}");
    for key in ["projection", "projection_hidden", "projection_activation"] {
        spec["modalities"][0].as_mapping_mut().unwrap().remove(key);
    }
    spec
}

fn loaded(spec: &Value) -> Result<PolicySpec, String> {
    let folder = tempfile::tempdir().unwrap();
    let text = serde_yaml::to_string(spec).unwrap();
    std::fs::write(folder.path().join("policy.yaml"), text).unwrap();
    PolicySpec::load(folder.path()).map_err(|found| found.to_string())
}

/// The places of all mappings, as the keys and indices that lead there.
fn mappings(value: &Value, at: &[Value], found: &mut Vec<Vec<Value>>) {
    let further = |key: &Value| [at, std::slice::from_ref(key)].concat();
    match value {
        Value::Mapping(keys) => {
            found.push(at.to_vec());
            for (key, value) in keys {
                mappings(value, &further(key), found);
            }
        }
        Value::Sequence(list) => {
            for (i, value) in list.iter().enumerate() {
                mappings(value, &further(&Value::from(i)), found);
            }
        }
        _ => {}
    }
}

fn place<'a>(value: &'a mut Value, at: &[Value]) -> &'a mut Value {
    at.iter().fold(value, |value, key| match key.as_u64() {
        Some(i) if value.is_sequence() => &mut value[i as usize],
        _ => value.get_mut(key).unwrap(),
    })
}

#[test]
fn an_unknown_key_is_refused_by_name_wherever_it_stands() {
    let mut specs: Vec<Value> = FUSIONS.iter().map(|fusion| whole(fusion)).collect();
    specs.push(with_cross_attention());
    for spec in specs {
        loaded(&spec).unwrap_or_else(|why| panic!("{why}\n{spec:?}"));
        let mut found = Vec::new();
        mappings(&spec, &[], &mut found);
        assert!(found.len() >= 14, "{found:?}");
        for at in found {
            let mut wrong = spec.clone();
            let keys = place(&mut wrong, &at).as_mapping_mut().unwrap();
            // A mapping of hashes holds text, and every other one a number or more.
            let is_hashes = keys.contains_key("m.data");
            let value = if is_hashes {
                "surprise".into()
            } else {
                1.into()
            };
            keys.insert("surprise".into(), value);
            let refusal = loaded(&wrong).expect_err(&format!("{at:?} of {:?}", spec["fusion"]));
            assert!(refusal.contains("surprise"), "{at:?}: {refusal}");
        }
    }
}

#[test]
fn a_range_of_distances_that_tells_none_apart_is_refused() {
    for wrong in ["0", "-1", ".nan", ".inf", "5000"] {
        let text = WHOLE.replace("FUSION", FUSIONS[0]);
        let text = text.replace("{max_m: 4}", &format!("{{max_m: {wrong}}}"));
        let refusal = loaded(&serde_yaml::from_str(&text).unwrap()).unwrap_err();
        for part in ["encoder.input.depth.max_m is", "0.01 to 1000 metres"] {
            assert!(refusal.contains(part), "{wrong}: {refusal}");
        }
    }
}

#[test]
fn a_region_that_is_not_a_part_of_the_picture_is_refused() {
    let region = "{left: 0, top: 0.1, width: 0.5, height: 0.9}";
    for (wrong, named) in [
        ("{left: -0.1, top: 0, width: 1, height: 1}", "left is -0.1"),
        ("{left: 0.6, top: 0, width: 0.5, height: 1}", "left is 0.6"),
        ("{left: 0, top: 0, width: 0, height: 1}", "width is 0"),
        ("{left: 0, top: .nan, width: 1, height: 1}", "top is NaN"),
        ("{left: 0, top: 0, width: 1, height: .inf}", "height is inf"),
    ] {
        let text = WHOLE.replace("FUSION", FUSIONS[0]).replace(region, wrong);
        let refusal = loaded(&serde_yaml::from_str(&text).unwrap()).unwrap_err();
        for part in ["encoder.input.region.", named, "at most 1"] {
            assert!(refusal.contains(part), "{wrong}: {refusal}");
        }
        assert_eq!(refusal.matches("region").count(), 1, "{refusal}");
    }
}

#[test]
fn what_a_learned_pooling_cannot_have_is_refused() {
    let mut spec = whole(FUSIONS[0]);
    let scene = &mut spec["modalities"][0];
    scene["history"] = Value::from(2);
    for key in ["cells", "keypoints", "filters"] {
        scene["encoder"].as_mapping_mut().unwrap().remove(key);
    }
    scene["encoder"]["normalize"] = Value::from("l2");
    for (pooling, size) in [("spatial_softmax", "keypoints"), ("convolution", "filters")] {
        spec["modalities"][0]["encoder"]["pooling"] = Value::from(pooling);
        let refusal = loaded(&spec).unwrap_err();
        for part in [
            "history is 2; use 1 with the learned poolings",
            "encoder.normalize is l2",
            &format!("encoder.{size} is missing; pooling {pooling} needs it"),
        ] {
            assert!(refusal.contains(part), "{pooling}: {refusal}");
        }
    }
}

#[test]
fn only_numbers_move_and_only_since_what_comes() {
    let moving = |modality: usize, since: &str| {
        let mut spec = whole(FUSIONS[0]);
        spec["modalities"][modality]["moved_since"] = Value::from(since);
        spec
    };
    let mut right = moving(2, "scene");
    right["modalities"][2]
        .as_mapping_mut()
        .unwrap()
        .remove("history");
    assert_eq!(loaded(&right).unwrap().modalities[2].input_width(), 4);
    right["modalities"][2]["moved_since"] = Value::from("touch");
    assert_eq!(
        loaded(&right)
            .unwrap()
            .moved_since(&loaded(&right).unwrap().modalities[2]),
        Some(3)
    );
    for (wrong, named) in [
        (
            moving(2, "scene"),
            "moved_since is scene and history is 2; use one of them",
        ),
        (
            moving(0, "touch"),
            "only the numbers of a vector move, this modality is of the kind image",
        ),
        (
            moving(2, "words"),
            "joints: moved_since is words; it must be another modality that is no text: scene, touch",
        ),
        (
            moving(2, "joints"),
            "moved_since is joints; it must be another modality",
        ),
        (
            moving(2, "side"),
            "moved_since is side; it must be another modality",
        ),
    ] {
        let refusal = loaded(&wrong).unwrap_err();
        assert!(refusal.contains(named), "{refusal}");
    }
}

#[test]
fn what_was_meant_is_guessed() {
    for (right, wrong, guess) in [
        (
            "projection: 8\n    projection_hidden",
            "porjection: 8\n    projection_hidden",
            "projection",
        ),
        (
            "projection_activation: tanh",
            "projection_activtion: tanh",
            "projection_activation",
        ),
        ("pooling: grid", "poolin: grid", "pooling"),
        ("names: [a, b]", "name_s: [a, b]", "names"),
        ("rank: 2", "ranks: 2", "rank"),
        ("step_s: 0.1", "steps_s: 0.1", "step_s"),
        ("unit: m/s", "units: m/s", "unit"),
        ("method: bilinear", "method: bilinar", "bilinear"),
        (
            "description: every key",
            "desciption: every key",
            "description",
        ),
    ] {
        let text = WHOLE.replace("FUSION", "{method: bilinear, rank: 2}");
        assert!(text.contains(right), "{right}");
        let spec: Value = serde_yaml::from_str(&text.replace(right, wrong)).unwrap();
        let refusal = loaded(&spec).unwrap_err();
        assert!(
            refusal.contains(&format!("did you mean `{guess}`?")),
            "{refusal}"
        );
    }
    for (fusion, key) in [
        ("{method: concat, rank: 9}", "rank"),
        (
            "{method: weighted, weights: {kind: attention_within, hidden: 3}}",
            "hidden",
        ),
    ] {
        let refusal = loaded(&whole(fusion)).unwrap_err();
        assert!(
            refusal.contains(&format!("unknown field `{key}`")),
            "{refusal}"
        );
        assert!(!refusal.contains("did you mean"), "{refusal}");
    }
}
