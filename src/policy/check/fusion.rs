//! The fusion of a policy: whether it fits the modalities and actions.

use std::collections::{BTreeMap, BTreeSet};

use super::{check_names, check_width};
use crate::policy::{
    ActionSpec, BilinearSpec, CrossAttentionSpec, FixedWeight, FusionSpec, ModalitySpec,
    SourceSpec, VoteRule, VoteSpec, WeightedSpec, WeightsSpec,
};
use crate::problems::Problems;

/// The most places that cross-attention may look at in one map.
const MAX_HEADS: usize = 64;

/// The most cells that a side of a map may have.
const MAX_CELLS: usize = 64;

/// The most bins that a number of the action may have.
const MAX_BINS: usize = 1024;

impl FusionSpec {
    pub(super) fn check(
        &self,
        modalities: &[ModalitySpec],
        actions: &[ActionSpec],
        problems: &mut Problems,
    ) {
        match self {
            Self::Concat => {}
            Self::Weighted(weighted) => weighted.check(modalities, problems),
            Self::Bilinear(bilinear) => bilinear.check(modalities, problems),
            Self::CrossAttention(attention) => attention.check(modalities, problems),
            Self::Vote(vote) => vote.check(modalities, actions, problems),
        }
    }
}

impl WeightedSpec {
    fn check(&self, modalities: &[ModalitySpec], problems: &mut Problems) {
        let widths: BTreeSet<usize> = modalities.iter().map(ModalitySpec::fused_width).collect();
        if widths.len() > 1 {
            let each: Vec<String> = modalities
                .iter()
                .map(|m| format!("{} {}", m.name, m.fused_width()))
                .collect();
            problems.add(format!(
                "a weighted sum needs all modalities at one width, and theirs are {}; give them the same `align`",
                each.join(", ")
            ));
        }
        match &self.weights {
            WeightsSpec::Fixed { values } => check_fixed(values, modalities, problems),
            WeightsSpec::AttentionAcross { hidden } => {
                check_width("weights.hidden", *hidden, problems);
            }
            WeightsSpec::Learned { .. } | WeightsSpec::AttentionWithin => {}
        }
        for (name, tau_s) in &self.tau_s {
            check_known(&format!("tau_s.{name}"), name, modalities, problems);
            if !(tau_s.is_finite() && *tau_s > 0.0) {
                problems.add(format!(
                    "tau_s.{name} is {tau_s}; it must be a positive number of seconds"
                ));
            }
        }
    }
}

fn check_fixed(
    values: &BTreeMap<String, FixedWeight>,
    modalities: &[ModalitySpec],
    problems: &mut Problems,
) {
    for name in values.keys() {
        check_known(
            &format!("weights.values.{name}"),
            name,
            modalities,
            problems,
        );
    }
    let mut all_zero = true;
    for modality in modalities {
        let (name, width) = (&modality.name, modality.fused_width());
        let key = format!("weights.values.{name}");
        let numbers: &[f64] = match values.get(name) {
            None => {
                problems.add(format!("{key} is missing; every modality needs a weight"));
                continue;
            }
            Some(FixedWeight::Scalar(value)) => std::slice::from_ref(value),
            Some(FixedWeight::Vector(values)) => {
                if values.len() != width {
                    problems.add(format!(
                        "{key} has {} numbers; one number, or {width} (one per dimension) are allowed",
                        values.len()
                    ));
                }
                values
            }
        };
        check_weights(&key, numbers, problems);
        all_zero &= numbers.iter().all(|number| *number == 0.0);
    }
    if all_zero && !modalities.is_empty() {
        problems.add("weights.values are all zero; at least one must be positive");
    }
}

fn check_weights(key: &str, numbers: &[f64], problems: &mut Problems) {
    for number in numbers.iter().filter(|n| !(n.is_finite() && **n >= 0.0)) {
        problems.add(format!(
            "{key} has {number}; a weight must be finite and not negative"
        ));
    }
}

impl BilinearSpec {
    fn check(&self, modalities: &[ModalitySpec], problems: &mut Problems) {
        check_width("rank", self.rank, problems);
        if modalities.len() < 2 {
            problems.add("bilinear fusion multiplies pairs, and there is one modality; use concat");
        }
        for (i, [left, right]) in self.pairs.iter().enumerate() {
            let key = format!("pairs[{i}]");
            check_known(&key, left, modalities, problems);
            check_known(&key, right, modalities, problems);
            if left == right {
                problems.add(format!("{key} is {left} twice; two modalities are needed"));
            }
            if self.pairs[..i].contains(&[left.clone(), right.clone()]) {
                problems.add(format!("{key} is there twice: {left}, {right}"));
            }
        }
    }
}

impl CrossAttentionSpec {
    fn check(&self, modalities: &[ModalitySpec], problems: &mut Problems) {
        if !(1..=MAX_HEADS).contains(&self.heads) {
            problems.add(format!(
                "heads is {}; 1 to {MAX_HEADS} are allowed",
                self.heads
            ));
        }
        if self.maps.is_empty() {
            problems.add("maps is empty; at least one modality must be a map to look at");
        }
        if self.queries.is_empty() {
            problems.add("queries is empty; at least one modality must say what to look for");
        }
        for (i, name) in self.queries.iter().enumerate() {
            check_known(&format!("queries[{i}]"), name, modalities, problems);
            if self.queries[..i].contains(name) {
                problems.add(format!("queries has {name} twice"));
            }
            if self.maps.contains_key(name) {
                problems.add(format!(
                    "{name} is both a map and a query; a modality is one of them"
                ));
            }
        }
        for (name, cells) in &self.maps {
            let key = format!("maps.{name}");
            check_known(&key, name, modalities, problems);
            if !(1..=MAX_CELLS).contains(cells) {
                problems.add(format!("{key} is {cells}; 1 to {MAX_CELLS} are allowed"));
                continue;
            }
            for modality in modalities.iter().filter(|m| m.name == *name) {
                check_map(&key, modality, *cells, problems);
            }
        }
    }
}

/// Whether a modality's feature is a map of `cells` by `cells`. A width that is not known yet is not looked at.
fn check_map(key: &str, modality: &ModalitySpec, cells: usize, problems: &mut Problems) {
    if let Some(align) = modality.align {
        problems.add(format!(
            "{key}: the modality has align {align}; a projection knows no places, so a map has none"
        ));
    }
    if modality.history > 1 {
        problems.add(format!(
            "{key}: the modality has history {}; a map has none, 1 is allowed",
            modality.history
        ));
    }
    if let SourceSpec::Image { encoder } = &modality.source {
        if encoder.cells != Some(cells) {
            problems.add(format!(
                "{key} is {cells}; the modality's encoder must have pooling grid with as many cells"
            ));
        }
    } else if !modality.width.is_multiple_of(cells * cells) {
        problems.add(format!(
            "{key} is {cells}, and the feature's width {} is no multiple of {cells}x{cells}",
            modality.width
        ));
    }
}

impl VoteSpec {
    fn check(&self, modalities: &[ModalitySpec], actions: &[ActionSpec], problems: &mut Problems) {
        match (self.bins, self.choices.is_empty()) {
            (Some(bins), true) if !(2..=MAX_BINS).contains(&bins) => problems.add(format!(
                "bins is {bins}; 2 to {MAX_BINS} are allowed (with one there is nothing to decide)"
            )),
            (Some(_), true) => {}
            (Some(_), false) => {
                problems.add("bins and choices are both there; a vote is on one of them");
            }
            (None, true) => problems.add("neither bins nor choices are there; a vote needs one"),
            (None, false) => self.check_choices(actions, problems),
        }
        self.check_voters(modalities, problems);
        self.check_voices(modalities, problems);
    }

    fn check_choices(&self, actions: &[ActionSpec], problems: &mut Problems) {
        if self.choices.len() < 2 {
            problems.add("choices has one entry; with one there is nothing to decide");
        }
        check_names("choice", self.choices.iter().map(|c| &c.name), problems);
        for choice in &self.choices {
            let name = &choice.name;
            if choice.action.len() != actions.len() {
                problems.add(format!(
                    "choice {name} has {} numbers; the action has {}",
                    choice.action.len(),
                    actions.len()
                ));
            }
            for (action, value) in actions.iter().zip(&choice.action) {
                if !(action.min..=action.max).contains(value) {
                    problems.add(format!(
                        "choice {name}: {} is {value}; {} to {} are allowed",
                        action.name, action.min, action.max
                    ));
                }
            }
        }
    }

    fn check_voters(&self, modalities: &[ModalitySpec], problems: &mut Problems) {
        check_names("voter", self.voters.iter().map(|v| &v.name), problems);
        for voter in &self.voters {
            let key = format!("voter {}", voter.name);
            if voter.modalities.is_empty() {
                problems.add(format!("{key} has no modalities; it could decide nothing"));
            }
            for (i, name) in voter.modalities.iter().enumerate() {
                check_known(&key, name, modalities, problems);
                if voter.modalities[..i].contains(name) {
                    problems.add(format!("{key} has {name} twice"));
                }
            }
        }
        for modality in modalities.iter().filter(|_| !self.voters.is_empty()) {
            let name = &modality.name;
            if !self.voters.iter().any(|v| v.modalities.contains(name)) {
                problems.add(format!(
                    "modality {name} belongs to no voter; add it to one, or remove the modality"
                ));
            }
        }
    }

    fn check_voices(&self, modalities: &[ModalitySpec], problems: &mut Problems) {
        if self.weights.is_empty() {
            return;
        }
        if self.rule == VoteRule::Majority {
            problems.add(
                "weights are there, and a majority counts every vote alike; use rule weighted",
            );
        }
        let voters = self.voters_of(modalities.iter().map(|m| m.name.as_str()));
        for voter in &voters {
            if !self.weights.contains_key(&voter.name) {
                problems.add(format!(
                    "weights.{} is missing; every voter needs a weight",
                    voter.name
                ));
            }
        }
        for (name, weight) in &self.weights {
            if !voters.iter().any(|voter| voter.name == *name) {
                let names: Vec<&str> = voters.iter().map(|v| v.name.as_str()).collect();
                problems.add(format!(
                    "weights.{name}: there is no such voter; there are {}",
                    names.join(", ")
                ));
            }
            check_weights(&format!("weights.{name}"), &[*weight], problems);
        }
        if self.weights.values().all(|weight| *weight == 0.0) {
            problems.add("weights are all zero; at least one must be positive");
        }
    }
}

fn check_known(key: &str, name: &str, modalities: &[ModalitySpec], problems: &mut Problems) {
    if !modalities.iter().any(|m| m.name == name) {
        let names: Vec<&str> = modalities.iter().map(|m| m.name.as_str()).collect();
        problems.add(format!(
            "{key}: there is no modality {name:?}; there are {}",
            names.join(", ")
        ));
    }
}

#[cfg(test)]
mod tests;
