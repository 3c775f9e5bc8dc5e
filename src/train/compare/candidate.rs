//! What is compared: every fusion method, and policies that lack a sense.

use crate::spec::{
    BilinearSpec, FixedWeight, FusionSpec, ModalitySpec, Per, PolicySpec, SourceSpec, VoteRule,
    VoteSpec, VoterSpec, WeightedSpec, WeightsSpec,
};

/// One row of the comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its name, also of its folder.
    pub name: String,
    /// What it is, for people.
    pub what: String,
    /// The policy to be trained.
    pub spec: PolicySpec,
    /// Which modalities of the recording it has, as indices.
    pub modalities: Vec<usize>,
}

/// Bins of a vote where the training file has none: steps of a twentieth of each action's range.
const BINS: usize = 21;

/// All candidates for the task of a training file. `projection` is the common width where the file has none.
pub fn candidates(file: &PolicySpec, projection: usize) -> Vec<Candidate> {
    let mut found = methods(file, projection);
    found.extend(ablations(file));
    found
}

fn methods(file: &PolicySpec, projection: usize) -> Vec<Candidate> {
    let common = projected(file, projection);
    let of = |name: &str, what: &str, spec: &PolicySpec, fusion: FusionSpec| Candidate {
        name: name.to_owned(),
        what: what.to_owned(),
        spec: PolicySpec {
            fusion,
            ..spec.clone()
        },
        modalities: (0..spec.modalities.len()).collect(),
    };
    let weighted = |weights: WeightsSpec| {
        FusionSpec::Weighted(WeightedSpec {
            weights,
            tau_s: Default::default(),
        })
    };
    let alike = file.modalities.iter();
    let alike = alike.map(|m| (m.name.clone(), FixedWeight::Scalar(1.0)));
    let learned = |per| weighted(WeightsSpec::Learned { per });
    let mut found = vec![
        of("concat", "one after the other", file, FusionSpec::Concat),
        of(
            "concat_aligned",
            "one after the other, projected to one width",
            &common,
            FusionSpec::Concat,
        ),
        of(
            "weighted_fixed",
            "sum, all alike",
            &common,
            weighted(WeightsSpec::Fixed {
                values: alike.collect(),
            }),
        ),
        of(
            "weighted_learned",
            "sum, a learned weight per modality",
            &common,
            learned(Per::Modality),
        ),
        of(
            "weighted_learned_vector",
            "sum, a learned weight per dimension",
            &common,
            learned(Per::Dimension),
        ),
        of(
            "attention_within",
            "sum, each modality attends over its dimensions",
            &common,
            weighted(WeightsSpec::AttentionWithin),
        ),
        of(
            "attention_across",
            "sum, modalities attend over each other",
            &common,
            weighted(WeightsSpec::AttentionAcross {
                hidden: projection / 2,
            }),
        ),
    ];
    if file.modalities.len() > 1 {
        let rank = projection;
        let pairs = Vec::new();
        let bilinear = FusionSpec::Bilinear(BilinearSpec { rank, pairs });
        found.push(of("bilinear", "products of pairs", &common, bilinear));
    }
    let (voters, who) = voters(file);
    for (rule, name) in [
        (VoteRule::Soft, "vote_soft"),
        (VoteRule::Majority, "vote_majority"),
        (VoteRule::Weighted, "vote_weighted"),
    ] {
        let vote = FusionSpec::Vote(VoteSpec {
            rule,
            bins: Some(BINS),
            choices: Vec::new(),
            voters: voters.clone(),
            weights: Default::default(),
        });
        found.push(of(name, who, &common, vote));
    }
    let is_new = found.iter().all(|c| c.spec.fusion != file.fusion);
    if is_new {
        let own = file.fusion.clone();
        found.push(of("as_in_file", "as the training file says", file, own));
    }
    found
}

/// Who votes: with several cameras, each with everything but the other cameras; otherwise every modality alone.
fn voters(file: &PolicySpec) -> (Vec<VoterSpec>, &'static str) {
    let is_camera = |i: usize| matches!(file.modalities[i].source, SourceSpec::Image { .. });
    let cameras: Vec<usize> = (0..file.modalities.len())
        .filter(|i| is_camera(*i))
        .collect();
    if cameras.len() < 2 {
        return (Vec::new(), "every modality alone votes");
    }
    let group = |camera: &usize| VoterSpec {
        name: file.modalities[*camera].name.clone(),
        modalities: (0..file.modalities.len())
            .filter(|i| i == camera || !is_camera(*i))
            .map(|i| file.modalities[i].name.clone())
            .collect(),
    };
    let groups = cameras.iter().map(group).collect();
    (
        groups,
        "each camera votes, together with all that is no camera",
    )
}

/// The file's own policy without each of its modalities, and without all cameras.
fn ablations(file: &PolicySpec) -> Vec<Candidate> {
    let count = file.modalities.len();
    let without = |name: &str, lacks: &dyn Fn(usize) -> bool| {
        let modalities: Vec<usize> = (0..count).filter(|i| !lacks(*i)).collect();
        let kept: Vec<ModalitySpec> = modalities
            .iter()
            .map(|i| {
                let mut modality = file.modalities[*i].clone();
                if file.moved_since(&modality).is_some_and(lacks) {
                    modality.moved_since = None;
                }
                modality
            })
            .collect();
        Candidate {
            name: format!("without_{name}"),
            what: format!("concat, without {name}"),
            spec: PolicySpec {
                recorded: file.recorded.of(&kept),
                modalities: kept,
                fusion: FusionSpec::Concat,
                ..file.clone()
            },
            modalities,
        }
    };
    let mut found: Vec<Candidate> = (0..count)
        .map(|i| without(&file.modalities[i].name, &|other| other == i))
        .collect();
    let is_camera = |i: usize| matches!(file.modalities[i].source, SourceSpec::Image { .. });
    if (0..count).filter(|i| is_camera(*i)).count() > 1 {
        found.push(without("vision", &is_camera));
    }
    found.retain(|candidate| !candidate.modalities.is_empty());
    found
}

/// The width that all modalities are projected to, if there is one.
pub fn common_width(file: &PolicySpec) -> Option<usize> {
    let first = file.modalities.first()?.projection?;
    let same = file.modalities.iter().all(|m| m.projection == Some(first));
    same.then_some(first)
}

fn projected(file: &PolicySpec, projection: usize) -> PolicySpec {
    let mut spec = file.clone();
    for modality in &mut spec.modalities {
        modality.projection = Some(projection);
    }
    spec
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::ConfigErrors;
    use crate::spec::FORMAT;

    fn file(modalities: &str) -> PolicySpec {
        let text = format!(
            "{{format: {FORMAT}, name: test, modalities: [{modalities}], fusion: {{method: concat}}, \
             head: {{kind: mlp, hidden: [8]}}, actions: [{{name: speed, min: -1, max: 1}}]}}"
        );
        serde_yaml::from_str(&text).unwrap()
    }

    const TWO: &str = "{name: place, kind: vector, names: [x], width: 1}, {name: goal, kind: vector, names: [x], width: 1}";

    #[test]
    fn every_candidate_is_a_policy_that_can_be_built() {
        let found = candidates(&file(TWO), 16);
        for candidate in &found {
            let mut errors = ConfigErrors::new();
            candidate.spec.check(&mut errors);
            assert!(errors.is_empty(), "{}: {errors}", candidate.name);
        }
        let names: Vec<&str> = found.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names.len(), 13, "{names:?}");
        for name in ["bilinear", "vote_soft", "without_goal", "attention_across"] {
            assert!(names.contains(&name), "{names:?}");
        }
        assert_eq!(found[12].modalities, [0]);
    }

    #[test]
    fn without_what_it_moved_since_nothing_says_how_far() {
        let mut file = file(TWO);
        file.modalities[0].moved_since = Some("goal".into());
        for candidate in candidates(&file, 16) {
            let mut errors = ConfigErrors::new();
            candidate.spec.check(&mut errors);
            assert!(errors.is_empty(), "{}: {errors}", candidate.name);
            let place = candidate.spec.modalities.iter().find(|m| m.name == "place");
            if let Some(place) = place {
                let since = place.moved_since.is_some();
                assert_eq!(
                    since,
                    candidate.name != "without_goal",
                    "{}",
                    candidate.name
                );
            }
        }
    }

    #[test]
    fn several_cameras_vote_in_groups_and_are_left_out_together() {
        let camera = |name: &str| {
            format!(
                "{{name: {name}, kind: image, width: 4, encoder: {{model: m.onnx, sha256: '', \
                 input: {{name: x, width: 8, height: 8}}, output: y}}}}"
            )
        };
        let found = candidates(
            &file(&format!("{}, {}, {TWO}", camera("left"), camera("right"))),
            8,
        );
        let vote = found.iter().find(|c| c.name == "vote_soft").unwrap();
        let FusionSpec::Vote(vote) = &vote.spec.fusion else {
            panic!("a vote votes")
        };
        let groups: Vec<&[String]> = vote
            .voters
            .iter()
            .map(|v| v.modalities.as_slice())
            .collect();
        assert_eq!(
            groups,
            [["left", "place", "goal"], ["right", "place", "goal"]]
        );
        let blind = found.iter().find(|c| c.name == "without_vision").unwrap();
        assert_eq!(blind.modalities, [2, 3]);
    }

    #[test]
    fn one_width_for_all_is_taken_from_the_file() {
        let mut file = file(TWO);
        assert_eq!(common_width(&file), None);
        for modality in &mut file.modalities {
            modality.projection = Some(7);
        }
        assert_eq!(common_width(&file), Some(7));
    }
}
