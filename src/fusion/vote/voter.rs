//! One voter: its modalities, its head, its probabilities.

use nalgebra::DVector;

use super::Input;
use crate::head::{Block, Layers};
use crate::number::Number;
use crate::policy::{HeadSpec, PolicySpec, VoterSpec, Weights};
use crate::problems::Problems;

/// A group of modalities with a decision head of its own.
pub(super) struct Voter<T: Number> {
    pub name: String,
    /// Indices of its modalities in the policy.
    pub modalities: Vec<usize>,
    /// Whether it took part in the last vote.
    pub votes: bool,
    input: DVector<T>,
    layers: Layers<T>,
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
    ) -> Result<Self, Problems> {
        let modalities: Vec<usize> = voter
            .modalities
            .iter()
            .filter_map(|name| spec.modalities.iter().position(|m| m.name == *name))
            .collect();
        let blocks: Vec<Block> = modalities
            .iter()
            .map(|m| Block {
                width: spec.modalities[*m].fused_width(),
                modalities: vec![*m],
            })
            .collect();
        let HeadSpec::Mlp { hidden, .. } = &spec.head;
        let name = format!("vote.{}", voter.name);
        Ok(Self {
            layers: Layers::load(&name, &blocks, hidden, outputs, weights)?,
            name: voter.name.clone(),
            modalities,
            votes: false,
            input: DVector::zeros(blocks.iter().map(|block| block.width).sum()),
            probabilities: DVector::zeros(outputs),
        })
    }

    /// To be called when the features are new ones.
    pub fn forget(&mut self) {
        self.layers.forget();
    }

    /// Computes the probabilities from what is present.
    pub fn decide(&mut self, now: &Input<'_, T>, absent: &[DVector<T>], alternatives: usize) {
        let mut start = 0;
        for modality in &self.modalities {
            let part = now.aligned[*modality].unwrap_or(&absent[*modality]);
            self.input.rows_mut(start, part.len()).copy_from(part);
            start += part.len();
        }
        let logits = self.layers.forward(&self.input, now.presence().bits);
        self.probabilities.copy_from(logits);
        let probabilities = self.probabilities.as_mut_slice();
        for question in probabilities.chunks_exact_mut(alternatives) {
            softmax(question);
        }
    }

    /// The probabilities of the alternatives of one question.
    pub fn probabilities(&self, question: usize, alternatives: usize) -> &[T] {
        &self.probabilities.as_slice()[question * alternatives..][..alternatives]
    }

    /// The likeliest alternative, the first among equals.
    pub fn favourite(&self, question: usize, alternatives: usize) -> usize {
        let probabilities = self.probabilities(question, alternatives);
        let mut favourite = 0;
        for (i, probability) in probabilities.iter().enumerate() {
            if *probability > probabilities[favourite] {
                favourite = i;
            }
        }
        favourite
    }
}

fn softmax<T: Number>(logits: &mut [T]) {
    let mut largest = logits[0];
    for logit in logits.iter() {
        largest = largest.max(*logit);
    }
    let mut sum = T::zero();
    for logit in logits.iter_mut() {
        *logit = (*logit - largest).exp();
        sum += *logit;
    }
    for logit in logits.iter_mut() {
        *logit /= sum;
    }
}
