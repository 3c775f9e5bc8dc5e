//! Behaviour cloning: the model's action is brought to the label by gradient descent on the squared difference.

use candle_core::{Device, Result, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use super::dataset::{Dataset, Table};
use super::file::Training;
use super::model::Model;
use super::schedule::OneCycle;
use super::split::Split;
use super::standard::Standard;
use crate::policy::{PolicySpec, Weights};
use crate::problems::Problems;

/// What came out.
pub struct Learned {
    /// The policy's tensors.
    pub weights: Weights,
    /// How the loss went.
    pub epochs: Vec<Epoch>,
    /// The error per action, over the samples measured on (those learned from, where none were kept apart).
    pub action_errors: Vec<ActionError>,
}

/// Root mean square differences to the labels, in the action's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActionError {
    /// Of the policy.
    pub policy: f64,
    /// Of always saying the mean of the labels learned from.
    pub mean: f64,
}

/// The mean squared difference of standardised actions, after one epoch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Epoch {
    /// Over the samples learned from, while they were learned from.
    pub training_loss: f64,
    /// Over the samples kept apart; none where none were.
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
    training: &Training,
    dataset: &Dataset,
    split: &Split,
    after_epoch: impl FnMut(&Epoch),
) -> std::result::Result<Learned, Problems> {
    let outcome =
        Lesson::new(spec, training, dataset, split).and_then(|mut lesson| lesson.run(after_epoch));
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

struct Lesson<'a> {
    training: &'a Training,
    dataset: &'a Dataset,
    features: Vec<Tensor>,
    labels: Tensor,
    action: Standard,
    model: Model,
    learned_from: Vec<u32>,
    kept_apart: Vec<u32>,
}

impl<'a> Lesson<'a> {
    fn new(
        spec: &PolicySpec,
        training: &'a Training,
        dataset: &'a Dataset,
        split: &Split,
    ) -> Result<Self> {
        let learned_from = dataset.samples_of(&split.training);
        let standards = spec
            .modalities
            .iter()
            .enumerate()
            .map(|(i, m)| {
                let rows = dataset.features_of(i, &learned_from);
                Standard::of_features(&m.source, rows, m.width)
            })
            .collect();
        let labels = learned_from
            .iter()
            .map(|sample| dataset.labels.row(*sample as usize));
        let action = Standard::of_numbers(labels, dataset.labels.width());
        let features = dataset
            .features
            .iter()
            .map(|table| tensor(table.values(), table.width()))
            .collect::<Result<_>>()?;
        Ok(Self {
            training,
            dataset,
            features,
            labels: standardised(&dataset.labels, &action)?,
            action,
            model: Model::new(spec, standards, training.seed)?,
            learned_from,
            kept_apart: dataset.samples_of(&split.validation),
        })
    }

    fn run(&mut self, mut after_epoch: impl FnMut(&Epoch)) -> Result<Option<Learned>> {
        let steps_per_epoch = self.learned_from.len().div_ceil(self.training.batch_size);
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
        let stream = |number| StdRng::seed_from_u64(self.training.seed.wrapping_add(number));
        let (mut order_random, mut noise_random) = (stream(1), stream(2));
        let mut epochs = Vec::with_capacity(self.training.epochs);
        for number in 0..self.training.epochs {
            order.shuffle(&mut order_random);
            let mut sum = 0.0;
            for (i, batch) in order.chunks(self.training.batch_size).enumerate() {
                optimiser.set_learning_rate(schedule.rate(number * steps_per_epoch + i));
                let loss = self.loss(batch, &mut noise_random)?;
                optimiser.backward_step(&loss)?;
                sum += f64::from(loss.to_scalar::<f32>()?) * batch.len() as f64;
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
        Ok(Some(Learned {
            weights: self.model.weights(&self.action)?,
            epochs,
            action_errors: self.action_errors()?,
        }))
    }

    /// The mean squared difference, of features with noise: a policy that is to act on what it never saw exactly
    /// must not hang on the last digit of what it did see.
    fn loss(&self, samples: &[u32], random: &mut StdRng) -> Result<Tensor> {
        let noise = self.training.input_noise as f32;
        let features = self.features_of(samples)?;
        let action = match noise > 0.0 {
            true => self.model.forward_disturbed(&features, |feature| {
                let noise = normal(feature.dims(), noise, random)?;
                feature + noise
            })?,
            false => self.model.forward(&features)?,
        };
        (action - self.labels_of(samples)?)?.sqr()?.mean_all()
    }

    /// Standardised action less standardised label, `[samples, actions]`.
    fn differences(&self, samples: &[u32]) -> Result<Tensor> {
        self.model.forward(&self.features_of(samples)?)? - self.labels_of(samples)?
    }

    /// The features of some samples, one `[samples, width]` per modality.
    fn features_of(&self, samples: &[u32]) -> Result<Vec<Tensor>> {
        self.features
            .iter()
            .zip(&self.dataset.rows)
            .map(|(features, rows)| {
                let rows: Vec<u32> = samples.iter().map(|s| rows[*s as usize]).collect();
                features.index_select(&Tensor::new(rows, &Device::Cpu)?, 0)
            })
            .collect()
    }

    /// Standardised labels, `[samples, actions]`.
    fn labels_of(&self, samples: &[u32]) -> Result<Tensor> {
        self.labels
            .index_select(&Tensor::new(samples, &Device::Cpu)?, 0)
    }

    fn validation_loss(&self) -> Result<Option<f64>> {
        if self.kept_apart.is_empty() {
            return Ok(None);
        }
        let squares = self.mean_squares(&self.kept_apart, |batch| self.differences(batch))?;
        Ok(Some(squares.iter().sum::<f64>() / squares.len() as f64))
    }

    fn action_errors(&self) -> Result<Vec<ActionError>> {
        let samples = match self.kept_apart.is_empty() {
            true => &self.learned_from,
            false => &self.kept_apart,
        };
        let policy = self.mean_squares(samples, |batch| self.differences(batch))?;
        let mean = self.mean_squares(samples, |batch| self.labels_of(batch))?;
        let squares = policy.iter().zip(&mean).zip(&self.action.std);
        Ok(squares
            .map(|((policy, mean), std)| ActionError {
                policy: policy.sqrt() * f64::from(*std),
                mean: mean.sqrt() * f64::from(*std),
            })
            .collect())
    }

    /// Mean squares of `[samples, actions]`, per action.
    fn mean_squares(
        &self,
        samples: &[u32],
        numbers: impl Fn(&[u32]) -> Result<Tensor>,
    ) -> Result<Vec<f64>> {
        let mut sums = vec![0.0; self.action.mean.len()];
        for batch in samples.chunks(MEASURING_BATCH) {
            let squares = numbers(batch)?.detach().sqr()?.sum(0)?;
            for (sum, square) in sums.iter_mut().zip(squares.to_vec1::<f32>()?) {
                *sum += f64::from(square);
            }
        }
        Ok(sums.iter().map(|sum| sum / samples.len() as f64).collect())
    }
}

/// Normally distributed numbers. (candle's own generator cannot be seeded on a CPU.)
fn normal(shape: &[usize], std: f32, random: &mut StdRng) -> Result<Tensor> {
    let count = shape.iter().product();
    let mut values = Vec::with_capacity(count + 1);
    // Box and Muller: two even numbers make two normal ones.
    while values.len() < count {
        let (even, angle): (f32, f32) = (random.random(), random.random());
        let length = std * (-2.0 * (1.0 - even).ln()).sqrt();
        let (sine, cosine) = (std::f32::consts::TAU * angle).sin_cos();
        values.extend([length * cosine, length * sine]);
    }
    values.truncate(count);
    Tensor::from_vec(values, shape, &Device::Cpu)
}

fn tensor(values: &[f32], width: usize) -> Result<Tensor> {
    Tensor::from_slice(values, (values.len() / width, width), &Device::Cpu)
}

fn standardised(labels: &Table, action: &Standard) -> Result<Tensor> {
    let mean = Tensor::new(action.mean.as_slice(), &Device::Cpu)?;
    let std = Tensor::new(action.std.as_slice(), &Device::Cpu)?;
    tensor(labels.values(), labels.width())?
        .broadcast_sub(&mean)?
        .broadcast_div(&std)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{
        ActionSpec, FORMAT, FusionSpec, HeadSpec, ModalitySpec, PolicySpec, SourceSpec,
    };
    use crate::train::dataset::Episode;

    #[test]
    fn noise_has_the_asked_deviation_and_depends_on_the_seed_alone() {
        let draw = || normal(&[101, 99], 0.3, &mut StdRng::seed_from_u64(5)).unwrap();
        let values: Vec<f32> = draw().flatten_all().unwrap().to_vec1().unwrap();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let square = values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.01, "{mean}");
        assert!((square.sqrt() - 0.3).abs() < 0.01, "{}", square.sqrt());
        assert_eq!(draw().to_vec2::<f32>().unwrap().concat(), values);
    }

    #[test]
    fn a_training_that_diverges_is_named() {
        let spec = PolicySpec {
            format: FORMAT,
            name: "wild".into(),
            description: String::new(),
            modalities: vec![ModalitySpec {
                name: "place".into(),
                source: SourceSpec::Vector {
                    names: vec!["x".into()],
                },
                width: 1,
                history: 1,
                align: None,
            }],
            fusion: FusionSpec::Concat,
            head: HeadSpec::Mlp {
                hidden: vec![4],
                chunk: None,
            },
            actions: vec![ActionSpec {
                name: "v".into(),
                unit: String::new(),
                min: -1.0,
                max: 1.0,
                stop: 0.0,
            }],
        };
        let training = Training {
            epochs: 2,
            batch_size: 4,
            learning_rate: 0.5,
            weight_decay: 0.0,
            input_noise: 0.0,
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
            dataset.episodes.push(Episode { samples, group });
        }
        // Measured on a number whose square is more than 32-bit numbers hold, the loss is infinite.
        let split = Split {
            training: vec![0],
            validation: vec![1],
        };
        let refusal = learn(&spec, &training, &dataset, &split, |_| {});
        let text = refusal.err().expect("infinite").to_string();
        assert!(text.contains("diverged") && text.contains("0.5"), "{text}");
    }
}
