//! Which episodes are learned from and which are only measured on.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::dataset::Episode;

/// Numbers of episodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Learned from.
    pub training: Vec<usize>,
    /// Measured on.
    pub validation: Vec<usize>,
}

impl Split {
    /// Keeps `fraction` of the episodes apart, evenly over their groups. Whole episodes, because neighbouring
    /// samples are nearly the same. At least one episode is learned from.
    pub fn new(episodes: &[Episode], fraction: f64, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..episodes.len()).collect();
        order.shuffle(&mut StdRng::seed_from_u64(seed));
        order.sort_by(|a, b| episodes[*a].group.cmp(&episodes[*b].group));
        // With groups side by side, every n-th episode is an even choice, also where a group has fewer than n.
        let due = |count: usize| (count as f64 * fraction + 0.5).floor() as usize;
        let mut split = Self {
            training: Vec::new(),
            validation: Vec::new(),
        };
        for (i, episode) in order.into_iter().enumerate() {
            let last_hope = split.training.is_empty() && i + 1 == episodes.len();
            match due(i + 1) > due(i) && !last_hope {
                true => split.validation.push(episode),
                false => split.training.push(episode),
            }
        }
        split.training.sort_unstable();
        split.validation.sort_unstable();
        split
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episodes(groups: usize, each: usize) -> Vec<Episode> {
        (0..groups * each)
            .map(|i| Episode {
                samples: i..i + 1,
                changes: vec![],
                group: vec![(i % groups) as u32],
                recording: 0,
            })
            .collect()
    }

    #[test]
    fn every_episode_is_on_one_side_and_every_group_gives_its_part() {
        let episodes = episodes(5, 20);
        let split = Split::new(&episodes, 0.1, 7);
        let mut all = [split.training.clone(), split.validation.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        for group in 0..5 {
            let kept = split.validation.iter().filter(|e| **e % 5 == group).count();
            assert_eq!(kept, 2, "group {group}");
        }
    }

    #[test]
    fn groups_smaller_than_the_fraction_still_add_up() {
        let split = Split::new(&episodes(40, 5), 0.1, 7);
        assert_eq!(split.validation.len(), 20);
    }

    #[test]
    fn the_seed_decides() {
        let episodes = episodes(2, 50);
        let split = |seed| Split::new(&episodes, 0.2, seed);
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
    }

    #[test]
    fn one_episode_is_learned_from_and_no_fraction_keeps_nothing() {
        assert_eq!(Split::new(&episodes(1, 1), 0.5, 0).training, [0]);
        assert!(Split::new(&episodes(2, 9), 0.0, 0).validation.is_empty());
    }
}
