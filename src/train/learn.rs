//! Behaviour cloning: the model's action is brought to the label by gradient descent on the squared difference.

use candle_core::{Device, Result, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
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
        // A stream of its own: the order of samples does not change when the model has more parameters.
        let mut random = StdRng::seed_from_u64(self.training.seed.wrapping_add(1));
        let mut epochs = Vec::with_capacity(self.training.epochs);
        for number in 0..self.training.epochs {
            order.shuffle(&mut random);
            let mut sum = 0.0;
            for (i, batch) in order.chunks(self.training.batch_size).enumerate() {
                optimiser.set_learning_rate(schedule.rate(number * steps_per_epoch + i));
                let loss = self.loss(batch)?;
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

    fn loss(&self, samples: &[u32]) -> Result<Tensor> {
        self.differences(samples)?.sqr()?.mean_all()
    }

    /// Standardised action less standardised label, `[samples, actions]`.
    fn differences(&self, samples: &[u32]) -> Result<Tensor> {
        let features = self
            .features
            .iter()
            .zip(&self.dataset.rows)
            .map(|(features, rows)| {
                let rows: Vec<u32> = samples.iter().map(|s| rows[*s as usize]).collect();
                features.index_select(&Tensor::new(rows, &Device::Cpu)?, 0)
            })
            .collect::<Result<Vec<_>>>()?;
        self.model.forward(&features)? - self.labels_of(samples)?
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
