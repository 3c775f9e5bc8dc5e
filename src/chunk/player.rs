//! Remembers chunks and plays them.

use std::collections::VecDeque;

use super::combine::{self, WeightedStep};
use super::ensemble::Ensemble;
use super::fused::Fused;
use super::lateness::Lateness;
use super::timing::Timing;
use crate::spec::{ChunkSpec, FusionSpec, HeadSpec, MAX_MODALITIES, PolicySpec, VoteRule};
use crate::time::Stamp;

/// Plays the chunks of one policy. All memory is taken when it is built.
pub struct Player {
    timing: Timing,
    ensemble: Ensemble,
    /// Whether the action is one of named choices, which are never averaged. A soft vote over choices gives their
    /// expectation, and so numbers.
    choices: bool,
    width: usize,
    /// Oldest first.
    chunks: VecDeque<Chunk>,
    spare: Vec<Chunk>,
    /// What the newest chunk was made from.
    fused: Fused,
    lateness: Lateness,
    since_ns: Vec<i64>,
    played_ns: Vec<i64>,
    weights: Vec<f64>,
    ballots: Vec<(usize, f64)>,
}

/// The actions of one prediction, step after step.
#[derive(Clone)]
struct Chunk {
    made: Stamp,
    /// How far it was already due when it was predicted; negative where its first step was due only later.
    late_ns: i64,
    actions: Vec<f64>,
}

impl Chunk {
    /// Nanoseconds since its prediction; negative when the clock was turned back.
    fn age_ns(&self, now: Stamp) -> i64 {
        now.nanos().saturating_sub(self.made.nanos())
    }

    /// Nanoseconds since its first step was due, and 0 before.
    fn played_ns(&self, now: Stamp) -> i64 {
        self.age_ns(now).saturating_add(self.late_ns).max(0)
    }
}

impl Player {
    /// A player that has nothing yet, for commands every `period_s`. Without a chunk, or with one of a single step, it
    /// asks for a prediction every period, and there is nothing to put together.
    pub fn new(spec: &PolicySpec, ensemble: Ensemble, period_s: f64) -> Self {
        let HeadSpec::Mlp { chunk, .. } = &spec.head;
        let choices = matches!(&spec.fusion, FusionSpec::Vote(vote)
            if !vote.choices.is_empty() && vote.rule != VoteRule::Soft);
        let several = chunk.filter(|chunk: &ChunkSpec| chunk.steps > 1);
        let ensemble = several.map_or(Ensemble::None, |_| ensemble);
        let timing = Timing::new(several, choices, period_s);
        let (room, width) = (ensemble.room(), spec.actions.len());
        let chunk = Chunk {
            made: Stamp::default(),
            late_ns: 0,
            actions: vec![0.0; timing.steps() * width],
        };
        Self {
            timing,
            ensemble,
            choices,
            width,
            chunks: VecDeque::with_capacity(room),
            spare: vec![chunk; room],
            fused: [None; MAX_MODALITIES],
            lateness: Lateness::new(spec, timing.span_ns()),
            since_ns: vec![0; room],
            played_ns: vec![0; room],
            weights: vec![0.0; room],
            ballots: Vec::with_capacity(room),
        }
    }

    /// Whether the policy has to be asked: when a feature is new, when other modalities are there than before, and when
    /// the newest chunk has been played to its end. Chunks that were made with other modalities are forgotten, and so
    /// are those of a time that the clock has turned back to before.
    pub fn is_due(&mut self, now: Stamp, fused: &Fused) -> bool {
        let mut modalities = fused.iter().zip(&self.fused);
        let others = modalities.any(|(now, before)| now.is_some() != before.is_some());
        match self.chunks.back() {
            Some(newest) if !others && newest.age_ns(now) >= 0 => {
                *fused != self.fused || self.timing.is_over(newest.played_ns(now))
            }
            _ => {
                self.forget();
                true
            }
        }
    }

    /// Where the policy is to write the chunk that it predicts now, from these features.
    pub fn record(&mut self, now: Stamp, fused: &Fused) -> &mut [f64] {
        let late_ns = self.lateness.of(now, fused, &self.fused);
        self.fused = *fused;
        let chunk = self.spare.pop().or_else(|| self.chunks.pop_front());
        let mut chunk = chunk.expect("a player has room for at least one chunk");
        (chunk.made, chunk.late_ns) = (now, late_ns);
        self.chunks.push_back(chunk);
        &mut self.chunks.back_mut().expect("one was put there").actions
    }

    /// Writes the action for this moment. After a prediction, and until [`Player::is_due`] asks for the next.
    pub fn play(&mut self, now: Stamp, action: &mut [f64]) {
        self.foresee(now, action);
        let weights = &self.weights[..self.chunks.len()];
        let spent = weights.iter().take_while(|weight| **weight == 0.0).count();
        self.spare.extend(self.chunks.drain(..spent));
    }

    /// Writes the action for a moment to come, were there no other prediction before it. After [`Player::play`].
    pub fn foresee(&mut self, then: Stamp, action: &mut [f64]) {
        let count = self.chunks.len();
        for (i, chunk) in self.chunks.iter().enumerate() {
            self.since_ns[i] = chunk.age_ns(then);
            self.played_ns[i] = chunk.played_ns(then);
        }
        let (since_ns, played_ns) = (&self.since_ns[..count], &self.played_ns[..count]);
        let weights = &mut self.weights[..count];
        self.ensemble
            .weigh(&self.timing, since_ns, played_ns, weights);
        let said = |i: usize| {
            let (step, way) = self.timing.place(played_ns[i]);
            let actions = &self.chunks[i].actions[step * self.width..];
            let (step, rest) = actions.split_at(self.width);
            WeightedStep {
                step,
                next: rest.get(..self.width).unwrap_or(step),
                way,
                weight: weights[i],
            }
        };
        match self.choices {
            true => combine::vote(count, said, &mut self.ballots, action),
            false => combine::mean((0..count).map(said), action),
        }
    }

    /// Forgets every chunk.
    pub fn forget(&mut self) {
        self.spare.extend(self.chunks.drain(..));
    }
}

#[cfg(test)]
mod tests;
