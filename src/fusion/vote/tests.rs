//! Votes reckoned by hand; tests/reference has the formulas at large.

use super::*;
use crate::spec::*;

/// Voters of one modality each; the modality's three numbers are the logits of three bins −1, 0, 1.
fn vote(rule: VoteRule, voices: &[(&str, f64)]) -> Vote<f64> {
    let (spec, weights) = parts(rule, voices);
    let FusionSpec::Vote(vote) = &spec.fusion else {
        unreachable!()
    };
    Vote::load(vote, &spec, &weights).unwrap()
}

fn parts(rule: VoteRule, voices: &[(&str, f64)]) -> (PolicySpec, Weights) {
    let names = ["a", "b", "c"];
    let fusion = FusionSpec::Vote(VoteSpec {
        rule,
        bins: Some(3),
        choices: vec![],
        voters: vec![],
        weights: voices.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect(),
    });
    let spec = examples::policy(
        names
            .map(|name| examples::vector(name, ["x", "y", "z"]))
            .into(),
        fusion,
        vec![examples::action("speed", 1.0)],
    );
    let mut weights = Weights::default();
    let identity = vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    for name in names {
        weights.insert(
            format!("vote.{name}.0.weight"),
            vec![3, 3],
            identity.clone(),
        );
        weights.insert(format!("vote.{name}.0.bias"), vec![3], vec![0.0; 3]);
    }
    weights.insert("vote.centres", vec![1, 3], vec![-1.0, 0.0, 1.0]);
    weights.insert("vote.weights", vec![3], vec![1.0, 1.0, 5.0]);
    (spec, weights)
}

/// The action for these probabilities of the three bins, `None` where a voter is absent.
fn action(vote: &mut Vote<f64>, probabilities: [Option<[f64; 3]>; 3]) -> f64 {
    let logits =
        probabilities.map(|p| p.map(|p| DVector::from_iterator(3, p.iter().map(|v| v.ln()))));
    let projected = [logits[0].as_ref(), logits[1].as_ref(), logits[2].as_ref()];
    let mut fused = DVector::zeros(1);
    vote.fuse(Input::fresh(&projected), &mut fused);
    fused[0]
}

const LEFT: Option<[f64; 3]> = Some([0.5, 0.3, 0.2]);
const RIGHT: Option<[f64; 3]> = Some([0.1, 0.1, 0.8]);

#[test]
fn a_majority_counts_heads() {
    let mut vote = vote(VoteRule::Majority, &[]);
    assert_eq!(action(&mut vote, [LEFT, LEFT, RIGHT]), -1.0);
    assert_eq!(action(&mut vote, [None, None, RIGHT]), 1.0);
}

#[test]
fn a_tie_goes_to_the_likelier_then_to_the_lower_bin() {
    let mut vote = vote(VoteRule::Majority, &[]);
    assert_eq!(action(&mut vote, [LEFT, RIGHT, None]), 1.0);
    let mirrored = Some([0.2, 0.3, 0.5]);
    assert_eq!(action(&mut vote, [mirrored, LEFT, None]), -1.0);
    assert_eq!(action(&mut vote, [Some([0.4, 0.2, 0.4]), None, None]), -1.0);
}

#[test]
fn learned_or_written_weights_decide_a_weighted_vote() {
    let mut learned = vote(VoteRule::Weighted, &[]);
    assert_eq!(action(&mut learned, [LEFT, LEFT, RIGHT]), 1.0);
    let mut written = vote(VoteRule::Weighted, &[("a", 1.0), ("b", 1.0), ("c", 1.5)]);
    assert_eq!(action(&mut written, [LEFT, LEFT, RIGHT]), -1.0);
    let FusionTrace::Votes(ballots) = written.trace() else {
        panic!("a vote has ballots")
    };
    let seen: Vec<(&str, f64, f64)> = ballots
        .iter()
        .map(|b| (b.voter.as_str(), b.weight, b.action[0]))
        .collect();
    assert_eq!(seen, [("a", 1.0, -1.0), ("b", 1.0, -1.0), ("c", 1.5, 1.0)]);
}

#[test]
fn a_soft_vote_is_the_expectation_under_the_mean() {
    let mut vote = vote(VoteRule::Soft, &[("a", 3.0), ("b", 1.0), ("c", 0.0)]);
    let expected = (3.0 * -0.3 + 0.7) / 4.0;
    assert!((action(&mut vote, [LEFT, RIGHT, LEFT]) - expected).abs() < 1e-12);
    assert!((action(&mut vote, [None, None, LEFT]) + 0.3).abs() < 1e-12);
}

#[test]
fn with_nothing_present_everybody_votes_on_what_stands_in() {
    let mut vote = vote(VoteRule::Soft, &[]);
    assert!(action(&mut vote, [None, None, None]).abs() < 1e-12);
}

#[test]
fn a_group_votes_when_it_is_complete_or_when_nobody_is() {
    let (mut spec, mut weights) = parts(VoteRule::Majority, &[]);
    let FusionSpec::Vote(vote) = &mut spec.fusion else {
        unreachable!()
    };
    let group = |name: &str, modalities: [&str; 2]| VoterSpec {
        name: name.into(),
        modalities: modalities.map(str::to_owned).into(),
    };
    vote.voters = vec![group("left", ["a", "c"]), group("right", ["b", "c"])];
    for (name, bias) in [("left", [9.0, 0.0, 0.0]), ("right", [0.0, 0.0, 5.0])] {
        weights.insert(format!("vote.{name}.0.weight"), vec![3, 6], vec![0.0; 18]);
        weights.insert(format!("vote.{name}.0.bias"), vec![3], bias.into());
    }
    let mut vote = Vote::load(&vote.clone(), &spec, &weights).unwrap();
    assert_eq!(action(&mut vote, [LEFT, LEFT, LEFT]), -1.0);
    assert_eq!(action(&mut vote, [None, LEFT, LEFT]), 1.0);
    assert_eq!(
        action(&mut vote, [None, LEFT, None]),
        1.0,
        "only b's group has anything"
    );
    assert_eq!(
        action(&mut vote, [None, None, LEFT]),
        -1.0,
        "both have c, left is surer"
    );
}

#[test]
fn choices_are_decided_as_a_whole() {
    let (mut spec, weights) = parts(VoteRule::Majority, &[]);
    spec.actions.push(spec.actions[0].clone());
    let FusionSpec::Vote(vote) = &mut spec.fusion else {
        unreachable!()
    };
    vote.bins = None;
    vote.choices = [
        ("stop", [0.0, 0.0]),
        ("left", [-1.0, 0.5]),
        ("right", [1.0, 0.5]),
    ]
    .map(|(name, action)| ChoiceSpec {
        name: name.into(),
        action: action.into(),
    })
    .into();
    let mut vote = Vote::load(&vote.clone(), &spec, &weights).unwrap();
    let logits = DVector::from_vec(vec![0.0, 2.0, 1.0]);
    let mut fused = DVector::zeros(2);
    vote.fuse(Input::fresh(&[Some(&logits), None, None]), &mut fused);
    assert_eq!(fused.as_slice(), [-1.0, 0.5]);
}
