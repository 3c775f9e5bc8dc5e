//! Behaviour cloning: the model's action is brought to the label by gradient descent.

use candle_core::{Device, Result, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use super::dataset::{Dataset, Table};
use super::model::{Batch, Model};
use super::noise::Noise;
use super::normalizer::Normalizer;
use super::paraphrases::Paraphrases;
use super::picks::Picks;
use super::schedule::OneCycle;
use super::split::Split;
use super::training::Training;
use super::training_input::TrainingInput;
use super::usual_distance::usual_distance;
use crate::errors::ConfigErrors;
use crate::spec::{PolicySpec, Weights};

/// What came out.
pub struct Learned {
    /// The policy's tensors.
    pub weights: Weights,
    /// How the loss went.
    pub epochs: Vec<Epoch>,
    /// How the labels learned from are distributed.
    pub action: Normalizer,
}

/// The loss after one epoch: the mean squared difference of standardized actions, or the mean cross-entropy of voters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Epoch {
    /// Over the samples learned from, while they were learned from.
    pub training_loss: f64,
    /// Over the validation split; none without one.
    pub validation_loss: Option<f64>,
    /// The learning rate at its end.
    pub learning_rate: f64,
}

/// Rows per step where nothing is learned.
const MEASURING_BATCH: usize = 1024;

/// Learns a policy from the training side of `split`. `after_epoch` is called after every epoch.
///
/// # Errors
/// A loss that is no longer finite, or what the training framework says.
pub fn learn(
    spec: &PolicySpec,
    inputs: &[TrainingInput],
    training: &Training,
    dataset: &Dataset,
    split: &Split,
    after_epoch: impl FnMut(&Epoch),
) -> std::result::Result<Learned, ConfigErrors> {
    let outcome = Trainer::new(spec, inputs, training, dataset, split)
        .and_then(|mut lesson| lesson.run(after_epoch));
    match outcome {
        Ok(Some(learned)) => Ok(learned),
        Ok(None) => Err(format!(
            "training diverged: the loss is not finite; training.learning_rate is {}, try a tenth of it",
            training.learning_rate
        )
        .into()),
        Err(e) => Err(format!("the training framework failed: {e}").into()),
    }
}

struct Trainer<'a> {
    training: &'a Training,
    dataset: &'a Dataset,
    action: Normalizer,
    /// For each modality that it is known of, by name, how far from their mean nearly all of its features are.
    usual_distances: Vec<(String, f32)>,
    model: Model,
    paraphrases: Paraphrases,
    /// For each modality, how many features of altered copies follow a feature.
    copies: Vec<usize>,
    learned_from: Vec<u32>,
    validation: Vec<u32>,
}

impl<'a> Trainer<'a> {
    fn new(
        spec: &PolicySpec,
        inputs: &[TrainingInput],
        training: &'a Training,
        dataset: &'a Dataset,
        split: &Split,
    ) -> Result<Self> {
        let learned_from = dataset.samples_of(&split.training);
        let mut usual_distances = Vec::new();
        let standards = inputs
            .iter()
            .enumerate()
            .map(|(i, training_input)| {
                let cells = spec.fusion.cells_of(&spec.modalities[i].name);
                let rows = || dataset.features_of(i, &learned_from);
                let standard = Normalizer::of_features(training_input, cells, rows());
                // What keypoints are pooled from is not what is fused.
                if training_input.map.is_none()
                    && let Some(distance) = usual_distance(&standard, rows())
                {
                    usual_distances.push((spec.modalities[i].name.clone(), distance));
                }
                standard
            })
            .collect();
        let actions = spec.actions.len();
        let labels = learned_from
            .iter()
            .map(|sample| &dataset.labels.row(*sample as usize)[..actions]);
        let leaves_out = training.modality_dropout > 0.0;
        Ok(Self {
            training,
            dataset,
            action: Normalizer::of_numbers(labels, actions),
            usual_distances,
            paraphrases: Paraphrases::of(spec, dataset),
            copies: inputs
                .iter()
                .map(|training_input| training_input.copies)
                .collect(),
            model: Model::new(spec, inputs, standards, leaves_out, training.seed)?,
            learned_from,
            validation: dataset.samples_of(&split.validation),
        })
    }

    fn run(&mut self, mut after_epoch: impl FnMut(&Epoch)) -> Result<Option<Learned>> {
        let Training {
            batch_size,
            seed,
            input_noise,
            ..
        } = *self.training;
        let steps_per_epoch = self.learned_from.len().div_ceil(batch_size);
        let schedule = OneCycle::new(
            self.training.learning_rate,
            self.training.epochs * steps_per_epoch,
        );
        let mut optimiser = AdamW::new(
            self.model.parameters().vars().cloned().collect(),
            ParamsAdamW {
                lr: schedule.rate(0),
                weight_decay: self.training.weight_decay,
                ..ParamsAdamW::default()
            },
        )?;
        let mut order = self.learned_from.clone();
        // Streams of their own: the order of samples does not change with the model's size or the noise.
        let stream = |number| StdRng::seed_from_u64(seed.wrapping_add(number));
        let (mut order_random, mut absence_random) = (stream(1), stream(3));
        let mut wording_random = stream(4);
        let mut picks = Picks::new(stream(5), stream(6));
        let mut noise =
            (input_noise > 0.0).then(|| Noise::new(input_noise as f32, seed.wrapping_add(2)));
        let mut epochs = Vec::with_capacity(self.training.epochs);
        for number in 0..self.training.epochs {
            order.shuffle(&mut order_random);
            let mut sum = 0.0;
            for (i, samples) in order.chunks(batch_size).enumerate() {
                optimiser.set_learning_rate(schedule.rate(number * steps_per_epoch + i));
                let mixed = self.training.paraphrase_augmentation;
                let others = mixed.then(|| self.paraphrases.exchange(samples, &mut wording_random));
                let told = others.as_deref().unwrap_or(samples);
                let mut batch = self.batch(samples, told, Some(&mut picks))?;
                batch.presence = self.presence(samples.len(), &mut absence_random)?;
                // A policy that is to act on what it never saw exactly must not hang on the last digit of what it did
                // see.
                let loss = self.model.loss(&batch, |feature| match &mut noise {
                    Some(noise) => {
                        let noise = noise.draw(feature.dims())?;
                        feature + noise
                    }
                    None => Ok(feature),
                })?;
                optimiser.backward_step(&loss)?;
                sum += f64::from(loss.to_scalar::<f32>()?) * samples.len() as f64;
            }
            let epoch = Epoch {
                training_loss: sum / order.len() as f64,
                validation_loss: self.validation_loss()?,
                learning_rate: optimiser.learning_rate(),
            };
            if !(epoch.training_loss.is_finite()
                && epoch.validation_loss.is_none_or(f64::is_finite))
            {
                return Ok(None);
            }
            after_epoch(&epoch);
            epochs.push(epoch);
        }
        let mut weights = self.model.weights(&self.action, &self.hits()?)?;
        for (name, distance) in &self.usual_distances {
            let tensor = format!("standardize.{name}.usual_distance");
            weights.insert(tensor, vec![1], vec![*distance]);
        }
        Ok(Some(Learned {
            weights,
            epochs,
            action: self.action.clone(),
        }))
    }

    /// Some samples, with nothing left out; `told` are the samples that they have their sentences from. With `picks` their
    /// messages are as late as any latency of the range makes them, and their pictures any of those encoded, shifted or
    /// not; otherwise all is as the node would have seen it.
    fn batch(&self, samples: &[u32], told: &[u32], mut picks: Option<&mut Picks>) -> Result<Batch> {
        let tables = self.dataset.features.iter().zip(&self.dataset.rows);
        let features = tables.enumerate().map(|(i, (table, rows))| {
            let from = match self.paraphrases.sentences[i] {
                true => told,
                false => samples,
            };
            let (copies, spans) = (self.copies[i], &self.dataset.spans[i]);
            let rows = from.iter().map(|sample| {
                let row = rows[*sample as usize] as usize;
                let span = spans.get(*sample as usize);
                match &mut picks {
                    Some(picks) => picks.pick(row, span, copies),
                    None => row,
                }
            });
            gathered(table, rows, samples.len())
        });
        let labels: Vec<Vec<f32>> = samples
            .iter()
            .map(|sample| self.dataset.labels.row(*sample as usize).to_vec())
            .collect();
        let Normalizer { mean, std } = &self.action;
        let standardized: Vec<f32> = labels
            .iter()
            .flat_map(|label| {
                let scale = mean.iter().zip(std).cycle();
                label
                    .iter()
                    .zip(scale)
                    .map(|(v, (mean, std))| (v - mean) / std)
            })
            .collect();
        Ok(Batch {
            features: features.collect::<Result<_>>()?,
            presence: None,
            standardized: Tensor::from_vec(
                standardized,
                (samples.len(), self.dataset.labels.width()),
                &Device::Cpu,
            )?,
            labels,
        })
    }

    /// Which modalities are there in each sample; never are all left out.
    fn presence(&self, samples: usize, random: &mut StdRng) -> Result<Option<Vec<Tensor>>> {
        let (dropout, count) = (self.training.modality_dropout, self.dataset.features.len());
        if dropout == 0.0 {
            return Ok(None);
        }
        let mut there = vec![vec![0.0f32; samples]; count];
        for sample in 0..samples {
            for modality in &mut there {
                modality[sample] = f32::from(!random.random_bool(dropout));
            }
            if there.iter().all(|modality| modality[sample] == 0.0) {
                there[random.random_range(0..count)][sample] = 1.0;
            }
        }
        let tensors = there
            .into_iter()
            .map(|modality| Tensor::from_vec(modality, (samples, 1), &Device::Cpu));
        Ok(Some(tensors.collect::<Result<_>>()?))
    }

    fn validation_loss(&self) -> Result<Option<f64>> {
        if self.validation.is_empty() {
            return Ok(None);
        }
        let mut sum = 0.0;
        for samples in self.validation.chunks(MEASURING_BATCH) {
            let loss = self.model.loss(&self.batch(samples, samples, None)?, Ok)?;
            sum += f64::from(loss.to_scalar::<f32>()?) * samples.len() as f64;
        }
        Ok(Some(sum / self.validation.len() as f64))
    }

    /// How often voters are right, over the validation split (over the samples learned from without one).
    fn hits(&self) -> Result<Vec<(usize, usize)>> {
        let samples = match self.validation.is_empty() {
            true => &self.learned_from,
            false => &self.validation,
        };
        let mut sums: Vec<(usize, usize)> = Vec::new();
        for samples in samples.chunks(MEASURING_BATCH) {
            let hits = self.model.hits(&self.batch(samples, samples, None)?)?;
            sums.resize(hits.len(), (0, 0));
            for (sum, hit) in sums.iter_mut().zip(hits) {
                *sum = (sum.0 + hit.0, sum.1 + hit.1);
            }
        }
        Ok(sums)
    }
}

/// Rows of a table as `[rows, width]`.
fn gathered(table: &Table, rows: impl Iterator<Item = usize>, count: usize) -> Result<Tensor> {
    let mut values = Vec::with_capacity(count * table.width());
    for row in rows {
        values.extend_from_slice(table.row(row));
    }
    Tensor::from_vec(values, (count, table.width()), &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{FusionSpec, HeadSpec, examples};
    use crate::train::dataset::Episode;

    #[test]
    fn a_training_that_diverges_is_named() {
        let mut spec = examples::policy(
            vec![examples::vector("place", ["x"])],
            FusionSpec::Concat,
            vec![examples::action("v", 1.0)],
        );
        spec.head = HeadSpec::Mlp {
            hidden: vec![4],
            chunk: None,
        };
        let training = Training {
            epochs: 2,
            batch_size: 4,
            learning_rate: 0.5,
            weight_decay: 0.0,
            input_noise: 0.0,
            modality_dropout: 0.0,
            paraphrase_augmentation: false,
            augment: None,
            validation_fraction: 0.5,
            seed: 0,
        };
        let mut dataset = Dataset::new([1].into_iter(), 1);
        for x in [0.0, 1.0, f32::MAX] {
            let row = dataset.features[0].push(&[x]);
            dataset.rows[0].push(row);
            dataset.labels.push(&[x.min(1.0)]);
        }
        for samples in [0..2, 2..3] {
            let group = vec![];
            dataset.episodes.push(Episode {
                samples,
                changes: vec![],
                group,
                recording: 0,
            });
        }
        // Measured on a number whose square is more than 32-bit numbers hold, the loss is infinite.
        let split = Split {
            training: vec![0],
            validation: vec![1],
        };
        let inputs: Vec<TrainingInput> = spec
            .modalities
            .iter()
            .map(TrainingInput::undetermined)
            .collect();
        let refusal = learn(&spec, &inputs, &training, &dataset, &split, |_| {});
        let text = refusal.err().expect("infinite").to_string();
        assert!(text.contains("diverged") && text.contains("0.5"), "{text}");
    }
}
