//! `late_fusion predict`: what a policy does with given features, and why.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use late_fusion::contribution::Contributions;
use late_fusion::errors::ConfigErrors;
use late_fusion::fusion::FusionTrace;
use late_fusion::policy::Policy;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Show the action of a policy for given features, with attribution.
///
/// Prints JSON: the action, the weights or votes of the fusion, and the contribution of each modality.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  late_fusion predict --policy models/policies/tabletop --features features.json\n\n\
    FILE has the features by modality; one that is missing, or null, is absent:\n  \
    {\"joints\": [0.1, 0.6, 0.2, 1.0], \"scene\": {\"values\": [0.5, ...], \"age_s\": 0.1}}"
)]
pub struct Arguments {
    /// The policy's folder.
    #[arg(long, value_name = "FOLDER")]
    policy: PathBuf,

    /// The features, as JSON.
    #[arg(long, value_name = "FILE")]
    features: PathBuf,
}

/// A feature as the file has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Fresh(Vec<f32>),
    Aged { values: Vec<f32>, age_s: f64 },
}

/// Prints the prediction.
///
/// # Errors
/// Every problem of the policy or the features.
pub fn run(arguments: Arguments) -> Result<(), ConfigErrors> {
    let mut policy = Policy::load(&arguments.policy)?;
    let given = read(&arguments.features)?;
    let prediction = predict(&mut policy, &given).map_err(|found| {
        let mut errors = ConfigErrors::new();
        errors.add_all(&format!("features {}", arguments.features.display()), found);
        errors
    })?;
    let text = serde_json::to_string_pretty(&prediction).map_err(|e| e.to_string())?;
    println!("{text}");
    Ok(())
}

fn read(path: &Path) -> Result<BTreeMap<String, Option<Given>>, ConfigErrors> {
    let place = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| format!("features {place}: {e}"))?;
    serde_json::from_str(&text).map_err(|e| {
        let shape = "expected is {\"modality\": [numbers], or {\"values\": [numbers], \"age_s\": seconds}, or null}";
        format!("features {place}: {e}; {shape}").into()
    })
}

fn predict(
    policy: &mut Policy,
    given: &BTreeMap<String, Option<Given>>,
) -> Result<Value, ConfigErrors> {
    let (features, ages_s) = checked(policy, given)?;
    let features: Vec<Option<&[f32]>> = features.iter().map(|f| f.as_deref()).collect();
    let actions: Vec<String> = policy
        .spec()
        .actions
        .iter()
        .map(|a| a.name.clone())
        .collect();
    let modalities: Vec<String> = policy
        .spec()
        .modalities
        .iter()
        .map(|m| m.name.clone())
        .collect();
    let named = |values: &[f64]| -> Value {
        let pairs = actions.iter().cloned().zip(values.iter().map(|v| json!(v)));
        Value::Object(pairs.collect())
    };

    let mut steps = vec![0.0; actions.len() * policy.steps()];
    policy.act(&features, &ages_s, &mut steps);
    let fusion = match policy.trace() {
        FusionTrace::Unweighted => json!({"fused": present(&modalities, &features)}),
        FusionTrace::Weights(weights) => {
            let pairs = modalities
                .iter()
                .cloned()
                .zip(weights.iter().map(|w| json!(w)));
            json!({"weights": Map::from_iter(pairs)})
        }
        FusionTrace::Votes(ballots) => {
            let pairs = ballots.iter().map(|ballot| {
                let vote = json!({"weight": ballot.weight, "action": named(&ballot.action)});
                (ballot.voter.clone(), vote)
            });
            json!({"votes": Map::from_iter(pairs)})
        }
    };
    let mut contributions = Contributions::new(policy)?;
    contributions.compute(policy, &features, &ages_s);
    let shares = modalities
        .iter()
        .enumerate()
        .map(|(i, name)| (name.clone(), named(contributions.of(i))));
    let mut prediction = json!({
        "action": named(&steps[..actions.len()]),
        "fusion": fusion,
        "contributions": Map::from_iter(shares),
        "action_of_nothing": named(contributions.of_nothing()),
    });
    if policy.steps() > 1 {
        let chunk: Vec<Value> = steps.chunks_exact(actions.len()).map(named).collect();
        prediction["chunk"] = json!(chunk);
    }
    Ok(prediction)
}

fn present(modalities: &[String], features: &[Option<&[f32]>]) -> Vec<String> {
    let there = modalities.iter().zip(features).filter(|(_, f)| f.is_some());
    there.map(|(name, _)| name.clone()).collect()
}

type Checked = (Vec<Option<Vec<f32>>>, Vec<f64>);

/// The features in the policy's order, with their ages.
fn checked(
    policy: &Policy,
    given: &BTreeMap<String, Option<Given>>,
) -> Result<Checked, ConfigErrors> {
    let mut errors = ConfigErrors::new();
    let modalities = &policy.spec().modalities;
    for name in given
        .keys()
        .filter(|name| modalities.iter().all(|m| m.name != **name))
    {
        let known: Vec<&str> = modalities.iter().map(|m| m.name.as_str()).collect();
        errors.add(format!(
            "the policy has no modality {name:?}; it has {}",
            known.join(", ")
        ));
    }
    let mut features = Vec::with_capacity(modalities.len());
    let mut ages_s = Vec::with_capacity(modalities.len());
    for modality in modalities {
        let (values, age_s) = match given.get(&modality.name) {
            None | Some(None) => (None, 0.0),
            Some(Some(Given::Fresh(values))) => (Some(values.clone()), 0.0),
            Some(Some(Given::Aged { values, age_s })) => (Some(values.clone()), *age_s),
        };
        if let Some(values) = &values
            && values.len() != modality.input_width()
        {
            errors.add(format!(
                "{} has {} values; the policy needs {}",
                modality.name,
                values.len(),
                modality.input_width()
            ));
        }
        if let Some(at) = values.iter().flatten().position(|v| !v.is_finite()) {
            errors.add(format!(
                "{}: number {at} is too large for 32 bits; only finite numbers are allowed",
                modality.name
            ));
        }
        if !(age_s.is_finite() && age_s >= 0.0) {
            errors.add(format!(
                "{}: age_s is {age_s}; it must be 0 or more seconds",
                modality.name
            ));
        }
        features.push(values);
        ages_s.push(age_s);
    }
    errors.or((features, ages_s))
}

#[cfg(test)]
mod tests {
    use super::*;
    use late_fusion::spec::{PolicySpec, Weights};

    fn policy(fusion: &str) -> Policy {
        let text = format!(
            "{{format: 3, name: test, modalities: [{{name: a, kind: vector, names: [x], width: 1}}, \
             {{name: b, kind: vector, names: [x], width: 1}}], fusion: {fusion}, \
             head: {{kind: mlp, hidden: []}}, actions: [{{name: speed, min: -9, max: 9}}]}}"
        );
        let spec: PolicySpec = serde_yaml::from_str(&text).unwrap();
        let mut weights = Weights::default();
        for name in ["a", "b"] {
            weights.insert(format!("standardize.{name}.mean"), vec![1], vec![0.0]);
            weights.insert(format!("standardize.{name}.std"), vec![1], vec![1.0]);
        }
        let columns = if fusion.contains("concat") { 2 } else { 1 };
        weights.insert("head.0.weight", vec![1, columns], vec![2.0; columns]);
        weights.insert("head.0.bias", vec![1], vec![1.0]);
        weights.insert("action.mean", vec![1], vec![0.0]);
        weights.insert("action.std", vec![1], vec![1.0]);
        Policy::build(spec, Path::new(""), &weights).unwrap()
    }

    fn said(fusion: &str, features: &str) -> Result<Value, String> {
        let given = serde_json::from_str(features).unwrap();
        predict(&mut policy(fusion), &given).map_err(|errors| errors.to_string())
    }

    #[test]
    fn the_action_and_its_reasons_have_names() {
        let found = said(
            "{method: concat}",
            "{\"a\": [1.5], \"b\": {\"values\": [0.5], \"age_s\": 2}}",
        );
        let expected = json!({
            "action": {"speed": 5.0},
            "fusion": {"fused": ["a", "b"]},
            "contributions": {"a": {"speed": 3.0}, "b": {"speed": 1.0}},
            "action_of_nothing": {"speed": 1.0},
        });
        assert_eq!(found.unwrap(), expected);
    }

    #[test]
    fn what_is_missing_or_null_is_absent_and_weights_are_shown() {
        let fusion = "{method: weighted, weights: {kind: fixed, values: {a: 1, b: 3}}}";
        let found = said(fusion, "{\"a\": [1.5], \"b\": null}").unwrap();
        assert_eq!(found["fusion"], json!({"weights": {"a": 1.0, "b": 0.0}}));
        assert_eq!(found["action"], json!({"speed": 4.0}));
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let features = "{\"a\": [1, 2], \"b\": {\"values\": [1], \"age_s\": -1}, \"c\": [0]}";
        let found = said("{method: concat}", features).unwrap_err();
        for part in ["\"c\"", "a has 2 values", "needs 1", "age_s is -1"] {
            assert!(found.contains(part), "{part:?} is not in {found}");
        }
    }
}
