//! The sentences of an episode, which say one thing in other words until something else is meant.

use std::ops::Range;

use rand::Rng;

use super::dataset::{Dataset, Episode};
use crate::spec::PolicySpec;

/// Which samples were given sentences that mean the same.
pub struct Paraphrases {
    /// For each modality, whether it is a sentence.
    pub sentences: Vec<bool>,
    /// For each sample, the samples of its episode for which the same was meant.
    alike: Vec<Range<u32>>,
}

impl Paraphrases {
    /// Those of a dataset.
    pub fn of(spec: &PolicySpec, dataset: &Dataset) -> Self {
        let mut alike = vec![0..0; dataset.len()];
        for Range { start, end } in dataset.episodes.iter().flat_map(Episode::meanings) {
            alike[start..end].fill(start as u32..end as u32);
        }
        Self {
            sentences: spec.modalities.iter().map(|m| m.source.is_text()).collect(),
            alike,
        }
    }

    /// For each of some samples any sample of the same episode for which the same was meant.
    pub fn exchange(&self, samples: &[u32], random: &mut impl Rng) -> Vec<u32> {
        let any = |sample: &u32| random.random_range(self.alike[*sample as usize].clone());
        samples.iter().map(any).collect()
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_sample_is_told_what_was_said_in_its_own_episode_while_the_same_was_meant() {
        let mut dataset = Dataset::new(Vec::new(), 1);
        for (samples, changes) in [(0..4, vec![]), (4..9, vec![]), (9..20, vec![12, 12, 17])] {
            let group = vec![];
            dataset.episodes.push(Episode {
                samples,
                changes,
                group,
                recording: 0,
            });
        }
        for _ in 0..20 {
            dataset.labels.push(&[0.0]);
        }
        let spec: PolicySpec = serde_yaml::from_str(
            "{format: 3, name: n, modalities: [{name: m, kind: vector, names: [x], width: 1}], \
             fusion: {method: concat}, head: {kind: mlp, hidden: []}, actions: [{name: a, min: 0, max: 1}]}",
        )
        .unwrap();
        let paraphrases = Paraphrases::of(&spec, &dataset);
        assert_eq!(paraphrases.sentences, [false]);
        let mut random = StdRng::seed_from_u64(1);
        for (sample, expected) in [
            (3, 0..4),
            (8, 4..9),
            (10, 9..12),
            (12, 12..17),
            (19, 17..20),
        ] {
            let mut told = paraphrases.exchange(&[sample; 200], &mut random);
            told.sort_unstable();
            told.dedup();
            assert_eq!(told, Vec::from_iter(expected), "sample {sample}");
        }
    }
}
