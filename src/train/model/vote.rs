//! Voting: every voter learns to decide on its own.

use candle_core::{DType, Device, Result, Tensor};

use super::disturb::{Disturb, Undisturbed};
use super::method::Setting;
use super::mlp::Mlp;
use super::parameters::Parameters;
use super::parts::{Absent, Parts};
use crate::spec::{ActionSpec, VoteRule, VoteSpec, Weights};

/// The differentiable counterpart of [`crate::fusion::Vote`].
pub(super) struct Vote {
    absent: Absent,
    voters: Vec<Voter>,
    ballot: Ballot,
}

struct Voter {
    modalities: Vec<usize>,
    layers: Mlp,
}

/// What is voted on.
struct Ballot {
    /// The centres of the bins of every number of the action, or none where there are choices.
    centres: Option<Vec<Vec<f32>>>,
    choices: Vec<Vec<f64>>,
    alternatives: usize,
    questions: usize,
    weights_are_learned: bool,
}

impl Vote {
    pub(super) fn new(
        parameters: &mut Parameters,
        spec: &VoteSpec,
        hidden: &[usize],
        actions: &[ActionSpec],
        setting: &Setting,
    ) -> Result<Self> {
        let absent = Absent::new(parameters, &setting.modalities, setting.leaves_out)?;
        let ballot = Ballot::new(spec, actions, setting.steps);
        let names = || setting.modalities.iter().map(|(name, _)| *name);
        let mut voters = Vec::new();
        for voter in spec.voters_of(names()) {
            let modalities: Vec<usize> = voter
                .modalities
                .iter()
                .filter_map(|name| names().position(|other| other == name))
                .collect();
            let width = modalities.iter().map(|m| setting.modalities[*m].1).sum();
            let (name, outputs) = (format!("vote.{}", voter.name), ballot.outputs());
            let layers = Mlp::new(parameters, &name, width, hidden, outputs)?;
            voters.push(Voter { modalities, layers });
        }
        Ok(Self {
            absent,
            voters,
            ballot,
        })
    }

    /// The mean of the voters' cross-entropies, for labels in the action's units, `[batch, steps·actions]`.
    pub(super) fn loss(
        &self,
        parts: &Parts,
        labels: &[Vec<f32>],
        disturb: &mut impl Disturb,
    ) -> Result<Tensor> {
        let shares = self.shares(labels)?;
        let mut sum = Tensor::zeros((), DType::F32, &Device::Cpu)?;
        for logits in self.logits(parts, disturb)? {
            let likelihood = (candle_nn::ops::log_softmax(&logits, 1)? * &shares)?.sum(1)?;
            sum = (sum - likelihood.mean(0)?)?;
        }
        sum / self.voters.len() as f64
    }

    /// For each voter, on how many questions its favorite is the answer, and how many there were.
    pub(super) fn hits(&self, parts: &Parts, labels: &[Vec<f32>]) -> Result<Vec<(usize, usize)>> {
        let answers: Vec<u32> = self.shares(labels)?.argmax(1)?.to_vec1()?;
        self.logits(parts, &mut Undisturbed)?
            .iter()
            .map(|logits| {
                let favorites: Vec<u32> = logits.argmax(1)?.to_vec1()?;
                let hits = favorites.iter().zip(&answers).filter(|(a, b)| a == b);
                Ok((hits.count(), answers.len()))
            })
            .collect()
    }

    /// The expected action under the mean of all voters' probabilities, `[batch, steps·actions]`.
    #[cfg(test)]
    pub(super) fn expectation(&self, parts: &Parts) -> Result<Tensor> {
        let logits = self.logits(parts, &mut Undisturbed)?;
        let mut mean = logits[0].zeros_like()?;
        for logits in &logits {
            mean = (mean + (candle_nn::ops::softmax(logits, 1)? / self.voters.len() as f64)?)?;
        }
        let alternatives = self.ballot.alternatives;
        match &self.ballot.centres {
            Some(centres) => {
                let mean = mean.reshape(((), centres.len(), alternatives))?;
                let centres = Tensor::new(centres.clone(), &Device::Cpu)?;
                mean.broadcast_mul(&centres)?.sum(2)
            }
            None => {
                let choices: Vec<Vec<f32>> = self
                    .ballot
                    .choices
                    .iter()
                    .map(|choice| choice.iter().map(|v| *v as f32).collect())
                    .collect();
                mean.matmul(&Tensor::new(choices, &Device::Cpu)?)
            }
        }
    }

    /// Adds what is not learned by gradient descent: the centres of the bins, and for a weighted vote the log-odds of
    /// each voter's accuracy against guessing, ln(p·(K−1)/(1−p)) (Zhu et al. 2009, "Multi-class AdaBoost", SAMME).
    pub(super) fn store(&self, hits: &[(usize, usize)], weights: &mut Weights) {
        if let Some(centres) = &self.ballot.centres {
            let shape = vec![centres.len(), self.ballot.alternatives];
            weights.insert("vote.centres", shape, centres.concat());
        }
        if self.ballot.weights_are_learned {
            let odds = hits.iter().map(|(hits, questions)| {
                // A voter that was never wrong, or never right, is still not infinitely so.
                let right = (*hits as f64 + 0.5) / (*questions as f64 + 1.0);
                let guesses = self.ballot.alternatives as f64 - 1.0;
                (right * guesses / (1.0 - right)).ln().max(LEAST_WEIGHT) as f32
            });
            weights.insert("vote.weights", vec![hits.len()], odds.collect());
        }
    }

    /// For each voter `[batch·questions, alternatives]`.
    fn logits(&self, parts: &Parts, disturb: &mut impl Disturb) -> Result<Vec<Tensor>> {
        let filled = self.absent.fill(parts)?;
        self.voters
            .iter()
            .map(|voter| {
                let group: Vec<&Tensor> = voter.modalities.iter().map(|m| &filled[*m]).collect();
                let input = Tensor::cat(&group, 1)?;
                let logits = voter.layers.forward_disturbed(&input, disturb)?;
                logits.reshape(((), self.ballot.alternatives))
            })
            .collect()
    }

    /// The right answers, `[batch·questions, alternatives]`.
    fn shares(&self, labels: &[Vec<f32>]) -> Result<Tensor> {
        let shares: Vec<f32> = labels
            .iter()
            .flat_map(|label| self.ballot.shares(label))
            .collect();
        Tensor::from_vec(shares, ((), self.ballot.alternatives), &Device::Cpu)
    }
}

/// The least that the vote of a voter counts that is no better than guessing.
const LEAST_WEIGHT: f64 = 0.01;

impl Ballot {
    fn new(spec: &VoteSpec, actions: &[ActionSpec], steps: usize) -> Self {
        let centres = |bins: usize| {
            let centre = |action: &ActionSpec, i: usize| {
                (action.min + (action.max - action.min) * i as f64 / (bins - 1) as f64) as f32
            };
            let row = |action| (0..bins).map(|i| centre(action, i)).collect();
            actions.iter().map(row).collect()
        };
        Self {
            centres: spec.bins.map(centres),
            choices: spec.choices.iter().map(|c| c.action.clone()).collect(),
            alternatives: spec.alternatives(),
            questions: steps * spec.questions(actions.len()),
            weights_are_learned: spec.rule == VoteRule::Weighted && spec.weights.is_empty(),
        }
    }

    fn outputs(&self) -> usize {
        self.questions * self.alternatives
    }

    /// The part of every alternative in the right answer, question after question. A number between the centres of two
    /// bins belongs to both, the more the nearer, so that their mean is the number itself ("two-hot": Farebrother et
    /// al. 2024, "Stop regressing: training value functions via classification for scalable deep RL"); of choices the
    /// nearest is right.
    fn shares(&self, label: &[f32]) -> Vec<f32> {
        match &self.centres {
            Some(centres) => label
                .iter()
                .zip(centres.iter().cycle())
                .flat_map(|(number, centres)| {
                    let width = centres[1] - centres[0];
                    let inside = number.clamp(centres[0], centres[centres.len() - 1]);
                    let share =
                        move |centre: &f32| (1.0 - (centre - inside).abs() / width).max(0.0);
                    centres.iter().map(share)
                })
                .collect(),
            None => label
                .chunks_exact(self.choices[0].len())
                .flat_map(|step| {
                    let square = |choice: &Vec<f64>| -> f64 {
                        let pairs = choice.iter().zip(step);
                        pairs.map(|(a, b)| (a - f64::from(*b)).powi(2)).sum()
                    };
                    let right = nearest(self.choices.iter().map(square));
                    (0..self.alternatives).map(move |i| if i == right { 1.0 } else { 0.0 })
                })
                .collect(),
        }
    }
}

fn nearest(distances: impl Iterator<Item = f64>) -> usize {
    let (mut least, mut at) = (f64::INFINITY, 0);
    for (i, distance) in distances.enumerate() {
        if distance < least {
            (least, at) = (distance, i);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ballot(spec: &str) -> Ballot {
        let actions: Vec<ActionSpec> =
            serde_yaml::from_str("[{name: x, unit: '1', min: -1, max: 1, stop: 0}]").unwrap();
        Ballot::new(&serde_yaml::from_str(spec).unwrap(), &actions, 1)
    }

    #[test]
    fn a_number_belongs_to_the_bins_about_it_and_is_their_mean() {
        let ballot = ballot("{rule: majority, bins: 5}");
        let centres = &ballot.centres.as_ref().unwrap()[0];
        for (number, meant) in [(-1.0, -1.0), (0.125, 0.125), (0.5, 0.5), (7.0, 1.0)] {
            let shares = ballot.shares(&[number]);
            assert_eq!(shares.iter().sum::<f32>(), 1.0);
            assert!(shares.iter().filter(|share| **share > 0.0).count() <= 2);
            let mean: f32 = centres.iter().zip(&shares).map(|(c, s)| c * s).sum();
            assert_eq!(mean, meant, "of {number}");
        }
    }

    #[test]
    fn of_choices_the_nearest_is_right() {
        let ballot =
            ballot("{rule: soft, choices: [{name: go, action: [1]}, {name: no, action: [0]}]}");
        assert_eq!(ballot.shares(&[0.7]), [1.0, 0.0]);
        assert_eq!(ballot.shares(&[0.2]), [0.0, 1.0]);
    }
}
