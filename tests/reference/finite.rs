//! A number that is not finite anywhere in a feature, for every method and every subset of modalities, never becomes a
//! command: it is still there in the action, where the guard makes a stop of it.

use std::path::Path;

use late_fusion::policy::Policy;
use late_fusion::spec::{FusionSpec, HeadSpec, PolicySpec, VoteSpec, Weights};

use super::{Vector, vectors};

const BAD: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

fn weights_of(vector: &Vector) -> Weights {
    let mut weights = Weights::default();
    for (name, tensor) in &vector.tensors {
        weights.insert(name, tensor.shape.clone(), tensor.values.clone());
    }
    weights
}

/// The same policy with one hidden layer more in its head or voters: what the first activation hides, the second cannot
/// bring back.
fn deeper(vector: &Vector) -> (PolicySpec, Weights) {
    let mut spec = vector.spec.clone();
    let HeadSpec::Mlp { hidden, .. } = &mut spec.head;
    let width = hidden[0];
    hidden.push(width);
    let mut weights = Weights::default();
    for (name, tensor) in &vector.tensors {
        let is_layer = name.starts_with("head.") || name.starts_with("vote.");
        let name = match is_layer {
            true => name
                .replace(".1.weight", ".2.weight")
                .replace(".1.bias", ".2.bias"),
            false => name.clone(),
        };
        weights.insert(name, tensor.shape.clone(), tensor.values.clone());
    }
    let last = vector
        .tensors
        .keys()
        .filter(|name| name.ends_with(".1.weight"));
    for name in last.filter(|name| name.starts_with("head.") || name.starts_with("vote.")) {
        let matrix = (0..width * width).map(|i| ((i * 7 % 5) as f32 - 2.0) * 0.3);
        weights.insert(name, vec![width, width], matrix.collect());
        let bias = name.replace(".weight", ".bias");
        weights.insert(bias, vec![width], vec![0.1; width]);
    }
    (spec, weights)
}

/// Which of the modalities that are present take part in the action.
fn taking_part(spec: &PolicySpec, present: &[bool]) -> Vec<bool> {
    match &spec.fusion {
        // Who asks reaches the action through the maps alone.
        FusionSpec::CrossAttention(attention) => {
            let modalities = spec.modalities.iter().zip(present);
            let sees = modalities
                .clone()
                .any(|(m, present)| *present && attention.maps.contains_key(&m.name));
            modalities
                .map(|(m, present)| *present && (sees || !attention.queries.contains(&m.name)))
                .collect()
        }
        FusionSpec::Vote(vote) => in_voters(spec, vote, present),
        _ => present.to_vec(),
    }
}

/// Those vote who have all their modalities; where nobody has, those who have some.
fn in_voters(spec: &PolicySpec, vote: &VoteSpec, present: &[bool]) -> Vec<bool> {
    let is_present = |name: &String| {
        let at = spec.modalities.iter().position(|m| m.name == *name);
        at.is_some_and(|at| present[at])
    };
    let voters = vote.voters_of(spec.modalities.iter().map(|m| m.name.as_str()));
    let complete = |voter: &late_fusion::spec::VoterSpec| voter.modalities.iter().all(is_present);
    let any_complete = voters.iter().any(complete);
    let voting: Vec<_> = voters
        .iter()
        .filter(|voter| match any_complete {
            true => complete(voter),
            false => voter.modalities.iter().any(is_present),
        })
        .collect();
    let modalities = spec.modalities.iter().zip(present);
    modalities
        .map(|(m, present)| *present && voting.iter().any(|v| v.modalities.contains(&m.name)))
        .collect()
}

#[test]
fn what_is_not_finite_reaches_the_action_for_every_method_subset_and_place() {
    let mut tried = 0;
    for vector in vectors() {
        let shallow = (vector.spec.clone(), weights_of(&vector));
        for (spec, weights) in [shallow, deeper(&vector)] {
            tried += try_everywhere(spec, &weights);
        }
    }
    assert!(tried > 10_000, "{tried}");
}

fn try_everywhere(spec: PolicySpec, weights: &Weights) -> usize {
    let name = spec.name.clone();
    let mut policy = Policy::build(spec.clone(), Path::new(""), weights)
        .unwrap_or_else(|errors| panic!("{name}: {errors}"));
    let widths: Vec<usize> = spec.modalities.iter().map(|m| m.input_width()).collect();
    let count = widths.len();
    let ages_s = vec![0.0; count];
    let mut action = vec![0.0; spec.actions.len() * policy.steps()];
    let mut tried = 0;
    for subset in 1..1_usize << count {
        let present: Vec<bool> = (0..count).map(|i| subset >> i & 1 == 1).collect();
        let taking_part = taking_part(&spec, &present);
        for bad_one in (0..count).filter(|i| taking_part[*i]) {
            for at in 0..widths[bad_one] {
                for bad in BAD {
                    let mut features: Vec<Vec<f32>> =
                        widths.iter().map(|width| vec![0.5; *width]).collect();
                    features[bad_one][at] = bad;
                    let features: Vec<Option<&[f32]>> = features
                        .iter()
                        .zip(&present)
                        .map(|(feature, present)| present.then_some(feature.as_slice()))
                        .collect();
                    policy.act(&features, &ages_s, &mut action);
                    assert!(
                        action.iter().any(|number| !number.is_finite()),
                        "{name}, present {present:?}: {bad} at {at} of {bad_one} became {action:?}"
                    );
                    tried += 1;
                }
            }
        }
    }
    tried
}

#[test]
fn an_overflow_in_the_shipped_policy_is_no_command() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/policies/tabletop");
    let mut policy = Policy::load(&folder).unwrap_or_else(|errors| panic!("{errors}"));
    let widths: Vec<usize> = policy
        .spec()
        .modalities
        .iter()
        .map(|m| m.input_width())
        .collect();
    let joints = policy
        .spec()
        .modalities
        .iter()
        .position(|m| m.name == "joints");
    for huge in [1e38_f32, -1e38, f32::MAX] {
        let mut features: Vec<Vec<f32>> = widths.iter().map(|width| vec![0.5; *width]).collect();
        features[joints.unwrap()][0] = huge;
        let features: Vec<Option<&[f32]>> = features.iter().map(|f| Some(f.as_slice())).collect();
        let mut action = vec![0.0; policy.spec().actions.len() * policy.steps()];
        policy.act(&features, &vec![0.0; widths.len()], &mut action);
        assert!(
            action.iter().any(|number| !number.is_finite()),
            "{huge}: {action:?}"
        );
    }
}
