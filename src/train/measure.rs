//! What a trained policy is worth on the validation split, measured with the very policy that the node runs.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use super::dataset::Dataset;
use super::normalizer::Normalizer;
use super::rows::Row;
use super::training_input::TrainingInput;
use crate::contribution::Contributions;
use crate::encoder::LearnedPooling;
use crate::errors::ConfigErrors;
use crate::policy::Policy;
use crate::spec::{PolicySpec, SourceSpec, Weights};

/// The figures of one policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Mean squared difference between action and label, both standardized: 1 is what always predicting the mean gives.
    pub loss: f64,
    /// For each modality, in the policy's order, what it is worth.
    pub modalities: Vec<Worth>,
    /// Root mean square difference to the labels per action, in its unit.
    #[serde(skip)]
    pub errors: Vec<f64>,
    /// The same for always predicting the mean of the training labels.
    #[serde(skip)]
    pub errors_of_mean: Vec<f64>,
}

/// What one modality is worth to a policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worth {
    /// Its name.
    pub name: String,
    /// The loss with its features exchanged for those of other samples, over the loss with its own: 1 where the policy
    /// does not care what it says. None where all samples share one feature.
    pub sensitivity: Option<f64>,
    /// Its part in the sum of all absolute contributions to the action.
    pub share: f64,
}

/// Below this a policy does not care what a modality says.
pub const INDIFFERENT: f64 = 1.05;

/// Contributions are computed for so many samples, spread evenly.
const EXPLAINED: usize = 200;

/// Measures a policy on some samples.
///
/// # Errors
/// Weights that are not the policy's, and features that cannot be read.
pub fn measure(
    spec: &PolicySpec,
    inputs: &[TrainingInput],
    weights: &Weights,
    action: &Normalizer,
    dataset: &Dataset,
    samples: &[u32],
) -> Result<Measured, ConfigErrors> {
    let mut measure = Measure {
        policy: Policy::build(spec.clone(), "".as_ref(), weights)?,
        features: Features::of(spec, inputs, weights, dataset, samples)?,
        labels: samples
            .iter()
            .map(|sample| dataset.labels.row(*sample as usize))
            .collect(),
        action,
    };
    measure.all(spec).map_err(unreadable)
}

fn unreadable(e: io::Error) -> ConfigErrors {
    format!("features that were kept cannot be read: {e}").into()
}

struct Measure<'a> {
    policy: Policy,
    features: Vec<Features<'a>>,
    labels: Vec<&'a [f32]>,
    action: &'a Normalizer,
}

/// The feature of one modality in every sample.
enum Features<'a> {
    /// As they are learned from.
    Rows {
        dataset: &'a Dataset,
        modality: usize,
        samples: &'a [u32],
    },
    /// Where the pooling was learned, pooled.
    Pooled(Vec<Vec<f32>>),
}

impl Measure<'_> {
    fn all(&mut self, spec: &PolicySpec) -> io::Result<Measured> {
        let squares = self.squares(None)?;
        let loss = mean(&squares);
        let shares = self.shares()?;
        let mut modalities = Vec::with_capacity(shares.len());
        for (i, (modality, share)) in spec.modalities.iter().zip(shares).enumerate() {
            let sensitivity = match self.exchange(i)? {
                Some(order) => Some(mean(&self.squares(Some((i, &order)))?) / loss),
                None => None,
            };
            modalities.push(Worth {
                name: modality.name.clone(),
                sensitivity,
                share,
            });
        }
        let std = self.action.std.iter().map(|std| f64::from(*std));
        Ok(Measured {
            loss,
            modalities,
            errors: squares
                .iter()
                .zip(std)
                .map(|(s, std)| s.sqrt() * std)
                .collect(),
            errors_of_mean: self.errors_of_mean(),
        })
    }

    /// The mean squares of the standardized differences, per action (of the first step), with the features of one
    /// modality taken from other samples where asked.
    fn squares(&mut self, exchanged: Option<(usize, &[usize])>) -> io::Result<Vec<f64>> {
        let count = self.features.len();
        let ages_s = vec![0.0; count];
        let actions = self.action.std.len();
        let mut output = vec![0.0; actions * self.policy.steps()];
        let mut sums = vec![0.0; actions];
        for (sample, label) in self.labels.iter().enumerate() {
            let row = |modality: usize| match exchanged {
                Some((other, order)) if other == modality => order[sample],
                _ => sample,
            };
            let rows = (0..count).map(|m| self.features[m].row(row(m)));
            let rows = rows.collect::<io::Result<Vec<Row>>>()?;
            let features: Vec<Option<&[f32]>> = rows.iter().map(|row| Some(&**row)).collect();
            self.policy.act(&features, &ages_s, &mut output);
            for (i, sum) in sums.iter_mut().enumerate() {
                let off = (output[i] - f64::from(label[i])) / f64::from(self.action.std[i]);
                *sum += off * off;
            }
        }
        let count = self.labels.len() as f64;
        Ok(sums.iter().map(|sum| sum / count).collect())
    }

    /// For every sample another one whose feature of the modality is another; none where there is but one feature.
    fn exchange(&self, modality: usize) -> io::Result<Option<Vec<usize>>> {
        const TRIES: usize = 100;
        let (features, count) = (&self.features[modality], self.labels.len());
        let mut random = StdRng::seed_from_u64(0);
        let mut found = false;
        let mut order = Vec::with_capacity(count);
        for sample in 0..count {
            let own = features.row(sample)?;
            let mut chosen = sample;
            for _ in 0..TRIES {
                let other = random.random_range(0..count);
                if features.row(other)? != own {
                    (chosen, found) = (other, true);
                    break;
                }
            }
            order.push(chosen);
        }
        Ok(found.then_some(order))
    }

    /// Each modality's part in the absolute contributions, each action on its own scale.
    fn shares(&mut self) -> io::Result<Vec<f64>> {
        let count = self.features.len();
        let mut sums = vec![0.0; count];
        // A policy with so many modalities has no contributions, and no shares.
        let Ok(mut contributions) = Contributions::new(&self.policy) else {
            return Ok(sums);
        };
        let ages_s = vec![0.0; count];
        for sample in (0..self.labels.len()).step_by(self.labels.len().div_ceil(EXPLAINED)) {
            let rows = self.features.iter().map(|features| features.row(sample));
            let rows = rows.collect::<io::Result<Vec<Row>>>()?;
            let features: Vec<Option<&[f32]>> = rows.iter().map(|row| Some(&**row)).collect();
            contributions.compute(&mut self.policy, &features, &ages_s);
            for (modality, sum) in sums.iter_mut().enumerate() {
                let each = contributions.of(modality).iter().zip(&self.action.std);
                *sum += each.map(|(v, std)| v.abs() / f64::from(*std)).sum::<f64>();
            }
        }
        let total: f64 = sums.iter().sum();
        let total = total.max(f64::MIN_POSITIVE);
        Ok(sums.iter().map(|sum| sum / total).collect())
    }

    fn errors_of_mean(&self) -> Vec<f64> {
        let mean = self.action.mean.iter().enumerate();
        mean.map(|(i, mean)| {
            let square = |label: &&[f32]| f64::from(label[i] - mean).powi(2);
            let sum: f64 = self.labels.iter().map(square).sum();
            (sum / self.labels.len() as f64).sqrt()
        })
        .collect()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

impl<'a> Features<'a> {
    /// Those of all modalities as the node would have them: where the pooling was learned, it is applied now.
    fn of(
        spec: &PolicySpec,
        inputs: &[TrainingInput],
        weights: &Weights,
        dataset: &'a Dataset,
        samples: &'a [u32],
    ) -> Result<Vec<Self>, ConfigErrors> {
        let mut all = Vec::with_capacity(inputs.len());
        for (i, (modality, training_input)) in spec.modalities.iter().zip(inputs).enumerate() {
            all.push(match (training_input.map, &modality.source) {
                (Some(map), SourceSpec::Image { encoder }) => {
                    let (name, mixtures) = (&modality.name, encoder.mixtures().unwrap_or(1));
                    let mut pooling =
                        LearnedPooling::load(encoder.pooling, name, mixtures, map, weights)?;
                    let pooled = dataset.features_of(i, samples).map(|row| {
                        let mut feature = vec![0.0; modality.width];
                        pooling.pool(&row?, &mut feature);
                        Ok(feature)
                    });
                    Self::Pooled(pooled.collect::<io::Result<_>>().map_err(unreadable)?)
                }
                _ => Self::Rows {
                    dataset,
                    modality: i,
                    samples,
                },
            });
        }
        Ok(all)
    }

    /// That of the sample at this place among those measured on.
    fn row(&self, at: usize) -> io::Result<Row<'_>> {
        match self {
            Self::Rows {
                dataset,
                modality,
                samples,
            } => dataset.feature(*modality, samples[at] as usize),
            Self::Pooled(pooled) => Ok(Cow::Borrowed(pooled[at].as_slice())),
        }
    }
}

/// What is to be said loudly about a policy: the modalities that it does not care about.
pub fn warnings(spec: &PolicySpec, measured: &Measured, dataset: &Dataset) -> Vec<String> {
    let sentences = |modality: usize| {
        let rows: BTreeSet<u32> = dataset.rows[modality].iter().copied().collect();
        rows.len()
    };
    let each = spec.modalities.iter().zip(&measured.modalities).enumerate();
    each.filter_map(|(i, (modality, worth))| match (&modality.source, worth.sensitivity) {
        (_, Some(sensitivity)) if sensitivity >= INDIFFERENT => None,
        (SourceSpec::Text { .. }, None) => Some(format!(
            "{}: there is only one sentence in the recordings, so the policy cannot learn to follow instructions",
            modality.name
        )),
        (_, None) => Some(format!(
            "{}: it is constant in the recordings and carries no information; leave it out, or record more",
            modality.name
        )),
        (SourceSpec::Text { .. }, Some(sensitivity)) => Some(format!(
            "{}: the policy ignores it. With the sentences ({} of them) permuted between samples, the loss grows only by a \
             factor of {:.2}; at least {INDIFFERENT} is expected. Does the scene reveal the task? Record several tasks from \
             the same starts",
            modality.name,
            sentences(i),
            sensitivity
        )),
        (_, Some(sensitivity)) => Some(format!(
            "{}: it carries no information. With its features permuted between samples, the loss grows only by a factor of \
             {:.2}; at least {INDIFFERENT} is expected. Leave it out, or check what its sensor shows",
            modality.name, sensitivity
        )),
    })
    .collect()
}
