//! Voting: every voter decides on its own, and the decisions are counted.
//!
//! A voter is a group of modalities that together can decide; every modality alone is the default. Each number of the
//! action is decided between K bins, or the whole action between named choices. Those vote who have all their
//! modalities. Where nobody has, those who have some; where nothing is present at all, everybody. What a voter lacks is
//! replaced by the learned missing-modality embedding.

mod count;
mod options;
mod voter;

use nalgebra::DVector;

use self::count::Count;
use self::options::Options;
use self::voter::Voter;
use super::members::members;
use super::method::{Ballot, Fusion, FusionTrace, Input};
use super::missing;
use crate::errors::ConfigErrors;
use crate::number::Number;
use crate::spec::{PolicySpec, VoteRule, VoteSpec, Weights};

/// A vote. The fused vector is the action itself, or the actions of all steps one after the other.
pub struct Vote<T: Number> {
    voters: Vec<Voter<T>>,
    absent: Vec<DVector<T>>,
    options: Options<T>,
    count: Count<T>,
    /// How many decisions the action takes, and how many of them the first step's.
    questions: usize,
    of_first_step: usize,
    width: usize,
}

impl<T: Number> Vote<T> {
    /// Reads the layers `vote.<voter>`, for bins `vote.centres` (`[actions, bins]`), for a weighted vote whose weights
    /// the user has not written `vote.weights` (`[voters]`), and the missing-modality embeddings.
    ///
    /// # Errors
    /// Every tensor that is missing or of another shape.
    pub fn load(
        vote: &VoteSpec,
        spec: &PolicySpec,
        weights: &Weights,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let (steps, actions) = (spec.head.steps(), spec.actions.len());
        let modalities = members(spec);
        let absent = missing::embeddings(&modalities, weights).map_err(|e| errors.extend(e));
        let options = Options::load(vote, actions, weights).map_err(|found| errors.extend(found));
        let of_first_step = vote.questions(actions);
        let questions = steps * of_first_step;
        let mut voters = Vec::new();
        for voter in vote.voters_of(modalities.iter().map(|(name, _)| *name)) {
            match Voter::load(&voter, spec, questions * vote.alternatives(), weights) {
                Ok(voter) => voters.push(voter),
                Err(found) => errors.extend(found),
            }
        }
        let names = voters.iter().map(|voter| voter.name.as_str());
        let voices: Option<Vec<T>> = match (&vote.rule, vote.weights.is_empty()) {
            (VoteRule::Majority, _) | (VoteRule::Soft, true) => Some(vec![T::one(); voters.len()]),
            (VoteRule::Weighted, true) => weights
                .vector::<T>("vote.weights", voters.len(), &mut errors)
                .map(|voices| voices.iter().copied().collect()),
            (_, false) => Some(
                names
                    .map(|name| Number::from_f64(vote.weights.get(name).copied().unwrap_or(0.0)))
                    .collect(),
            ),
        };
        match (absent, options, voices, errors.is_empty()) {
            (Ok(absent), Ok(options), Some(voices), true) => Ok(Self {
                count: Count::new(vote.rule, voices, vote.alternatives()),
                voters,
                absent,
                options,
                questions,
                of_first_step,
                width: steps * actions,
            }),
            _ => Err(errors),
        }
    }

    /// Marks who votes.
    fn call(&mut self, present: impl Fn(usize) -> bool + Copy) {
        for voter in &mut self.voters {
            voter.votes = voter.modalities.iter().all(|m| present(*m));
        }
        for enough in [1, 0] {
            if self.voters.iter().any(|voter| voter.votes) {
                return;
            }
            for voter in &mut self.voters {
                let there = voter.modalities.iter().filter(|m| present(**m)).count();
                voter.votes = there >= enough;
            }
        }
    }
}

impl<T: Number> Fusion<T> for Vote<T> {
    fn width(&self) -> usize {
        self.width
    }

    fn fuse(&mut self, input: Input<'_, T>, fused: &mut DVector<T>) {
        self.call(|modality| input.projected[modality].is_some());
        for voter in self.voters.iter_mut().filter(|voter| voter.votes) {
            voter.decide(&input, &self.absent, self.options.alternatives());
        }
        // The likeliest of alternatives without probabilities would be the first one, as good a number as any other.
        let mut voting = self.voters.iter().filter(|voter| voter.votes);
        if voting.any(|voter| !voter.is_finite()) {
            fused.fill(Number::from_f64(f64::NAN));
            return;
        }
        for question in 0..self.questions {
            let decision = self.count.count(&self.voters, question);
            self.options
                .decode(question, decision, fused.as_mut_slice());
        }
    }

    fn trace(&self) -> FusionTrace {
        let ballots = self.voters.iter().enumerate().map(|(i, voter)| {
            let mut action = DVector::zeros(self.width);
            for question in 0..self.of_first_step {
                let favorite = voter.favorite(question, self.options.alternatives());
                self.options
                    .decode_one(question, favorite, action.as_mut_slice());
            }
            Ballot {
                voter: voter.name.clone(),
                weight: match voter.votes {
                    true => self.count.voice(i).to_f64(),
                    false => 0.0,
                },
                action: action
                    .iter()
                    .take(self.options.actions())
                    .map(|v| v.to_f64())
                    .collect(),
            }
        });
        FusionTrace::Votes(ballots.collect())
    }
}

#[cfg(test)]
mod tests;
