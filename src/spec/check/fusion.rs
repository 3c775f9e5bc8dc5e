//! The fusion of a policy: whether it fits the modalities and actions.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{check_names, check_width};
use crate::errors::ConfigErrors;
use crate::spec::{
    ActionSpec, BilinearSpec, CrossAttentionSpec, FixedWeight, FusionSpec, ModalitySpec,
    SourceSpec, VoteRule, VoteSpec, WeightedSpec, WeightsSpec,
};

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
        errors: &mut ConfigErrors,
    ) {
        match self {
            Self::Concat => {}
            Self::Weighted(weighted) => weighted.check(modalities, errors),
            Self::Bilinear(bilinear) => bilinear.check(modalities, errors),
            Self::CrossAttention(attention) => attention.check(modalities, errors),
            Self::Vote(vote) => vote.check(modalities, actions, errors),
        }
    }
}

impl WeightedSpec {
    fn check(&self, modalities: &[ModalitySpec], errors: &mut ConfigErrors) {
        let widths: BTreeSet<usize> = modalities.iter().map(ModalitySpec::fused_width).collect();
        if widths.len() > 1 {
            let each: Vec<String> = modalities
                .iter()
                .map(|m| format!("{} {}", m.name, m.fused_width()))
                .collect();
            errors.add(format!(
                "a weighted sum needs all modalities at one width, and theirs are {}; give them the same `projection`",
                each.join(", ")
            ));
        }
        match &self.weights {
            WeightsSpec::Fixed { values } => check_fixed(values, modalities, errors),
            WeightsSpec::AttentionAcross { hidden } => {
                check_width("weights.hidden", *hidden, errors);
            }
            WeightsSpec::Learned { .. } | WeightsSpec::AttentionWithin => {}
        }
        for (name, tau_s) in &self.tau_s {
            check_known(&format!("tau_s.{name}"), name, modalities, errors);
            if !(tau_s.is_finite() && *tau_s > 0.0) {
                errors.add(format!(
                    "tau_s.{name} is {tau_s}; it must be a positive number of seconds"
                ));
            }
        }
    }
}

fn check_fixed(
    values: &BTreeMap<String, FixedWeight>,
    modalities: &[ModalitySpec],
    errors: &mut ConfigErrors,
) {
    for name in values.keys() {
        check_known(&format!("weights.values.{name}"), name, modalities, errors);
    }
    let mut all_zero = true;
    for modality in modalities {
        let (name, width) = (&modality.name, modality.fused_width());
        let key = format!("weights.values.{name}");
        let numbers: &[f64] = match values.get(name) {
            None => {
                errors.add(format!("{key} is missing; every modality needs a weight"));
                continue;
            }
            Some(FixedWeight::Scalar(value)) => std::slice::from_ref(value),
            Some(FixedWeight::Vector(values)) => {
                if values.len() != width {
                    errors.add(format!(
                        "{key} has {} numbers; one number, or {width} (one per dimension) are allowed",
                        values.len()
                    ));
                }
                values
            }
        };
        check_weights(&key, numbers, errors);
        all_zero &= numbers.iter().all(|number| *number == 0.0);
    }
    if all_zero && !modalities.is_empty() {
        errors.add("weights.values are all zero; at least one must be positive");
    }
}

fn check_weights(key: &str, numbers: &[f64], errors: &mut ConfigErrors) {
    for number in numbers.iter().filter(|n| !(n.is_finite() && **n >= 0.0)) {
        errors.add(format!(
            "{key} has {number}; a weight must be finite and not negative"
        ));
    }
}

impl BilinearSpec {
    fn check(&self, modalities: &[ModalitySpec], errors: &mut ConfigErrors) {
        check_width("rank", self.rank, errors);
        if modalities.len() < 2 {
            errors.add("bilinear fusion multiplies pairs, and there is one modality; use concat");
        }
        for (i, [left, right]) in self.pairs.iter().enumerate() {
            let key = format!("pairs[{i}]");
            check_known(&key, left, modalities, errors);
            check_known(&key, right, modalities, errors);
            if left == right {
                errors.add(format!("{key} is {left} twice; two modalities are needed"));
            }
            if self.pairs[..i].contains(&[left.clone(), right.clone()]) {
                errors.add(format!("{key} lists a pair twice: {left}, {right}"));
            }
        }
    }
}

impl CrossAttentionSpec {
    fn check(&self, modalities: &[ModalitySpec], errors: &mut ConfigErrors) {
        if !(1..=MAX_HEADS).contains(&self.heads) {
            errors.add(format!(
                "heads is {}; 1 to {MAX_HEADS} are allowed",
                self.heads
            ));
        }
        if self.maps.is_empty() {
            errors.add("maps is empty; at least one modality must be a map to look at");
        }
        if self.queries.is_empty() {
            errors.add("queries is empty; at least one modality must say what to look for");
        }
        for (i, name) in self.queries.iter().enumerate() {
            check_known(&format!("queries[{i}]"), name, modalities, errors);
            if self.queries[..i].contains(name) {
                errors.add(format!("queries has {name} twice"));
            }
            if self.maps.contains_key(name) {
                errors.add(format!(
                    "{name} is both a map and a query; a modality is one of them"
                ));
            }
        }
        for (name, cells) in &self.maps {
            let key = format!("maps.{name}");
            check_known(&key, name, modalities, errors);
            if !(1..=MAX_CELLS).contains(cells) {
                errors.add(format!("{key} is {cells}; 1 to {MAX_CELLS} are allowed"));
                continue;
            }
            for modality in modalities.iter().filter(|m| m.name == *name) {
                check_map(&key, modality, *cells, errors);
            }
        }
    }
}

/// Whether a modality's feature is a map of `cells` by `cells`. A width that is not known yet is not looked at.
fn check_map(key: &str, modality: &ModalitySpec, cells: usize, errors: &mut ConfigErrors) {
    if let Some(projection) = modality.projection {
        errors.add(format!(
            "{key}: the modality has projection {projection}; a projection knows no places, so a map has none"
        ));
    }
    if modality.history > 1 {
        errors.add(format!(
            "{key}: the modality has history {}; a map has none, 1 is allowed",
            modality.history
        ));
    }
    if let Some(since) = &modality.moved_since {
        errors.add(format!(
            "{key}: the modality has moved_since {since}; a map has none"
        ));
    }
    if let SourceSpec::Image { encoder } = &modality.source {
        if encoder.cells != Some(cells) {
            errors.add(format!(
                "{key} is {cells}; the modality's encoder must have pooling grid with as many cells"
            ));
        }
    } else if !modality.width.is_multiple_of(cells * cells) {
        errors.add(format!(
            "{key} is {cells}, and the feature's width {} is not a multiple of {cells}x{cells}",
            modality.width
        ));
    }
}

impl VoteSpec {
    fn check(
        &self,
        modalities: &[ModalitySpec],
        actions: &[ActionSpec],
        errors: &mut ConfigErrors,
    ) {
        match (self.bins, self.choices.is_empty()) {
            (Some(bins), true) if !(2..=MAX_BINS).contains(&bins) => errors.add(format!(
                "bins is {bins}; 2 to {MAX_BINS} are allowed (with one there is nothing to decide)"
            )),
            (Some(_), true) => {}
            (Some(_), false) => {
                errors.add("bins and choices are both given; a vote needs exactly one of them");
            }
            (None, true) => errors.add("neither bins nor choices are given; a vote needs one"),
            (None, false) => self.check_choices(actions, errors),
        }
        self.check_voters(modalities, errors);
        self.check_voices(modalities, errors);
    }

    fn check_choices(&self, actions: &[ActionSpec], errors: &mut ConfigErrors) {
        if self.choices.len() < 2 {
            errors.add("choices has one entry; with one there is nothing to decide");
        }
        check_names("choice", self.choices.iter().map(|c| &c.name), errors);
        for choice in &self.choices {
            let name = &choice.name;
            if choice.action.len() != actions.len() {
                errors.add(format!(
                    "choice {name} has {} numbers; the action has {}",
                    choice.action.len(),
                    actions.len()
                ));
            }
            for (action, value) in actions.iter().zip(&choice.action) {
                if !(action.min..=action.max).contains(value) {
                    errors.add(format!(
                        "choice {name}: {} is {value}; {} to {} are allowed",
                        action.name, action.min, action.max
                    ));
                }
            }
        }
    }

    fn check_voters(&self, modalities: &[ModalitySpec], errors: &mut ConfigErrors) {
        check_names("voter", self.voters.iter().map(|v| &v.name), errors);
        for voter in &self.voters {
            let key = format!("voter {}", voter.name);
            if voter.modalities.is_empty() {
                errors.add(format!("{key} has no modalities; it could decide nothing"));
            }
            for (i, name) in voter.modalities.iter().enumerate() {
                check_known(&key, name, modalities, errors);
                if voter.modalities[..i].contains(name) {
                    errors.add(format!("{key} has {name} twice"));
                }
            }
        }
        for modality in modalities.iter().filter(|_| !self.voters.is_empty()) {
            let name = &modality.name;
            if !self.voters.iter().any(|v| v.modalities.contains(name)) {
                errors.add(format!(
                    "modality {name} belongs to no voter; add it to one, or remove the modality"
                ));
            }
        }
    }

    fn check_voices(&self, modalities: &[ModalitySpec], errors: &mut ConfigErrors) {
        if self.weights.is_empty() {
            return;
        }
        if self.rule == VoteRule::Majority {
            errors.add(
                "weights are given, but a majority counts all votes equally; use rule weighted",
            );
        }
        let voters = self.voters_of(modalities.iter().map(|m| m.name.as_str()));
        for voter in &voters {
            if !self.weights.contains_key(&voter.name) {
                errors.add(format!(
                    "weights.{} is missing; every voter needs a weight",
                    voter.name
                ));
            }
        }
        for (name, weight) in &self.weights {
            if !voters.iter().any(|voter| voter.name == *name) {
                let names: Vec<&str> = voters.iter().map(|v| v.name.as_str()).collect();
                errors.add(format!(
                    "weights.{name}: there is no such voter; there are {}",
                    names.join(", ")
                ));
            }
            check_weights(&format!("weights.{name}"), &[*weight], errors);
        }
        if self.weights.values().all(|weight| *weight == 0.0) {
            errors.add("weights are all zero; at least one must be positive");
        }
    }
}

fn check_known(key: &str, name: &str, modalities: &[ModalitySpec], errors: &mut ConfigErrors) {
    if !modalities.iter().any(|m| m.name == name) {
        let names: Vec<&str> = modalities.iter().map(|m| m.name.as_str()).collect();
        errors.add(format!(
            "{key}: there is no modality {name:?}; there are {}",
            names.join(", ")
        ));
    }
}

#[cfg(test)]
mod tests;
