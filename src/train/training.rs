//! How a policy is learned: the `training` of a training file.

use serde::{Deserialize, Serialize};

use super::augment::{Augment, Augmentation};
use super::typos::Typos;
use crate::errors::ConfigErrors;
use crate::spec::{ModalitySpec, SourceSpec};

/// The numbers of gradient descent.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// How often every sample is seen.
    pub epochs: usize,
    /// Samples per step.
    pub batch_size: usize,
    /// The highest learning rate of the one-cycle schedule.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Normalizer deviation of the noise that is added to standardized features while learning.
    #[serde(default)]
    pub input_noise: f64,
    /// The probability that a unit of a hidden layer is left out of a step, of the head's or of a voter's.
    #[serde(default)]
    pub dropout: f64,
    /// The probability that a modality is left out of a sample while learning, so that the policy learns to do without.
    #[serde(default)]
    pub modality_dropout: f64,
    /// Whether every sample is learned with any of the sentences that were given for the same thing during its episode. For
    /// recordings in which one instruction is given in several paraphrases.
    #[serde(default)]
    pub paraphrase_augmentation: bool,
    /// The most words of a sentence that have a typing error in the copies of it that are learned from beside it.
    #[serde(default)]
    pub typos: usize,
    /// Whether altered copies of pictures are learned from beside them, and how they are altered. Read on its own, so that all
    /// its errors are told together.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub augment: Option<Augment>,
    /// The fraction of the episodes in the validation split.
    pub validation_fraction: f64,
    /// Decides the initial weights, the split and the order of samples.
    pub seed: u64,
}

/// How many copies of a message there are: altered ones of a picture, or mistyped ones of a sentence.
pub(super) fn copies(augmentation: Option<&Augmentation>, typos: Option<Typos>) -> usize {
    let of_sentences = typos.map(|_| Typos::COPIES);
    (augmentation.map(|a| a.copies).or(of_sentences)).unwrap_or(0)
}

impl Training {
    /// What is altered about the copies of a modality's pictures, if anything.
    pub(super) fn augmentation(&self, name: &str, source: &SourceSpec) -> Option<Augmentation> {
        self.augment.as_ref()?.of(name, source)
    }

    /// What is mistyped in the copies of a modality's sentences, if anything.
    pub(super) fn typos(&self, source: &SourceSpec) -> Option<Typos> {
        (source.is_text() && self.typos > 0).then_some(Typos {
            most_words: self.typos,
        })
    }

    /// How many copies of a modality's messages are learned from beside each.
    pub(super) fn copies(&self, name: &str, source: &SourceSpec) -> usize {
        copies(self.augmentation(name, source).as_ref(), self.typos(source))
    }

    /// Adds what does not fit the policy to `errors`.
    pub(super) fn check_modalities(&self, modalities: &[ModalitySpec], errors: &mut ConfigErrors) {
        if let Some(augment) = &self.augment {
            augment.check(modalities, errors);
        }
        if self.typos == 0 {
            return;
        }
        let mut sentences = modalities.iter().filter(|m| m.source.is_text()).peekable();
        if sentences.peek().is_none() {
            errors.add("training.typos is for sentences, and no modality is of the kind text; leave it out");
        }
        for modality in sentences.filter(|m| m.history > 1) {
            errors.add(format!(
                "training.typos: modality {} has a history of {}; typing errors are for a history of 1",
                modality.name, modality.history
            ));
        }
    }

    /// Adds everything that is not allowed to `errors`.
    pub(super) fn check(&self, errors: &mut ConfigErrors) {
        let mut demand = |ok: bool, problem: String| {
            if !ok {
                errors.add(format!("training.{problem}"));
            }
        };
        demand(
            (1..=100_000).contains(&self.epochs),
            format!("epochs is {}; 1 to 100000 are allowed", self.epochs),
        );
        demand(
            (1..=65_536).contains(&self.batch_size),
            format!("batch_size is {}; 1 to 65536 are allowed", self.batch_size),
        );
        demand(
            self.learning_rate > 0.0 && self.learning_rate <= 1.0,
            format!(
                "learning_rate is {}; above 0 and at most 1 is allowed",
                self.learning_rate
            ),
        );
        demand(
            (0.0..=1.0).contains(&self.weight_decay),
            format!("weight_decay is {}; 0 to 1 is allowed", self.weight_decay),
        );
        demand(
            (0.0..=10.0).contains(&self.input_noise),
            format!(
                "input_noise is {}; 0 to 10 is allowed, in standard deviations",
                self.input_noise
            ),
        );
        demand(
            (0.0..=0.9).contains(&self.dropout),
            format!("dropout is {}; 0 to 0.9 is allowed", self.dropout),
        );
        demand(
            (0.0..=0.9).contains(&self.modality_dropout),
            format!(
                "modality_dropout is {}; 0 to 0.9 is allowed",
                self.modality_dropout
            ),
        );
        demand(
            self.typos <= 8,
            format!(
                "typos is {}; 0 to 8 words of a sentence are allowed",
                self.typos
            ),
        );
        demand(
            (0.0..=0.5).contains(&self.validation_fraction),
            format!(
                "validation_fraction is {}; 0 to 0.5 is allowed",
                self.validation_fraction
            ),
        );
    }
}

#[cfg(test)]
impl Training {
    /// Two passes over everything, with nothing drawn but the order.
    pub(super) fn example() -> Self {
        Self {
            epochs: 2,
            batch_size: 4,
            learning_rate: 0.5,
            weight_decay: 0.0,
            input_noise: 0.0,
            dropout: 0.0,
            modality_dropout: 0.0,
            paraphrase_augmentation: false,
            typos: 0,
            augment: None,
            validation_fraction: 0.5,
            seed: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_yaml::Value;

    use super::*;

    #[test]
    fn numbers_out_of_range_are_named_with_what_is_allowed() {
        let allowed = serde_yaml::to_value(Training::example()).unwrap();
        for (key, wrong, range) in [
            ("epochs", 0.into(), "1 to 100000"),
            ("batch_size", 70_000.into(), "1 to 65536"),
            ("learning_rate", 0.0.into(), "above 0 and at most 1"),
            ("weight_decay", (-0.1).into(), "0 to 1"),
            ("input_noise", 11.0.into(), "0 to 10"),
            ("dropout", 1.0.into(), "0 to 0.9"),
            ("dropout", f64::NAN.into(), "0 to 0.9"),
            ("modality_dropout", (-0.1).into(), "0 to 0.9"),
            ("typos", 9.into(), "0 to 8"),
            ("validation_fraction", 0.6.into(), "0 to 0.5"),
        ] {
            let wrong: Value = wrong;
            let mut training = allowed.clone();
            training[key] = wrong.clone();
            let training: Training = serde_yaml::from_value(training).unwrap();
            let mut errors = ConfigErrors::new();
            training.check(&mut errors);
            let text = errors.to_string();
            assert!(text.contains(&format!("training.{key} is ")), "{text}");
            assert!(text.contains(range), "{key}: {wrong:?}: {text}");
        }
    }
}
