//! One voter: its modalities, its head, its probabilities.

use nalgebra::DVector;

use crate::errors::ConfigErrors;
use crate::fusion::Input;
use crate::layers::Mlp;
use crate::number::Number;
use crate::spec::{HeadSpec, PolicySpec, VoterSpec, Weights};

/// A group of modalities with a decision head of its own.
pub(super) struct Voter<T: Number> {
    pub name: String,
    /// Indices of its modalities in the policy.
    pub modalities: Vec<usize>,
    /// Whether it took part in the last vote.
    pub votes: bool,
    input: DVector<T>,
    layers: Mlp<T>,
    /// For each question, the probabilities of the alternatives, one question after the other.
    probabilities: DVector<T>,
}

impl<T: Number> Voter<T> {
    /// Reads the layers `vote.<voter>`, which give `outputs` logits.
    pub fn load(
        voter: &VoterSpec,
        spec: &PolicySpec,
        outputs: usize,
        weights: &Weights,
    ) -> Result<Self, ConfigErrors> {
        let modalities: Vec<usize> = voter
            .modalities
            .iter()
            .filter_map(|name| spec.modalities.iter().position(|m| m.name == *name))
            .collect();
        let widths = modalities.iter().map(|m| spec.modalities[*m].fused_width());
        let width = widths.sum();
        let HeadSpec::Mlp { hidden, .. } = &spec.head;
        let name = format!("vote.{}", voter.name);
        Ok(Self {
            layers: Mlp::load(&name, width, hidden, outputs, weights)?,
            name: voter.name.clone(),
            modalities,
            votes: false,
            input: DVector::zeros(width),
            probabilities: DVector::zeros(outputs),
        })
    }

    /// Computes the probabilities from what is present.
    pub fn decide(&mut self, now: &Input<'_, T>, absent: &[DVector<T>], alternatives: usize) {
        let mut start = 0;
        for modality in &self.modalities {
            let part = now.projected[*modality].unwrap_or(&absent[*modality]);
            self.input.rows_mut(start, part.len()).copy_from(part);
            start += part.len();
        }
        let logits = self.layers.forward(&self.input);
        self.probabilities.copy_from(logits);
        let probabilities = self.probabilities.as_mut_slice();
        for question in probabilities.chunks_exact_mut(alternatives) {
            softmax(question);
        }
    }

    /// Whether all probabilities are numbers.
    pub fn is_finite(&self) -> bool {
        self.probabilities.iter().all(|p| p.is_finite())
    }

    /// The probabilities of the alternatives of one question.
    pub fn probabilities(&self, question: usize, alternatives: usize) -> &[T] {
        &self.probabilities.as_slice()[question * alternatives..][..alternatives]
    }

    /// The likeliest alternative, the first among equals.
    pub fn favorite(&self, question: usize, alternatives: usize) -> usize {
        let probabilities = self.probabilities(question, alternatives);
        let mut favorite = 0;
        for (i, probability) in probabilities.iter().enumerate() {
            if *probability > probabilities[favorite] {
                favorite = i;
            }
        }
        favorite
    }
}

fn softmax<T: Number>(logits: &mut [T]) {
    let mut largest = logits[0];
    for logit in logits.iter() {
        largest = largest.max(*logit);
    }
    let mut sum = T::zero();
    for logit in logits.iter_mut() {
        // A logit of −∞ has overflowed; without this it would be a probability of 0 like any other.
        *logit = (*logit - largest).exp() + logit.zero_if_finite();
        sum += *logit;
    }
    for logit in logits.iter_mut() {
        *logit /= sum;
    }
}
