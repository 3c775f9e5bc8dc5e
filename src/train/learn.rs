//! Behaviour cloning: the model's action is brought to the label by gradient descent.

use rand::seq::SliceRandom;

use super::adamw::{AdamW, Learned as LearnedTensor};
use super::batches::Batches;
use super::checkpoint::{Checkpoint, Position};
use super::dataset::Dataset;
use super::epoch::Epoch;
use super::failure::Failure;
use super::model::{Model, Undisturbed};
use super::normalizer::Normalizer;
use super::rows::of_all;
use super::schedule::OneCycle;
use super::split::Split;
use super::streams::Streams;
use super::training::Training;
use super::training_input::TrainingInput;
use super::usual_distance::usual_distance;
use crate::errors::ConfigErrors;
use crate::progress::Progress;
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

/// Rows per step where nothing is learned.
const MEASURING_BATCH: usize = 1024;

/// Learns a policy from the training side of `split`. `progress` advances by [`steps`]. With a checkpoint it goes on where an
/// interrupted run of the same training was; what comes out is the same as if that had not been interrupted.
///
/// # Errors
/// A loss that is no longer finite, features that cannot be read, and what the training framework says.
pub fn learn(
    spec: &PolicySpec,
    inputs: &[TrainingInput],
    training: &Training,
    dataset: &Dataset,
    split: &Split,
    checkpoint: Option<&mut Checkpoint>,
    progress: Option<&Progress>,
) -> Result<Learned, ConfigErrors> {
    let outcome = Trainer::new(spec, inputs, training, dataset, split)
        .and_then(|mut trainer| trainer.run(checkpoint, progress));
    outcome.map_err(|e| e.to_string().into())
}

/// How many steps are made to learn from so many samples.
pub fn steps(training: &Training, samples: usize) -> usize {
    training.epochs * samples.div_ceil(training.batch_size)
}

struct Trainer<'a> {
    training: &'a Training,
    batches: Batches<'a>,
    /// For each modality that it is known of, by name, how far from their mean nearly all of its features are.
    usual_distances: Vec<(String, f32)>,
    model: Model,
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
    ) -> Result<Self, Failure> {
        let learned_from = dataset.samples_of(&split.training);
        let mut usual_distances = Vec::new();
        let mut standards = Vec::with_capacity(inputs.len());
        for (i, training_input) in inputs.iter().enumerate() {
            let name = &spec.modalities[i].name;
            let cells = spec.fusion.cells_of(name);
            let rows = || dataset.features_of(i, &learned_from);
            let standard = of_all(rows(), |rows| {
                Normalizer::of_features(training_input, dataset.width(i), cells, rows)
            })?;
            // What is pooled later is not what is fused.
            if training_input.map.is_none()
                && let Some(distance) = of_all(rows(), |rows| usual_distance(&standard, rows))?
            {
                usual_distances.push((name.clone(), distance));
            }
            standards.push(standard);
        }
        let actions = spec.actions.len();
        let labels = learned_from
            .iter()
            .map(|sample| &dataset.labels.row(*sample as usize)[..actions]);
        let leaves_out = training.modality_dropout > 0.0;
        let action = Normalizer::of_numbers(labels, actions);
        Ok(Self {
            training,
            batches: Batches::new(spec, inputs, dataset, action),
            usual_distances,
            model: Model::new(spec, inputs, standards, leaves_out, training.seed)?,
            learned_from,
            validation: dataset.samples_of(&split.validation),
        })
    }

    fn run(
        &mut self,
        mut checkpoint: Option<&mut Checkpoint>,
        progress: Option<&Progress>,
    ) -> Result<Learned, Failure> {
        let Training {
            epochs,
            batch_size,
            learning_rate,
            ..
        } = *self.training;
        let steps_per_epoch = self.learned_from.len().div_ceil(batch_size);
        let schedule = OneCycle::new(learning_rate, steps(self.training, self.learned_from.len()));
        let mut optimiser = AdamW::new(self.model.parameters(), self.training.weight_decay)?;
        let mut streams = Streams::new(self.training);
        let mut position = Position {
            epochs: Vec::with_capacity(epochs),
            step: 0,
            sum: 0.0,
            order: self.learned_from.clone(),
            streams: Vec::new(),
        };
        if let Some(checkpoint) = &checkpoint
            && let Some((found, learned)) = checkpoint.load()
        {
            match self.restore(&found, learned, &mut optimiser, &mut streams)? {
                true => {
                    let done = found.epochs.len() * steps_per_epoch + found.step;
                    checkpoint.goes_on(done, epochs * steps_per_epoch);
                    if let Some(progress) = progress {
                        progress.skip(done as u64);
                    }
                    position = found;
                }
                false => checkpoint.refused("it has other tensors or samples"),
            }
        }
        while position.epochs.len() < epochs {
            if position.step == 0 {
                position.order.shuffle(&mut streams.order);
            }
            let begin = position.step * batch_size;
            let end = (begin + batch_size).min(position.order.len());
            let done = position.epochs.len() * steps_per_epoch + position.step;
            let samples = &position.order[begin..end];
            let loss = self.step(samples, &mut streams, &mut optimiser, schedule.rate(done))?;
            position.sum += loss * samples.len() as f64;
            position.step += 1;
            if position.step == steps_per_epoch {
                let epoch = Epoch {
                    training_loss: position.sum / position.order.len() as f64,
                    validation_loss: self.validation_loss()?,
                    learning_rate: schedule.rate(done),
                };
                if !epoch.is_finite() {
                    return Err(Failure::Diverged { learning_rate });
                }
                position.epochs.push(epoch);
                (position.step, position.sum) = (0, 0.0);
            }
            if let Some(progress) = progress {
                progress.advance(1, || last(&position.epochs));
            }
            let is_over = position.epochs.len() == epochs;
            if let Some(checkpoint) = &mut checkpoint
                && checkpoint.is_due(is_over)
            {
                position.streams = streams.positions();
                checkpoint.save(&position, optimiser.learned());
            }
        }
        let action = self.batches.action.clone();
        let mut weights = self.model.weights(&action, &self.hits()?)?;
        for (name, distance) in &self.usual_distances {
            let tensor = format!("standardize.{name}.usual_distance");
            weights.insert(tensor, vec![1], vec![*distance]);
        }
        Ok(Learned {
            weights,
            epochs: position.epochs,
            action,
        })
    }

    /// Goes to where an interrupted run was. False where that cannot have been one of this training, as
    /// the checkpoint's identity rules out.
    fn restore(
        &self,
        found: &Position,
        learned: Vec<LearnedTensor>,
        optimiser: &mut AdamW,
        streams: &mut Streams,
    ) -> Result<bool, Failure> {
        let sorted = |samples: &[u32]| {
            let mut samples = samples.to_vec();
            samples.sort_unstable();
            samples
        };
        let steps_per_epoch = self.learned_from.len().div_ceil(self.training.batch_size);
        let is_within = found.epochs.len() <= self.training.epochs && found.step < steps_per_epoch;
        let is_ours = is_within && sorted(&found.order) == sorted(&self.learned_from);
        let steps = found.epochs.len() * steps_per_epoch + found.step;
        let is_restored = is_ours && optimiser.restore(self.model.parameters(), learned, steps)?;
        Ok(is_restored && streams.go_to(&found.streams))
    }

    /// One step, and the loss before it.
    fn step(
        &self,
        samples: &[u32],
        streams: &mut Streams,
        optimiser: &mut AdamW,
        learning_rate: f64,
    ) -> Result<f64, Failure> {
        let batches = &self.batches;
        let mixed = self.training.paraphrase_augmentation;
        let others = mixed.then(|| batches.paraphrases.exchange(samples, &mut streams.wording));
        let told = others.as_deref().unwrap_or(samples);
        let mut batch = batches.gather(samples, told, Some(&mut streams.picks))?;
        let dropout = self.training.modality_dropout;
        batch.presence = batches.presence(samples.len(), dropout, &mut streams.absence)?;
        let loss = self.model.loss(&batch, &mut streams.disturbance)?;
        optimiser.step(self.model.parameters(), &loss.backward()?, learning_rate)?;
        Ok(f64::from(loss.to_scalar::<f32>()?))
    }

    fn validation_loss(&self) -> Result<Option<f64>, Failure> {
        if self.validation.is_empty() {
            return Ok(None);
        }
        let mut sum = 0.0;
        for samples in self.validation.chunks(MEASURING_BATCH) {
            let loss = self.model.loss(
                &self.batches.gather(samples, samples, None)?,
                &mut Undisturbed,
            )?;
            sum += f64::from(loss.to_scalar::<f32>()?) * samples.len() as f64;
        }
        Ok(Some(sum / self.validation.len() as f64))
    }

    /// How often voters are right, over the validation split (over the samples learned from without one).
    fn hits(&self) -> Result<Vec<(usize, usize)>, Failure> {
        let samples = match self.validation.is_empty() {
            true => &self.learned_from,
            false => &self.validation,
        };
        let mut sums: Vec<(usize, usize)> = Vec::new();
        for samples in samples.chunks(MEASURING_BATCH) {
            let hits = self
                .model
                .hits(&self.batches.gather(samples, samples, None)?)?;
            sums.resize(hits.len(), (0, 0));
            for (sum, hit) in sums.iter_mut().zip(hits) {
                *sum = (sum.0 + hit.0, sum.1 + hit.1);
            }
        }
        Ok(sums)
    }
}

/// How the last epoch went.
fn last(epochs: &[Epoch]) -> String {
    let Some(epoch) = epochs.last() else {
        return String::new();
    };
    let validation = epoch.validation_loss;
    let validation = validation.map_or(String::new(), |loss| format!(", validation {loss:.4}"));
    let (number, loss) = (epochs.len(), epoch.training_loss);
    format!("epoch {number}: loss {loss:.4}{validation}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{FusionSpec, HeadSpec, examples};
    use crate::train::dataset::Episode;
    use crate::train::rows::Rows;
    use crate::train::table::Table;

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
        let training = Training::example();
        let mut table = Table::new(1);
        let mut dataset = Dataset::new(Vec::new(), 1);
        dataset.rows.push(Vec::new());
        dataset.spans.push(Vec::new());
        dataset.since.push(None);
        for x in [0.0, 1.0, f32::MAX] {
            dataset.rows[0].push(table.push(&[x]));
            dataset.labels.push(&[x.min(1.0)]);
        }
        dataset.features.push(Rows::Memory(table));
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
        let refusal = learn(&spec, &inputs, &training, &dataset, &split, None, None);
        let text = refusal.err().expect("infinite").to_string();
        assert!(text.contains("diverged") && text.contains("0.5"), "{text}");
    }
}
