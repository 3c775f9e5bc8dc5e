//! What `policy.yaml` says about fusion.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::keys;

/// How the projected features become one vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum FusionSpec {
    /// One after the other, in the order of the modalities.
    #[serde(deserialize_with = "keys::none")]
    Concat,
    /// A weighted sum; all modalities are projected to one width.
    Weighted(WeightedSpec),
    /// Concatenation with low-rank products of pairs of modalities.
    Bilinear(BilinearSpec),
    /// Maps that are attended to: where is what another modality speaks of?
    CrossAttention(CrossAttentionSpec),
    /// Every voter decides on its own, and the decisions are counted.
    Vote(VoteSpec),
}

/// Σ w_m ⊙ a_m over the modalities that are present.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedSpec {
    /// Where the weights come from.
    pub weights: WeightsSpec,
    /// By modality, the time in seconds in which a feature's weight falls to 1/e as it ages; without an entry it does
    /// not age.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tau_s: BTreeMap<String, f64>,
}

/// Where the weights of a weighted sum come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum WeightsSpec {
    /// Written by the user, and brought to a sum of 1 over the modalities that are present.
    Fixed {
        /// By modality, a number or one number per dimension; none negative, not all zero.
        values: BTreeMap<String, FixedWeight>,
    },
    /// Learned by back-propagation; a softmax over the modalities that are present.
    Learned {
        /// What has a weight of its own.
        per: Per,
    },
    /// Every modality attends over its own dimensions: w_m = softmax(W_m·a_m).
    #[serde(deserialize_with = "keys::none")]
    AttentionWithin,
    /// The modalities attend over each other: w_m = exp(s_m)/Σ exp(s_k), s_m = v·tanh(U·a_m).
    AttentionAcross {
        /// Rows of U.
        hidden: usize,
    },
}

/// A weight that the user wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FixedWeight {
    /// One for all dimensions.
    Scalar(f64),
    /// One per dimension.
    Vector(Vec<f64>),
}

/// What has a weight of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Every modality.
    Modality,
    /// Every dimension of every modality.
    Dimension,
}

/// [a_1; …; a_M; (U_ij·a_i) ∘ (V_ij·a_j) for every pair].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BilinearSpec {
    /// Rows of every U and V: how many products a pair gives.
    pub rank: usize,
    /// The pairs of modalities that are multiplied; all of them where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<[String; 2]>,
}

impl BilinearSpec {
    /// The pairs as indices into the modalities: those that are named, or every two of them in their order.
    pub fn pairs_of<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<[usize; 2]> {
        let names: Vec<&str> = names.collect();
        let index = |name: &String| names.iter().position(|other| other == name);
        match self.pairs.is_empty() {
            true => (0..names.len())
                .flat_map(|i| (i + 1..names.len()).map(move |j| [i, j]))
                .collect(),
            false => self
                .pairs
                .iter()
                .filter_map(|[i, j]| Some([index(i)?, index(j)?]))
                .collect(),
        }
    }
}

/// The places in maps that queries attend to, and every other modality as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossAttentionSpec {
    /// By modality that is a map, how many cells a side of it has: a feature of `channels·cells²` numbers, channel by
    /// channel, each row by row, as the pooling `grid` gives it.
    pub maps: BTreeMap<String, usize>,
    /// The modalities that ask, such as an instruction. They reach the action through the maps alone.
    pub queries: Vec<String>,
    /// How many places are attended to in every map.
    pub heads: usize,
}

impl CrossAttentionSpec {
    /// The modalities by name and the width of what stands for them: of a map its places, x and y of every head.
    pub fn parts<'a>(&self, modalities: &[(&'a str, usize)]) -> Vec<(&'a str, usize)> {
        let part = |(name, width): &(&'a str, usize)| match self.maps.contains_key(*name) {
            true => (*name, 2 * self.heads),
            false => (*name, *width),
        };
        modalities.iter().map(part).collect()
    }
}

impl FusionSpec {
    /// Cells per side of a modality that is fused as a map; `None` for one that is fused as a vector.
    pub fn cells_of(&self, modality: &str) -> Option<usize> {
        match self {
            Self::CrossAttention(attention) => attention.maps.get(modality).copied(),
            _ => None,
        }
    }
}

/// Voting. The `head` of the policy says what the head of every voter looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoteSpec {
    /// How votes are counted.
    pub rule: VoteRule,
    /// How many bins each number of the action has, from its `min` to its `max`. Either this or `choices`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins: Option<usize>,
    /// Named actions to choose from. Either these or `bins`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ChoiceSpec>,
    /// Who votes; every modality alone where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voters: Vec<VoterSpec>,
    /// By voter, the weight of its vote (`weighted`, `soft`). Without them a `weighted` vote uses what was learned, the
    /// log-odds of each voter's accuracy, and a `soft` one weighs all alike.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, f64>,
}

impl VoteSpec {
    /// How many alternatives each question has: bins, or choices.
    pub fn alternatives(&self) -> usize {
        self.bins.unwrap_or(self.choices.len())
    }

    /// How many questions an action of so many numbers takes: each number's bin, or one choice.
    pub fn questions(&self, actions: usize) -> usize {
        match self.bins {
            Some(_) => actions,
            None => 1,
        }
    }

    /// Who votes: those that are named, or every modality alone.
    pub fn voters_of<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<VoterSpec> {
        let alone = |name: &str| VoterSpec {
            name: name.to_owned(),
            modalities: vec![name.to_owned()],
        };
        match self.voters.is_empty() {
            true => names.map(alone).collect(),
            false => self.voters.clone(),
        }
    }
}

/// How votes are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoteRule {
    /// One vote for the likeliest bin of each voter.
    Majority,
    /// The same, with weights.
    Weighted,
    /// The weighted mean of the voters' probabilities.
    Soft,
}

/// An action with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceSpec {
    /// Its name.
    pub name: String,
    /// One number per entry of the action space.
    pub action: Vec<f64>,
}

/// A group of modalities that decide together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoterSpec {
    /// Its name.
    pub name: String,
    /// Its modalities.
    pub modalities: Vec<String>,
}
