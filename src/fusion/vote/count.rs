//! Counting votes.

use nalgebra::DVector;

use super::voter::Voter;
use crate::number::Number;
use crate::spec::VoteRule;

/// What a vote came to.
pub(super) enum Decision<'a, T: Number> {
    /// One alternative has won.
    Winner(usize),
    /// The probability of every alternative.
    Mixture(&'a [T]),
}

/// A rule with the weights of the voters.
pub(super) struct Count<T: Number> {
    rule: VoteRule,
    voices: Vec<T>,
    votes: DVector<T>,
    probabilities: DVector<T>,
}

impl<T: Number> Count<T> {
    pub fn new(rule: VoteRule, voices: Vec<T>, alternatives: usize) -> Self {
        Self {
            rule,
            voices,
            votes: DVector::zeros(alternatives),
            probabilities: DVector::zeros(alternatives),
        }
    }

    /// What the vote of a voter counts.
    pub fn voice(&self, voter: usize) -> T {
        self.voices[voter]
    }

    /// Counts the votes on one question. Where the weights of all who vote are zero, all count alike.
    ///
    /// majority: Σ 1[argmax p_m]; weighted: Σ w_m·1[argmax p_m]; soft: Σ w_m·p_m / Σ w_m. A tie goes to the alternative
    /// with the higher mean probability, then to the lower index.
    pub fn count(&mut self, voters: &[Voter<T>], question: usize) -> Decision<'_, T> {
        let alternatives = self.votes.len();
        let voting = || voters.iter().enumerate().filter(|(_, voter)| voter.votes);
        let mut sum = T::zero();
        for (i, _) in voting() {
            sum += self.voices[i];
        }
        let alike = sum <= T::zero();
        let voice = |i: usize| if alike { T::one() } else { self.voices[i] };
        self.votes.fill(T::zero());
        self.probabilities.fill(T::zero());
        let mut total = T::zero();
        for (i, voter) in voting() {
            self.votes[voter.favorite(question, alternatives)] += voice(i);
            let share = match self.rule {
                VoteRule::Soft => voice(i),
                VoteRule::Majority | VoteRule::Weighted => T::one(),
            };
            total += share;
            let probabilities = voter.probabilities(question, alternatives);
            for (sum, probability) in self.probabilities.iter_mut().zip(probabilities) {
                *sum += share * *probability;
            }
        }
        self.probabilities.unscale_mut(total);
        match self.rule {
            VoteRule::Soft => Decision::Mixture(self.probabilities.as_slice()),
            VoteRule::Majority | VoteRule::Weighted => Decision::Winner(self.winner()),
        }
    }

    fn winner(&self) -> usize {
        let standing = |i: usize| (self.votes[i], self.probabilities[i]);
        let mut winner = 0;
        for i in 1..self.votes.len() {
            if standing(i) > standing(winner) {
                winner = i;
            }
        }
        winner
    }
}
