//! What is voted on: bins of every number of the action, or named choices of whole actions.

use nalgebra::DMatrix;

use super::count::Decision;
use crate::errors::ConfigErrors;
use crate::number::Number;
use crate::spec::{VoteSpec, Weights};

/// The alternatives of a vote, and what they stand for.
pub(super) enum Options<T: Number> {
    /// The centres of the bins, `[actions, bins]`: every number of the action is a question of its own.
    Bins(DMatrix<T>),
    /// The actions of the choices, `[choices, actions]`: the action is one question.
    Choices(DMatrix<T>),
}

impl<T: Number> Options<T> {
    /// Reads `vote.centres` where there are bins.
    pub fn load(vote: &VoteSpec, actions: usize, weights: &Weights) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        match vote.bins {
            Some(bins) => weights
                .matrix("vote.centres", actions, bins, &mut errors)
                .map(Self::Bins)
                .ok_or(errors),
            None => Ok(Self::Choices(DMatrix::from_fn(
                vote.choices.len(),
                actions,
                |choice, action| Number::from_f64(vote.choices[choice].action[action]),
            ))),
        }
    }

    /// How many alternatives every question has.
    pub fn alternatives(&self) -> usize {
        match self {
            Self::Bins(centres) => centres.ncols(),
            Self::Choices(actions) => actions.nrows(),
        }
    }

    /// How many numbers an action has.
    pub fn actions(&self) -> usize {
        match self {
            Self::Bins(centres) => centres.nrows(),
            Self::Choices(actions) => actions.ncols(),
        }
    }

    /// Writes what was decided on a question into the actions of all steps.
    pub fn decode(&self, question: usize, decision: Decision<'_, T>, actions: &mut [T]) {
        match decision {
            Decision::Winner(alternative) => self.decode_one(question, alternative, actions),
            Decision::Mixture(probabilities) => self.each(question, actions, |number| {
                let mut expectation = T::zero();
                for (alternative, probability) in probabilities.iter().enumerate() {
                    expectation += *probability * self.number(number, alternative);
                }
                expectation
            }),
        }
    }

    /// Writes what one alternative of a question stands for into the actions of all steps.
    pub fn decode_one(&self, question: usize, alternative: usize, actions: &mut [T]) {
        self.each(question, actions, |number| self.number(number, alternative));
    }

    /// Writes the numbers that a question decides, each given by its index in the action.
    fn each(&self, question: usize, actions: &mut [T], value: impl Fn(usize) -> T) {
        let width = self.actions();
        match self {
            Self::Bins(_) => actions[question] = value(question % width),
            Self::Choices(_) => {
                let step = &mut actions[question * width..][..width];
                for (number, action) in step.iter_mut().enumerate() {
                    *action = value(number);
                }
            }
        }
    }

    fn number(&self, number: usize, alternative: usize) -> T {
        match self {
            Self::Bins(centres) => centres[(number, alternative)],
            Self::Choices(actions) => actions[(alternative, number)],
        }
    }
}
