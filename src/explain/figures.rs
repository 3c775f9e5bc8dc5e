//! What was found, as numbers: one entry per sample, for the picture and for those who plot themselves.

use serde::Serialize;

use crate::control::StopReason;
use crate::fusion::FusionTrace;
use crate::spec::PolicySpec;

/// Everything about one stretch of a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// The policy's name.
    pub policy: String,
    /// The bag's file name.
    pub bag: String,
    /// Which part of it, in words.
    pub part: String,
    /// Seconds between two samples.
    pub step_s: f64,
    /// The modalities, in the order in which all lists below have them.
    pub modalities: Vec<String>,
    /// The numbers of an action, likewise.
    pub actions: Vec<ActionFigure>,
    /// What one should know before one believes the rest.
    pub notes: Vec<String>,
    /// For each modality and action Σ|φ| over all samples, relative to that of all modalities together.
    pub shares: Vec<Vec<f64>>,
    /// The samples, one after the other.
    pub samples: Vec<Sample>,
}

/// One number of an action.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActionFigure {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
}

/// One control period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// Seconds since the beginning of the episode, or of the bag.
    pub time_s: f64,
    /// What the node would have done.
    pub decision: DecisionKind,
    /// Why it would not have acted, where it would not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopCause>,
    /// The age of each modality's feature; none where it was absent or too old.
    pub ages_s: Vec<Option<f64>>,
    /// The sentence of each modality, where it has one.
    pub sentences: Vec<Option<String>>,
    /// What the node would have commanded: the policy's action within its limits, or the stop action.
    pub command: Vec<f64>,
    /// Why; none while the node would not have acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// The demonstrator's action at that time, where the bag has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expert: Option<Vec<f64>>,
    /// The command that was recorded, where the bag has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Vec<f64>>,
}

/// What the node would have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// Acted as the policy says.
    Act,
    /// Commanded the stop action.
    Stop,
    /// Commanded nothing yet.
    Wait,
}

/// Why it would not have acted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StopCause {
    /// The cause, which stays the same while it lasts: `scene too old`.
    pub cause: String,
    /// As the node would have said it, with its numbers.
    pub reason: String,
}

impl StopCause {
    /// A reason in the words of a policy.
    pub fn of(reason: &StopReason, spec: &PolicySpec) -> Self {
        let name = |modality: usize| &spec.modalities[modality].name;
        let described = reason.describe(spec).to_string();
        Self {
            cause: match *reason {
                StopReason::Absent { modality } => format!("{} absent", name(modality)),
                StopReason::Stale {
                    modality, age_s, ..
                } if age_s < 0.0 => format!("{} stamped in the future", name(modality)),
                StopReason::Stale { modality, .. } => format!("{} too old", name(modality)),
                StopReason::Unfit { modality, fault } => {
                    format!("{} {}", name(modality), fault.cause())
                }
                _ => described.clone(),
            },
            reason: described,
        }
    }
}

/// Why an action is what it is. By modality, the contributions add up to `all` − `nothing`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// The contribution of each modality to each number of the action: exact Shapley values.
    pub contributions: Vec<Vec<f64>>,
    /// The policy's action with everything that was there, before limits.
    pub all: Vec<f64>,
    /// Its action with nothing.
    pub nothing: Vec<f64>,
    /// What the fusion gave how much weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fusion: Option<Weighing>,
}

/// Weights or votes of a fusion.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighing {
    /// The weight of each modality.
    Weights(Vec<f64>),
    /// What each voter voted for.
    Votes(Vec<Vote>),
}

/// The vote of one voter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Vote {
    /// The voter.
    pub voter: String,
    /// What its vote counted; zero where it did not vote.
    pub weight: f64,
    /// The action that it held for likeliest.
    pub action: Vec<f64>,
}

impl Weighing {
    /// What a fusion says of itself, where it weighs anything.
    pub fn of(account: FusionTrace) -> Option<Self> {
        match account {
            FusionTrace::Unweighted => None,
            FusionTrace::Weights(weights) => Some(Self::Weights(weights)),
            FusionTrace::Votes(ballots) => {
                let votes = ballots.into_iter().map(|ballot| Vote {
                    voter: ballot.voter,
                    weight: ballot.weight,
                    action: ballot.action,
                });
                Some(Self::Votes(votes.collect()))
            }
        }
    }
}

impl Figures {
    /// Nothing yet, of a policy.
    pub fn new(spec: &PolicySpec, bag: String, part: String, step_s: f64) -> Self {
        let actions = spec.actions.iter().map(|action| ActionFigure {
            name: action.name.clone(),
            unit: action.unit.clone(),
        });
        Self {
            policy: spec.name.clone(),
            bag,
            part,
            step_s,
            modalities: spec.modalities.iter().map(|m| m.name.clone()).collect(),
            actions: actions.collect(),
            notes: Vec::new(),
            shares: vec![vec![0.0; spec.actions.len()]; spec.modalities.len()],
            samples: Vec::new(),
        }
    }

    /// Takes in the samples.
    pub fn take(&mut self, samples: Vec<Sample>) {
        self.samples = samples;
        for action in 0..self.actions.len() {
            let reasons = || self.samples.iter().filter_map(|sample| sample.why.as_ref());
            let of =
                |m: usize| -> f64 { reasons().map(|w| w.contributions[m][action].abs()).sum() };
            let sums: Vec<f64> = (0..self.modalities.len()).map(of).collect();
            let total: f64 = sums.iter().sum();
            for (shares, sum) in self.shares.iter_mut().zip(sums) {
                shares[action] = if total > 0.0 { sum / total } else { 0.0 };
            }
        }
    }

    /// The mean over the numbers of the action of a modality's shares.
    pub fn share(&self, modality: usize) -> f64 {
        let shares = &self.shares[modality];
        shares.iter().sum::<f64>() / shares.len().max(1) as f64
    }
}
