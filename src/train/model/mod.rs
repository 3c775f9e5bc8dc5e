//! The trainable counterpart of [`crate::policy::Policy`]: the same sums in candle, which can differentiate them.
//! Parameters carry the names under which the policy's weights are stored.

mod bilinear;
mod concat;
mod cross_attention;
mod disturb;
mod learned_pooling;
mod method;
mod mlp;
mod parameters;
mod parts;
mod vote;
mod weighted;

pub use disturb::{Disturb, Undisturbed};
pub use parameters::Parameters;
pub use parts::Parts;

use candle_core::{Device, Result, Tensor};

use self::bilinear::Bilinear;
use self::concat::Concat;
use self::cross_attention::CrossAttention;
use self::learned_pooling::LearnedPooling;
use self::method::{Fusion, Setting};
use self::mlp::Mlp;
use self::vote::Vote;
use self::weighted::Weighted;
use super::normalizer::Normalizer;
use super::training_input::TrainingInput;
use crate::spec::{Activation, FusionSpec, HeadSpec, PolicySpec, SourceSpec, Weights};

/// Standardization, pooling, alignment, fusion and head.
pub struct Model {
    modalities: Vec<Modality>,
    decision: Decision,
    parameters: Parameters,
}

enum Decision {
    /// A fused vector, of which the head makes standardized actions.
    Fused { fusion: Box<dyn Fusion>, head: Mlp },
    /// Voters, each with a head of its own.
    Vote(Vote),
}

struct Modality {
    name: String,
    standard: Normalizer,
    mean: Tensor,
    inverse_std: Tensor,
    pooling: Option<LearnedPooling>,
    projection: Option<Mlp>,
    projection_activation: Activation,
}

/// A batch of what is learned from.
pub struct Batch {
    /// One `[batch, width of the table]` per modality.
    pub features: Vec<Tensor>,
    /// One `[batch, 1]` per modality, 1 where it is there and 0 where it is left out; none where nothing is left out.
    pub presence: Option<Vec<Tensor>>,
    /// The actions of all steps, in their units.
    pub labels: Vec<Vec<f32>>,
    /// The same, standardized: `[batch, steps·actions]`.
    pub standardized: Tensor,
}

impl Model {
    /// A model with initial parameters drawn from `seed`, for features that are distributed as `standards` say,
    /// one per modality in the policy's order. `leaves_out` says whether batches will have modalities left out.
    ///
    /// # Errors
    /// What candle says about its memory.
    pub fn new(
        spec: &PolicySpec,
        inputs: &[TrainingInput],
        standards: Vec<Normalizer>,
        leaves_out: bool,
        seed: u64,
    ) -> Result<Self> {
        let mut parameters = Parameters::new(seed);
        let mut modalities = Vec::with_capacity(spec.modalities.len());
        for ((m, training_input), standard) in spec.modalities.iter().zip(inputs).zip(standards) {
            let pooling = match (&m.source, training_input.map) {
                (SourceSpec::Image { encoder }, Some(shape)) => {
                    let (pooling, mixtures) = (encoder.pooling, encoder.mixtures().unwrap_or(1));
                    let parameters = &mut parameters;
                    Some(LearnedPooling::new(
                        parameters, &m.name, pooling, mixtures, shape,
                    )?)
                }
                _ => None,
            };
            let projection = match m.projection_layers().split_last() {
                Some((last, hidden)) => {
                    let input = m.input_width();
                    Some(Mlp::named(&mut parameters, input, hidden, last)?)
                }
                None => None,
            };
            let inverse_std: Vec<f32> = standard.std.iter().map(|std| 1.0 / std).collect();
            modalities.push(Modality {
                name: m.name.clone(),
                mean: Tensor::new(standard.mean.as_slice(), &Device::Cpu)?,
                inverse_std: Tensor::new(inverse_std, &Device::Cpu)?,
                standard,
                pooling,
                projection,
                projection_activation: m.projection_activation,
            });
        }
        let setting = Setting {
            modalities: spec
                .modalities
                .iter()
                .map(|m| (m.name.as_str(), m.fused_width()))
                .collect(),
            leaves_out,
            steps: spec.head.steps(),
        };
        Ok(Self {
            modalities,
            decision: Decision::new(&mut parameters, spec, &setting)?,
            parameters,
        })
    }

    /// What gradient descent makes smaller: the mean squared difference of standardized actions, or the cross-entropy of
    /// voters.
    ///
    /// # Errors
    /// What candle says; never for tensors of the right shapes.
    pub fn loss(&self, batch: &Batch, disturb: &mut impl Disturb) -> Result<Tensor> {
        let parts = self.parts(batch, disturb)?;
        match &self.decision {
            Decision::Fused { fusion, head } => {
                let action = head.forward_disturbed(&fusion.fuse(&parts)?, disturb)?;
                (action - &batch.standardized)?.sqr()?.mean_all()
            }
            Decision::Vote(vote) => vote.loss(&parts, &batch.labels, disturb),
        }
    }

    /// For each voter, on how many questions its favorite is the answer, and how many there were; nothing for a model
    /// without voters.
    ///
    /// # Errors
    /// What candle says; never for tensors of the right shapes.
    pub fn hits(&self, batch: &Batch) -> Result<Vec<(usize, usize)>> {
        match &self.decision {
            Decision::Fused { .. } => Ok(Vec::new()),
            Decision::Vote(vote) => vote.hits(&self.parts(batch, &mut Undisturbed)?, &batch.labels),
        }
    }

    /// What is learned.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The tensors of a policy whose labels are distributed as `action` says, and whose voters were so often right as
    /// `hits` says.
    ///
    /// # Errors
    /// What candle says.
    pub fn weights(&self, action: &Normalizer, hits: &[(usize, usize)]) -> Result<Weights> {
        let mut weights = Weights::default();
        self.parameters.store(&mut weights)?;
        for Modality {
            name,
            standard,
            pooling,
            ..
        } in &self.modalities
        {
            match pooling {
                Some(pooling) => {
                    pooling.store(name, standard, &mut weights)?;
                    Normalizer::untouched(pooling.width())
                        .store(&format!("standardize.{name}"), &mut weights);
                }
                None => standard.store(&format!("standardize.{name}"), &mut weights),
            }
        }
        match &self.decision {
            Decision::Fused { .. } => action.store("action", &mut weights),
            Decision::Vote(vote) => vote.store(hits, &mut weights),
        }
        Ok(weights)
    }

    fn parts(&self, batch: &Batch, disturb: &mut impl Disturb) -> Result<Parts> {
        let projected = self
            .modalities
            .iter()
            .zip(&batch.features)
            .map(|(modality, feature)| {
                modality.align(disturb.feature(modality.standardize(feature)?)?)
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Parts {
            projected,
            presence: batch.presence.clone(),
        })
    }
}

impl Decision {
    fn new(parameters: &mut Parameters, spec: &PolicySpec, setting: &Setting) -> Result<Self> {
        let HeadSpec::Mlp { hidden, .. } = &spec.head;
        let fusion: Box<dyn Fusion> = match &spec.fusion {
            FusionSpec::Concat => Box::new(Concat::new(parameters, setting)?),
            FusionSpec::Weighted(weighted) => {
                Box::new(Weighted::new(parameters, weighted, setting)?)
            }
            FusionSpec::Bilinear(bilinear) => {
                Box::new(Bilinear::new(parameters, bilinear, setting)?)
            }
            FusionSpec::CrossAttention(attention) => {
                Box::new(CrossAttention::new(parameters, attention, setting)?)
            }
            FusionSpec::Vote(vote) => {
                let vote = Vote::new(parameters, vote, hidden, &spec.actions, setting)?;
                return Ok(Self::Vote(vote));
            }
        };
        let outputs = setting.steps * spec.actions.len();
        let head = Mlp::new(parameters, "head", fusion.width(), hidden, outputs)?;
        Ok(Self::Fused { fusion, head })
    }
}

impl Modality {
    fn standardize(&self, feature: &Tensor) -> Result<Tensor> {
        feature
            .broadcast_sub(&self.mean)?
            .broadcast_mul(&self.inverse_std)
    }

    fn align(&self, standardized: Tensor) -> Result<Tensor> {
        let pooled = match &self.pooling {
            Some(pooling) => pooling.pool(&standardized)?,
            None => standardized,
        };
        match &self.projection {
            Some(projection) => {
                let output = projection.forward(&pooled)?;
                match self.projection_activation {
                    Activation::None => Ok(output),
                    Activation::Tanh => output.tanh(),
                }
            }
            None => Ok(pooled),
        }
    }
}

#[cfg(test)]
mod tests;
