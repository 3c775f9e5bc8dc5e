//! What a trained policy is worth on the validation split, measured with the very policy that the node runs.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use super::dataset::Dataset;
use super::normalizer::Normalizer;
use super::training_input::TrainingInput;
use crate::contribution::Contributions;
use crate::encoder::Keypoints;
use crate::errors::ConfigErrors;
use crate::policy::Policy;
use crate::spec::{PolicySpec, SourceSpec, Weights};

/// The figures of one policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Mean squared difference between action and label, both standardized: 1 is what always saying the mean gives.
    pub loss: f64,
    /// For each modality, in the policy's order, what it is worth.
    pub modalities: Vec<Worth>,
    /// Root mean square difference to the labels per action, in its unit.
    #[serde(skip)]
    pub errors: Vec<f64>,
    /// The same of always saying the mean of the labels learned from.
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
/// Weights that are not the policy's.
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
        features: pooled(spec, inputs, weights, dataset, samples)?,
        labels: samples
            .iter()
            .map(|sample| dataset.labels.row(*sample as usize))
            .collect(),
        action,
    };
    let squares = measure.squares(None);
    let loss = mean(&squares);
    let shares = measure.shares();
    let modalities = spec
        .modalities
        .iter()
        .enumerate()
        .map(|(i, modality)| Worth {
            name: modality.name.clone(),
            sensitivity: measure
                .exchange(i)
                .map(|order| mean(&measure.squares(Some((i, &order)))) / loss),
            share: shares[i],
        });
    let modalities = modalities.collect();
    let std = || action.std.iter().map(|std| f64::from(*std));
    Ok(Measured {
        loss,
        modalities,
        errors: squares
            .iter()
            .zip(std())
            .map(|(s, std)| s.sqrt() * std)
            .collect(),
        errors_of_mean: measure.errors_of_mean(),
    })
}

struct Measure<'a> {
    policy: Policy,
    /// For each modality, the feature of every sample.
    features: Vec<Vec<Vec<f32>>>,
    labels: Vec<&'a [f32]>,
    action: &'a Normalizer,
}

impl Measure<'_> {
    /// The mean squares of the standardized differences, per action (of the first step), with the features of one
    /// modality taken from other samples where asked.
    fn squares(&mut self, exchanged: Option<(usize, &[usize])>) -> Vec<f64> {
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
            let features: Vec<Option<&[f32]>> = (0..count)
                .map(|m| Some(self.features[m][row(m)].as_slice()))
                .collect();
            self.policy.act(&features, &ages_s, &mut output);
            for (i, sum) in sums.iter_mut().enumerate() {
                let off = (output[i] - f64::from(label[i])) / f64::from(self.action.std[i]);
                *sum += off * off;
            }
        }
        sums.iter()
            .map(|sum| sum / self.labels.len() as f64)
            .collect()
    }

    /// For every sample another one whose feature of the modality is another; none where there is but one feature.
    fn exchange(&self, modality: usize) -> Option<Vec<usize>> {
        const TRIES: usize = 100;
        let features = &self.features[modality];
        let mut random = StdRng::seed_from_u64(0);
        let mut found = false;
        let order = (0..features.len())
            .map(|sample| {
                let other = (0..TRIES)
                    .map(|_| random.random_range(0..features.len()))
                    .find(|other| features[*other] != features[sample]);
                found |= other.is_some();
                other.unwrap_or(sample)
            })
            .collect();
        found.then_some(order)
    }

    /// Each modality's part in the absolute contributions, each action on its own scale.
    fn shares(&mut self) -> Vec<f64> {
        let count = self.features.len();
        let mut sums = vec![0.0; count];
        // A policy with so many modalities has no contributions, and no shares.
        let Ok(mut contributions) = Contributions::new(&self.policy) else {
            return sums;
        };
        let ages_s = vec![0.0; count];
        for sample in (0..self.labels.len()).step_by(self.labels.len().div_ceil(EXPLAINED)) {
            let features: Vec<Option<&[f32]>> = (0..count)
                .map(|m| Some(self.features[m][sample].as_slice()))
                .collect();
            contributions.compute(&mut self.policy, &features, &ages_s);
            for (modality, sum) in sums.iter_mut().enumerate() {
                let each = contributions.of(modality).iter().zip(&self.action.std);
                *sum += each.map(|(v, std)| v.abs() / f64::from(*std)).sum::<f64>();
            }
        }
        let total: f64 = sums.iter().sum();
        sums.iter()
            .map(|sum| sum / total.max(f64::MIN_POSITIVE))
            .collect()
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

/// The features of some samples as the node would have them: where the pooling was learned, it is applied now.
fn pooled(
    spec: &PolicySpec,
    inputs: &[TrainingInput],
    weights: &Weights,
    dataset: &Dataset,
    samples: &[u32],
) -> Result<Vec<Vec<Vec<f32>>>, ConfigErrors> {
    let mut all = Vec::with_capacity(inputs.len());
    for (i, (modality, training_input)) in spec.modalities.iter().zip(inputs).enumerate() {
        let rows = dataset.features_of(i, samples);
        all.push(match (training_input.map, &modality.source) {
            (Some(map), SourceSpec::Image { encoder }) => {
                let count = encoder.keypoints.unwrap_or(modality.width / 2);
                let mut keypoints = Keypoints::load(&modality.name, count, map, weights)?;
                rows.map(|row| {
                    let mut places = vec![0.0; modality.width];
                    keypoints.pool(row, &mut places);
                    places
                })
                .collect()
            }
            _ => rows.map(<[f32]>::to_vec).collect(),
        });
    }
    Ok(all)
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
            "{}: there is only one sentence in the recordings, so the policy cannot have learned to listen",
            modality.name
        )),
        (_, None) => Some(format!(
            "{}: it never changes in the recordings, so it says nothing; leave it out, or record more",
            modality.name
        )),
        (SourceSpec::Text { .. }, Some(sensitivity)) => Some(format!(
            "{}: the policy ignores it. With the sentences exchanged at random ({} of them) its loss is only {:.2} \
             times as large; {INDIFFERENT} is the least that counts. Does the scene give the task away? Record several \
             tasks from the same starts",
            modality.name,
            sentences(i),
            sensitivity
        )),
        (_, Some(sensitivity)) => Some(format!(
            "{}: it carries nothing. With its features exchanged at random the loss is only {:.2} times as large; \
             {INDIFFERENT} is the least that counts. Leave it out, or look whether its sensor shows what matters",
            modality.name, sensitivity
        )),
    })
    .collect()
}
