//! The sentences of an episode, which say one thing in other words.

use std::ops::Range;

use rand::Rng;
use rand::rngs::StdRng;

use super::dataset::Dataset;
use crate::policy::{PolicySpec, SourceSpec};

/// Which samples were given their sentences in one episode.
pub struct Wordings {
    /// For each modality, whether it is a sentence.
    pub sentences: Vec<bool>,
    /// For each sample, the samples of its episode.
    episodes: Vec<Range<u32>>,
}

impl Wordings {
    /// Those of a dataset.
    pub fn of(spec: &PolicySpec, dataset: &Dataset) -> Self {
        let is_text = |source: &SourceSpec| matches!(source, SourceSpec::Text { .. });
        let mut episodes = vec![0..0; dataset.len()];
        for episode in &dataset.episodes {
            let Range { start, end } = episode.samples;
            episodes[start..end].fill(start as u32..end as u32);
        }
        Self {
            sentences: spec.modalities.iter().map(|m| is_text(&m.source)).collect(),
            episodes,
        }
    }

    /// For each of some samples any sample of the same episode.
    pub fn exchange(&self, samples: &[u32], random: &mut StdRng) -> Vec<u32> {
        let any = |sample: &u32| random.random_range(self.episodes[*sample as usize].clone());
        samples.iter().map(any).collect()
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::train::dataset::Episode;

    #[test]
    fn a_sample_is_told_what_was_said_in_its_own_episode() {
        let mut dataset = Dataset::new([1].into_iter(), 1);
        for samples in [0..4, 4..9] {
            let group = vec![];
            dataset.episodes.push(Episode { samples, group });
        }
        for _ in 0..9 {
            dataset.labels.push(&[0.0]);
        }
        let spec: PolicySpec = serde_yaml::from_str(
            "{format: 2, name: n, modalities: [{name: m, kind: vector, names: [x], width: 1}], \
             fusion: {method: concat}, head: {kind: mlp, hidden: []}, actions: [{name: a, min: 0, max: 1}]}",
        )
        .unwrap();
        let wordings = Wordings::of(&spec, &dataset);
        assert_eq!(wordings.sentences, [false]);
        let mut random = StdRng::seed_from_u64(1);
        let mut told = wordings.exchange(&[3; 200], &mut random);
        told.sort_unstable();
        told.dedup();
        assert_eq!(told, [0, 1, 2, 3]);
        let told = wordings.exchange(&[4, 8, 4], &mut random);
        assert!(
            told.iter().all(|sample| (4..9).contains(sample)),
            "{told:?}"
        );
    }
}
