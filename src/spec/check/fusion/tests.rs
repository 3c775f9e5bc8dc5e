//! Everything that can be wrong with a fusion is named, all at once.

use crate::errors::ConfigErrors;
use crate::spec::{FORMAT, PolicySpec};

/// What is said about a policy of `scene` (2 numbers) and `words` (3 numbers) with this fusion.
fn said(fusion: &str) -> Vec<String> {
    let text = format!(
        "{{format: {FORMAT}, name: test, modalities: [{{name: scene, kind: vector, names: [a, b], width: 2}}, \
         {{name: words, kind: vector, names: [a, b, c], width: 3}}], fusion: {fusion}, \
         head: {{kind: mlp, hidden: []}}, actions: [{{name: speed, min: -1, max: 1}}]}}"
    );
    let spec: PolicySpec = match serde_yaml::from_str(&text) {
        Ok(spec) => spec,
        Err(e) => return vec![e.to_string()],
    };
    let mut errors = ConfigErrors::new();
    spec.check(&mut errors);
    errors.iter().map(str::to_owned).collect()
}

fn assert_says(fusion: &str, parts: &[&str]) {
    let said = said(fusion);
    assert_eq!(said.len(), parts.len(), "{said:#?}");
    for (said, part) in said.iter().zip(parts) {
        assert!(said.contains(part), "{part:?} is not in {said:?}");
    }
}

#[test]
fn a_fusion_named_wrongly_is_told_what_there_is() {
    assert_says("{method: average}", &["concat"]);
    let known = said("{method: average}").remove(0);
    for method in ["weighted", "bilinear", "cross_attention", "vote"] {
        assert!(known.contains(method), "{known}");
    }
}

#[test]
fn sums_need_one_width_and_weights_that_fit() {
    assert_says(
        "{method: weighted, weights: {kind: fixed, values: {scene: [1, 2, 3], word: 1}}, tau_s: {words: 0}}",
        &[
            "projection",
            "\"word\"",
            "has 3 numbers",
            "words is missing",
            "positive number of seconds",
        ],
    );
    assert_says(
        "{method: weighted, weights: {kind: fixed, values: {scene: -1, words: .nan}}}",
        &["projection", "-1", "NaN"],
    );
    assert_says(
        "{method: weighted, weights: {kind: fixed, values: {scene: 0, words: 0}}}",
        &["projection", "all zero"],
    );
    assert_says(
        "{method: weighted, weights: {kind: attention_across, hidden: 0}}",
        &["projection", "hidden is 0"],
    );
}

#[test]
fn products_need_two_modalities_and_a_rank() {
    assert_says("{method: bilinear, rank: 4}", &[]);
    assert_says(
        "{method: bilinear, rank: 0, pairs: [[scene, scene], [scene, sound]]}",
        &["rank is 0", "scene twice", "\"sound\""],
    );
}

#[test]
fn a_vote_needs_something_to_decide_and_voters_who_can() {
    assert_says("{method: vote, rule: soft, bins: 2}", &[]);
    assert_says("{method: vote, rule: soft, bins: 1}", &["bins is 1"]);
    assert_says("{method: vote, rule: soft}", &["neither"]);
    assert_says(
        "{method: vote, rule: majority, bins: 3, choices: [{name: go, action: [1]}], weights: {scene: 1}}",
        &["both", "majority", "words is missing"],
    );
    assert_says(
        "{method: vote, rule: soft, choices: [{name: go, action: [1, 1]}], \
         voters: [{name: eye, modalities: []}, {name: eye, modalities: [scene, scene, nose]}]}",
        &[
            "one entry",
            "has 2 numbers",
            "twice",
            "no modalities",
            "scene twice",
            "\"nose\"",
            "words belongs to no",
        ],
    );
    assert_says(
        "{method: vote, rule: weighted, bins: 3, weights: {scene: 0, words: 0, eye: 0}}",
        &["eye", "all zero"],
    );
}

#[test]
fn maps_and_queries_must_be_such() {
    assert_says(
        "{method: cross_attention, maps: {scene: 1}, queries: [words], heads: 2}",
        &[],
    );
    assert_says(
        "{method: cross_attention, maps: {}, queries: [], heads: 0}",
        &["heads is 0; 1 to 64", "maps is empty", "queries is empty"],
    );
    assert_says(
        "{method: cross_attention, maps: {scene: 2, eye: 1, words: 0}, queries: [words, words, ear], heads: 1}",
        &[
            "words is both a map and a query",
            "queries has words twice",
            "words is both a map and a query",
            "queries[2]: there is no modality \"ear\"",
            "maps.eye: there is no modality",
            "maps.scene is 2, and the feature's width 2 is not a multiple of 2x2",
            "maps.words is 0; 1 to 64",
        ],
    );
}

#[test]
fn a_projection_has_hidden_layers_and_is_squashed_and_nothing_else() {
    let squashed = |hidden: usize, projection: &str| {
        let text = format!(
            "{{format: {FORMAT}, name: test, modalities: [{{name: words, kind: vector, names: [a], width: 1, \
             projection_activation: tanh, projection_hidden: [{hidden}]{projection}}}], fusion: {{method: concat}}, head: {{kind: mlp, hidden: []}}, \
             actions: [{{name: speed, min: -1, max: 1}}]}}"
        );
        let spec: PolicySpec = serde_yaml::from_str(&text).unwrap();
        let mut errors = ConfigErrors::new();
        spec.check(&mut errors);
        errors.to_string()
    };
    let errors = squashed(3, ", projection: 2");
    assert!(errors.is_empty(), "{errors}");
    let errors = squashed(3, "");
    assert!(
        errors.contains("modality words: projection_activation is given without projection"),
        "{errors}"
    );
    assert!(
        errors.contains("modality words: projection_hidden is [3] without projection"),
        "{errors}"
    );
    let errors = squashed(0, ", projection: 2");
    assert!(errors.contains("projection_hidden is 0"), "{errors}");
}
