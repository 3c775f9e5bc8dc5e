//! Batches of what is learned from, gathered from wherever the features are.

use candle_core::{Device, Tensor};
use rand::Rng;

use super::dataset::Dataset;
use super::failure::Failure;
use super::model::Batch;
use super::normalizer::Normalizer;
use super::paraphrases::Paraphrases;
use super::picks::Picks;
use super::training_input::TrainingInput;
use crate::spec::PolicySpec;

/// Gathers the batches of one training.
pub struct Batches<'a> {
    dataset: &'a Dataset,
    /// How labels are distributed.
    pub action: Normalizer,
    /// Which sentences mean the same.
    pub paraphrases: Paraphrases,
    /// For each modality, how many features of altered copies follow a feature.
    copies: Vec<usize>,
}

impl<'a> Batches<'a> {
    /// Of these samples, the labels of which are distributed as `action` says.
    pub fn new(
        spec: &PolicySpec,
        inputs: &[TrainingInput],
        dataset: &'a Dataset,
        action: Normalizer,
    ) -> Self {
        Self {
            dataset,
            action,
            paraphrases: Paraphrases::of(spec, dataset),
            copies: inputs.iter().map(|input| input.copies).collect(),
        }
    }

    /// Some samples, with nothing left out; `told` are the samples that they have their sentences from. With `picks` their
    /// messages are as late as any latency of the range makes them, and their pictures any of those encoded, altered
    /// or not; otherwise all is as the node would have seen it.
    ///
    /// # Errors
    /// Features that cannot be read.
    pub fn gather(
        &self,
        samples: &[u32],
        told: &[u32],
        mut picks: Option<&mut Picks>,
    ) -> Result<Batch, Failure> {
        let rows = self.dataset.rows.iter().enumerate();
        let rows = rows.map(|(i, rows)| {
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
            rows.collect()
        });
        let rows: Vec<Vec<usize>> = rows.collect();
        let features = (0..rows.len()).map(|i| self.of_rows(i, &rows));
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
            features: features.collect::<Result<_, Failure>>()?,
            presence: None,
            standardized: Tensor::from_vec(
                standardized,
                (samples.len(), self.dataset.labels.width()),
                &Device::Cpu,
            )?,
            labels,
        })
    }

    /// What these rows of all modalities say of one, as `[rows, width]`.
    fn of_rows(&self, modality: usize, rows: &[Vec<usize>]) -> Result<Tensor, Failure> {
        let (count, width) = (rows[modality].len(), self.dataset.width(modality));
        let mut values = vec![0.0; count * width];
        for (sample, into) in values.chunks_exact_mut(width).enumerate() {
            let row_of = |modality: usize| rows[modality][sample];
            self.dataset.read(modality, row_of, into)?;
        }
        Ok(Tensor::from_vec(values, (count, width), &Device::Cpu)?)
    }

    /// Which modalities are there in each of so many samples, where each is left out with this probability; never are all.
    ///
    /// # Errors
    /// What candle says about its memory.
    pub fn presence(
        &self,
        samples: usize,
        dropout: f64,
        random: &mut impl Rng,
    ) -> candle_core::Result<Option<Vec<Tensor>>> {
        let count = self.dataset.features.len();
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
        Ok(Some(tensors.collect::<candle_core::Result<_>>()?))
    }
}
